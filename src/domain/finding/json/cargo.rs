//! Cargo's JSON messages (`--message-format=json`), one object per line, with rustc's and clippy's diagnostics inside.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::finding::draft::{CheckOutput, Draft, Place};
use crate::domain::finding::model::{End, FindingKind, Level};

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
    #[serde(default)]
    line_end: u32,
    #[serde(default)]
    column_end: u32,
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

pub(super) fn is(document: &Value) -> bool {
    document.get("reason").is_some_and(Value::is_string)
}

/// Reads the compiler's messages; cargo tells of artifacts and tests as well.
pub(super) fn read(documents: &[&Value], _: &CheckOutput<'_>) -> Result<Vec<Draft>, String> {
    let messages = documents.iter().filter(|message| message["reason"] == "compiler-message");
    let diagnostics = messages.map(|message| Diagnostic::deserialize(&message["message"]).map(draft));
    let drafts: Result<Vec<_>, _> = diagnostics.collect();
    Ok(drafts.map_err(|error| error.to_string())?.into_iter().flatten().collect())
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
    let end = (span.line_end > 0).then_some(End { line: span.line_end, column: Some(span.column_end) });
    Place { end, ..Place::new(&span.file_name, span.line_start, Some(span.column_start)) }
}
