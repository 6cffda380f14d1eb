//! Findings as `git orc detect --json` writes them, read again.

use serde::Deserialize;
use serde_json::Value;

use super::model::Finding;

/// Returns the findings of a document of `git orc detect --json`; nothing when the text is something else.
///
/// # Errors
/// The inner error is a sentence about a document whose findings can not be read.
#[must_use]
pub fn parse(text: &str) -> Option<Result<Vec<Finding>, String>> {
    let document: Value = serde_json::from_str(text).ok()?;
    let findings = document.get("findings").filter(|_| document.get("schema_version").is_some_and(Value::is_u64))?;
    Some(Vec::<Finding>::deserialize(findings).map_err(|error| error.to_string()))
}
