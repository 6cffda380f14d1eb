//! The last resort: a check failed and nobody understood why, so its last lines are the finding.

use super::draft::{CheckOutput, Draft};
use super::model::{FindingKind, Level};

const LAST_LINES: usize = 20;

/// Returns one finding with the exit code and the last lines of the output.
pub(super) fn unparsed(check: &CheckOutput<'_>) -> Draft {
    let lines: Vec<&str> = check.text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    let head = head(check);
    finding(check, if last.is_empty() { format!("{head} and printed nothing") } else { format!("{head}; its last lines:\n{last}") })
}

/// Returns one finding about a check that failed although its report names no error.
pub(super) fn unexplained(check: &CheckOutput<'_>) -> Draft {
    finding(check, format!("{}, and its report names no error", head(check)))
}

fn head(check: &CheckOutput<'_>) -> String {
    let command = check.command.join(" ");
    match check.exit {
        Some(code) => format!("`{command}` ended with exit code {code}"),
        None => format!("nothing in the output of `{command}` was understood"),
    }
}

fn finding(check: &CheckOutput<'_>, message: String) -> Draft {
    let source = check.program().to_owned();
    Draft { source, kind: FindingKind::Unparsed, level: Level::Error, rule: None, message, place: None }
}
