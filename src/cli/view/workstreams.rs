//! Workstreams: a list, all that is known of one, and what became of a new one.

use jiff::tz::TimeZone;
use serde_json::json;

use super::document::{fields, pretty};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::date;
use crate::domain::report::log_line::outcome_word;
use crate::domain::text::{clip, one_line};
use crate::ops::workstream::{Created, Known, Listing};

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// The most characters of a list of texts in a table.
const MAX_TEXT: usize = 50;

/// Returns what became of a new workstream.
#[must_use]
pub fn created(created: &Created) -> Styled {
    let mut out = Styled::of(Role::Good, "created ");
    out.add(format!("{} in {}", created.id, created.plan)).line();
    if let Some(entry) = created.entry {
        out.put(Role::Faint, format!("checkpoint {entry}, plan {}", clip(&created.digest, 13))).line();
    }
    out
}

/// Returns the same as one JSON document.
#[must_use]
pub fn created_json(created: &Created) -> String {
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "workstream": created.id,
        "plan": created.plan,
        "plan_digest": created.digest,
        "entry": created.entry,
        "diff": created.diff,
        "notes": created.notes,
    }))
}

/// Returns a list as a table.
#[must_use]
pub fn list(listing: &Listing) -> Styled {
    let left = |name| (name, Side::Left);
    let right = |name| (name, Side::Right);
    let mut table = Table::new(&[
        left("workstream"),
        right("wave"),
        left("state"),
        left("tool"),
        right("attempts"),
        right("patches"),
        left("depends on"),
        left("scope"),
        left("reason"),
    ]);
    for row in &listing.rows {
        let depends_on: Vec<&str> = row.depends_on.iter().map(|id| id.as_str()).collect();
        let number = |count: usize| if listing.run.is_some() { count.to_string() } else { String::new() };
        table.row(vec![
            Styled::of(Role::Strong, row.id.as_str()),
            Styled::plain(row.wave.to_string()),
            Styled::plain(row.state.replace('_', " ")),
            Styled::plain(&row.tool),
            Styled::plain(number(row.attempts as usize)),
            Styled::plain(number(row.patches)),
            Styled::plain(clip(&depends_on.join(", "), MAX_TEXT)),
            Styled::plain(clip(&one_line(&row.files_scope.join(", ")), MAX_TEXT)),
            Styled::plain(clip(&one_line(row.reason.as_deref().unwrap_or_default()), MAX_TEXT)),
        ]);
    }
    table.finish()
}

/// Returns a list as one JSON document.
#[must_use]
pub fn list_json(listing: &Listing) -> String {
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "plan": listing.plan,
        "run": listing.run,
        "workstreams": listing.rows,
    }))
}

/// Adds a line `name  text`, when there is a text.
fn field(out: &mut Styled, name: &str, text: &str) {
    if !text.is_empty() {
        out.put(Role::Faint, format!("{name:<10} ")).add(one_line(text)).line();
    }
}

/// Returns all that is known of a workstream.
#[must_use]
pub fn known(known: &Known, zone: &TimeZone) -> Styled {
    let (mut out, row) = (Styled::default(), &known.row);
    let depends_on: Vec<&str> = row.depends_on.iter().map(|id| id.as_str()).collect();
    field(&mut out, "workstream", row.id.as_str());
    field(&mut out, "title", row.title.as_deref().unwrap_or_default());
    field(&mut out, "plan", &known.plan);
    field(&mut out, "run", &known.run.map(|run| run.to_string()).unwrap_or_default());
    field(&mut out, "state", &row.state.replace('_', " "));
    field(&mut out, "reason", row.reason.as_deref().unwrap_or_default());
    field(&mut out, "wave", &row.wave.to_string());
    field(&mut out, "depends on", &depends_on.join(", "));
    field(&mut out, "tool", &row.tool);
    field(&mut out, "steps", &row.steps.join(", "));
    field(&mut out, "scope", &row.files_scope.join(", "));
    field(&mut out, "creates", &row.files_create.join(", "));
    field(&mut out, "forbidden", &row.files_forbid.join(", "));
    row.tasks.iter().for_each(|task| field(&mut out, "task", task));
    for attempt in &known.attempts {
        let outcome = attempt.outcome.map_or("running", outcome_word);
        field(&mut out, "attempt", &format!("{} #{} {outcome}", attempt.step, attempt.attempt));
    }
    for patch in &known.patches {
        field(&mut out, "patch", &format!("{} {} {}", patch.id, patch.commit.short(), patch.status.word()));
    }
    for checkpoint in &known.checkpoints {
        let plan = checkpoint.plan.as_ref().map(|plan| format!(" in {plan}")).unwrap_or_default();
        let who = checkpoint.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
        field(&mut out, "checkpoint", &format!("{} {} {}{plan}{who}", checkpoint.entry, date(checkpoint.ts, zone), checkpoint.event));
    }
    out
}

/// Returns the same as one JSON document.
#[must_use]
pub fn known_json(known: &Known) -> String {
    let mut document = fields(&json!({"schema_version": SCHEMA_VERSION, "plan": known.plan, "run": known.run}));
    document.extend(fields(&known.row));
    document.extend(fields(&json!({
        "attempt_list": known.attempts,
        "patch_list": known.patches,
        "checkpoints": known.checkpoints,
    })));
    pretty(&document)
}
