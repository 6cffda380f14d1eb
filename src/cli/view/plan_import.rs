//! What became of a plan that was imported.

use serde_json::json;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::import::losses::Fate;
use crate::domain::text::{count, one_line};
use crate::ops::import::Made;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Returns what became of it, key by key.
#[must_use]
pub fn told(made: &Made) -> Styled {
    let mut out = Styled::default();
    for one in &made.imported.losses {
        let role = match one.fate {
            Fate::Mapped => Role::Faint,
            Fate::Kept => Role::Plain,
            Fate::Lost => Role::Caution,
            Fate::Refused => Role::Bad,
        };
        out.put(Role::Faint, format!("{}:{}:{}: ", one_line(&one.file), one.line, one.column));
        out.put(role, one.fate.name()).add(format!(" {}: {}", one.key, one_line(&one.note))).line();
    }
    let workstreams = count(made.imported.records.workstreams.len(), "workstream");
    out.add(format!("{}: {workstreams}", made.imported.kind.name()));
    match &made.path {
        Some(path) => out.add(format!(", written to {}", path.display())).line(),
        None => out.line(),
    };
    out
}

/// Returns the same as one JSON document.
#[must_use]
pub fn json(made: &Made) -> String {
    let mut plan = made.imported.records.frame.clone();
    plan.insert("workstreams".to_owned(), json!(made.imported.records.workstreams));
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "format": made.imported.kind,
        "valid": made.is_valid,
        "refused": made.imported.is_refused,
        "losses": made.imported.losses,
        "diagnostics": made.diagnostics,
        "plan": plan,
        "path": made.path.as_ref().map(|path| path.display().to_string()),
    }))
}
