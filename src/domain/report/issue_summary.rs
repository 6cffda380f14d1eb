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
            one_line(&record.message),
            count(record.attempts as usize, "attempt"),
            record.fixes,
            record.duration_ms / 1_000,
            record.duration_ms % 1_000 / 100,
            record.ts,
        );
        for issue in &record.issues {
            let place = issue.path.as_ref().map(|path| format!(" in `{}`", one_line(path))).unwrap_or_default();
            let _ = writeln!(text, "- `{}`{place}: {}", one_line(&issue.kind), one_line(&issue.message));
        }
    }
    text
}
