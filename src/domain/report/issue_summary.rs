//! The summary of what a run gave up, as Markdown.

use std::fmt::Write as _;

use super::issues::IssueRecord;
use crate::domain::id::{RunId, ToolId};
use crate::domain::text::{count, one_line};

/// Returns the summary of the records of a run.
#[must_use]
pub fn summary(run: RunId, records: &[&IssueRecord]) -> String {
    let mut text = format!("# What run {run} gave up\n");
    for record in records {
        let tools = record.tools.iter().map(ToolId::as_str).collect::<Vec<_>>().join(", ");
        let by = if tools.is_empty() { String::new() } else { format!(" by {tools}") };
        // Writing to a string can not fail.
        let _ = write!(
            text,
            "\n## {}: {}\n\n{}\n\n{}{by}, {} of them FIX steps, {}.{:01} s, {}\n\n",
            record.workstream,
            record.step,
            prose(&record.message),
            count(record.attempts as usize, "attempt"),
            record.fixes,
            record.duration_ms / 1_000,
            record.duration_ms % 1_000 / 100,
            record.ts,
        );
        for issue in &record.issues {
            let place = issue.path.as_ref().map(|path| format!(" in {}", code(path))).unwrap_or_default();
            let _ = writeln!(text, "- {}{place}: {}", code(&issue.kind), prose(&issue.message));
        }
    }
    text
}

/// Returns what a tool said as one line of Markdown that says no more than that: no link, no picture, no HTML.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '!' | '&' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Returns a name as code, where nothing in it can end that.
fn code(text: &str) -> String {
    if text.contains('`') { prose(text) } else { format!("`{}`", one_line(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_says_is_no_markdown() {
        let check = |text: &str, expect: &str| assert_eq!(prose(text), expect);
        check("plain_words, 3 of 4.", "plain_words, 3 of 4.");
        check("![x](http://a) <img src=y>\n# z", "\\!\\[x\\](http://a) \\<img src=y\\>\\\\n\\# z");
        assert_eq!((code("a b").as_str(), code("a`<b>").as_str()), ("`a b`", "a\\`\\<b\\>"));
    }
}
