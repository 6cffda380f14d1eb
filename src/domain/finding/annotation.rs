//! Workflow commands: `::error file=a.c,line=3,col=5,title=T::message`, which tools print for GitHub.

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{End, FindingKind, Level};

/// Reads every line that is an error, a warning or a notice.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    Reading::of_lines(check.text.lines().filter_map(|line| draft(check, line)).collect())
}

fn draft(check: &CheckOutput<'_>, line: &str) -> Option<Draft> {
    let (head, message) = line.strip_prefix("::")?.split_once("::")?;
    let (word, properties) = head.split_once(' ').unwrap_or((head, ""));
    let level = match word {
        "error" => Level::Error,
        "warning" => Level::Warning,
        "notice" => Level::Note,
        _ => return None,
    };
    let value = |name: &str| {
        let found = properties.split(',').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(decoded(found)).filter(|text| !text.is_empty())
    };
    let number = |name: &str| value(name)?.parse::<u32>().ok();
    let place = value("file").map(|file| {
        let line = number("line").unwrap_or(1);
        let end = number("endLine").or_else(|| number("endColumn").map(|_| line)).map(|end| End { line: end, column: number("endColumn") });
        Place { end, ..Place::new(file, line, number("col")) }
    });
    let source = check.program().to_owned();
    Some(Draft { source, kind: FindingKind::Lint, level, rule: value("title"), message: decoded(message), place })
}

/// Returns the text with the characters that a command can not hold.
fn decoded(text: &str) -> String {
    text.replace("%0D", "").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let check = |line: &str, expect: Option<(Level, &str, &str)>| {
            let command = ["tool".to_owned()];
            let drafts = read(&CheckOutput { command: &command, exit: Some(1), text: line }).drafts;
            let seen = drafts.first().map(|draft| {
                let place = draft.place.as_ref().map_or(String::new(), |p| format!("{}:{}:{:?}:{:?}", p.path, p.line, p.column, p.end));
                (draft.level, format!("{place} {}", draft.rule.as_deref().unwrap_or("-")), draft.message.clone())
            });
            assert_eq!(seen, expect.map(|(level, place, message)| (level, place.to_owned(), message.to_owned())), "{line}");
        };
        check("::error file=a%2Cb.c,line=3,col=5,title=E1::no%0Away", Some((Level::Error, "a,b.c:3:Some(5):None E1", "no\nway")));
        let end = "a.c:3:None:Some(End { line: 4, column: Some(2) }) -";
        check("::warning file=a.c,line=3,endLine=4,endColumn=2::hm", Some((Level::Warning, end, "hm")));
        check("::notice::100%25", Some((Level::Note, " -", "100%")));
        check("::group::x", None);
        check("std::error::Error", None);
        check("::error", None);
    }
}
