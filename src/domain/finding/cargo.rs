//! Cargo's JSON messages (`--message-format=json`), one object per line, with rustc's and clippy's diagnostics inside.

use serde::Deserialize;

use super::draft::{CheckOutput, Draft, Place};
use super::model::{FindingKind, Level};

#[derive(Deserialize)]
struct Message {
    reason: String,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    code: Option<Code>,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Child>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

#[derive(Deserialize)]
struct Child {
    message: String,
    level: String,
}

/// Reads every line that is a compiler message; other lines are left to other readers.
pub(super) fn read(check: &CheckOutput<'_>) -> Vec<Draft> {
    let messages = check.text.lines().filter(|line| line.starts_with("{\"reason\":"));
    messages
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-message")
        .filter_map(|message| draft(message.message?))
        .collect()
}

fn draft(diagnostic: Diagnostic) -> Option<Draft> {
    let rule = diagnostic.code.map(|code| code.code);
    let level = match diagnostic.level.as_str() {
        "warning" => Level::Warning,
        "note" | "help" => Level::Note,
        // "For more information about this error, try ..." says nothing about the code.
        "failure-note" => return None,
        _ => Level::Error,
    };
    let place = diagnostic.spans.iter().find(|span| span.is_primary).map(place);
    // "aborting due to 2 previous errors" and "1 warning emitted" only count what was said before.
    if place.is_none() && rule.is_none() && (diagnostic.message.contains("due to ") || diagnostic.message.ends_with("emitted")) {
        return None;
    }
    let is_clippy = rule.as_deref().is_some_and(|rule| rule.starts_with("clippy::"));
    let is_lint = is_clippy || rule.as_deref().is_some_and(|rule| !is_error_code(rule));
    let help = diagnostic.children.iter().filter(|child| child.level == "help").take(3);
    let message = help.fold(diagnostic.message, |text, child| format!("{text}\nhelp: {}", child.message));
    Some(Draft {
        source: if is_clippy { "clippy" } else { "rustc" }.to_owned(),
        kind: if is_lint { FindingKind::Lint } else { FindingKind::Compile },
        level,
        rule,
        message,
        place,
    })
}

fn is_error_code(rule: &str) -> bool {
    rule.strip_prefix('E').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns the place of a span; for a macro of another crate the place where it is used.
fn place(span: &Span) -> Place {
    let mut span = span;
    while let (true, Some(expansion)) = (span.file_name.starts_with(['/', '<']), &span.expansion) {
        span = &expansion.span;
    }
    Place { path: span.file_name.clone(), line: span.line_start, column: Some(span.column_start) }
}
