//! The frame of every JSON document: one line per document, a version, a line break at the end.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::text::json;

/// Returns a document as pretty JSON. What can not be JSON, which none of ours is, becomes an object that says so.
#[must_use]
pub fn pretty(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|error| refused(&error));
    // JSON lets controls beyond ASCII and characters that turn the order of letters stand as they are; a terminal acts on them.
    json(&text) + "\n"
}

/// Returns a value as JSON, to be put into a document.
#[must_use]
pub fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_else(|error| Value::String(error.to_string()))
}

/// Returns the fields of a value that is an object.
#[must_use]
pub fn fields(part: &impl Serialize) -> Map<String, Value> {
    match value(part) {
        Value::Object(map) => map,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Map::from_iter([("value".to_owned(), other)])
        }
    }
}

fn refused(error: &serde_json::Error) -> String {
    Value::Object(Map::from_iter([("error".to_owned(), Value::String(error.to_string()))])).to_string()
}
