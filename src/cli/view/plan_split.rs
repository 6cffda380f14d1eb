//! What became of a plan whose workstreams were too large.

use std::path::Path;

use serde_json::json;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::decompose::split::Excess;
use crate::domain::text::{count, one_line};
use crate::ops::split::Outcome;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Returns what is too large.
#[must_use]
pub fn check(found: &[Excess]) -> Styled {
    let mut out = Styled::default();
    for one in found {
        out.put(Role::Strong, &one.workstream).add(": ").add(excess(one)).line();
    }
    if found.is_empty() {
        out.put(Role::Good, "Nothing is too large.").line();
    }
    out
}

fn excess(one: &Excess) -> String {
    let part = |found: usize, most: usize, noun: &str| (found > most).then(|| format!("{} of at most {most}", count(found, noun)));
    let parts: Vec<String> = part(one.files, one.max_files, "file").into_iter().chain(part(one.tasks, one.max_tasks, "task")).collect();
    parts.join(", ")
}

/// Returns what is too large as one JSON document.
#[must_use]
pub fn check_json(found: &[Excess]) -> String {
    pretty(&json!({"schema_version": SCHEMA_VERSION, "exceeding": found}))
}

/// Returns what was done.
#[must_use]
pub fn told(outcome: &Outcome, path: Option<&Path>) -> Styled {
    let (mut out, split) = (Styled::default(), &outcome.split);
    for one in &split.taken {
        let parts: Vec<String> = one.parts.iter().map(|part| format!("{} ({})", part.id, count(part.files.len(), "file"))).collect();
        out.put(Role::Strong, &one.workstream).add(format!(" is taken apart: {}", parts.join(", "))).line();
    }
    for (id, reason) in &split.left {
        out.put(Role::Caution, format!("{id} is too large and stays: {}", one_line(reason))).line();
    }
    for one in &split.inferred {
        let what = if one.is_circular { "would depend on, in a circle, and does not:" } else { "depends on" };
        out.add(format!("{} {what} {}", one.workstream, one.depends_on)).line();
    }
    for (id, priority) in &split.priorities {
        out.add(format!("{id} gets the priority {priority}")).line();
    }
    if !split.is_changed() {
        out.put(Role::Good, "Nothing is to be changed.").line();
    }
    if let Some(path) = path {
        out.add(format!("written to {}", path.display())).line();
    }
    out
}

/// Returns the same as one JSON document.
#[must_use]
pub fn json(outcome: &Outcome, path: Option<&Path>) -> String {
    let mut plan = outcome.records.frame.clone();
    plan.insert("workstreams".to_owned(), json!(outcome.records.workstreams));
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "changed": outcome.split.is_changed(),
        "split": outcome.split,
        "plan": plan,
        "notes": outcome.notes,
        "path": path.map(|path| path.display().to_string()),
    }))
}
