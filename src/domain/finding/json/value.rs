//! What the values of reports mean: levels and places.

use serde_json::Value;

use crate::domain::finding::draft::Place;
use crate::domain::finding::model::{End, Level};

/// Returns the level that a tool's word, or number, stands for.
pub(in crate::domain::finding) fn level(value: &Value) -> Option<Level> {
    // eslint counts.
    if let Some(number) = value.as_u64() {
        return Some(if number >= 2 { Level::Error } else { Level::Warning });
    }
    Some(match value.as_str()?.to_ascii_lowercase().as_str() {
        "error" | "high" | "critical" | "blocker" | "fatal" | "fatal error" | "failure" | "major" => Level::Error,
        "warning" | "warn" | "medium" | "moderate" | "minor" | "style" | "convention" | "refactor" => Level::Warning,
        "info" | "information" | "informational" | "note" | "notice" | "low" | "hint" | "none" | "undefined" => Level::Note,
        _ => return None,
    })
}

/// Returns a place from what a document gives; a file without a line is meant as a whole.
pub(in crate::domain::finding) fn place(path: &str, [line, column, end_line, end_column]: [Option<u64>; 4]) -> Place {
    let number = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    let line = number(line).unwrap_or(1);
    let end = number(end_line).or_else(|| number(end_column).map(|_| line)).map(|end| End { line: end, column: number(end_column) });
    Place { end, ..Place::new(path, line, number(column)) }
}
