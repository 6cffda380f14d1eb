//! What the cache of steps holds, and what a run would find in it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::document::{pretty, value};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::span;
use crate::domain::cache::entry::Kind;
use crate::domain::cache::reason::Miss;
use crate::domain::cache::wording::ago;
use crate::domain::id::{RunId, StepId, ToolId, WorkstreamId};
use crate::domain::text::{clip, count, one_line};
use crate::ops::cache::why::{Foretold, StepWhy};
use crate::ops::cache::{Listed, Listing};

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// How many digits of a key are shown to people.
const SHORT: usize = 12;
/// The most characters of a reason in a table.
const MAX_REASON: usize = 160;

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    entries: Vec<Value>,
}

#[derive(Serialize)]
struct One<'a> {
    key: String,
    kind: Kind,
    workstream: Option<&'a str>,
    step: &'a str,
    attempt: u32,
    tool: Option<&'a ToolId>,
    run: RunId,
    at: Timestamp,
    expires: Timestamp,
    expired: bool,
    files: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct Cleared {
    schema_version: u32,
    removed: usize,
}

#[derive(Serialize)]
struct Whys {
    schema_version: u32,
    steps: Vec<Value>,
}

#[derive(Serialize)]
struct Why<'a> {
    workstream: &'a WorkstreamId,
    step: &'a StepId,
    tool: Option<&'a ToolId>,
    hit: bool,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    miss: Option<&'a Miss>,
}

/// Returns the entries as one JSON document.
#[must_use]
pub fn json(listing: &Listing) -> String {
    let one = |listed: &'_ Listed| -> Value {
        let Listed { entry, bytes } = listed;
        let source = &entry.source;
        value(&One {
            key: entry.components.key(),
            kind: entry.kind,
            workstream: source.workstream.as_deref(),
            step: &source.step,
            attempt: source.attempt,
            tool: source.tool.as_ref(),
            run: source.run,
            at: entry.at,
            expires: entry.expires,
            expired: entry.is_expired(listing.now),
            files: entry.changes.len(),
            bytes: *bytes,
        })
    };
    pretty(&Document { schema_version: SCHEMA_VERSION, entries: listing.entries.iter().map(one).collect() })
}

/// Returns the entries as a table.
#[must_use]
pub fn human(listing: &Listing) -> Styled {
    let mut out = Styled::default();
    if listing.entries.is_empty() {
        out.add("the cache is empty").line();
        return out;
    }
    let columns = [("key", Side::Left), ("workstream", Side::Left), ("step", Side::Left), ("run", Side::Left), ("kept", Side::Left)];
    let more = [("expires", Side::Left), ("files", Side::Right), ("bytes", Side::Right)];
    let mut table = Table::new(&[columns.as_slice(), &more].concat());
    for Listed { entry, bytes } in &listing.entries {
        let source = &entry.source;
        let is_expired = entry.is_expired(listing.now);
        let left = span(entry.expires.duration_since(listing.now).as_secs_f64().max(0.0));
        let number = |n: u64| if entry.kind == Kind::Change { Styled::plain(n.to_string()) } else { Styled::default() };
        table.row(vec![
            Styled::of(Role::Faint, &entry.components.key()[..SHORT]),
            Styled::plain(one_line(source.workstream.as_deref().unwrap_or(""))),
            Styled::plain(if entry.kind == Kind::Gate { format!("gate {}", source.step) } else { source.step.clone() }),
            Styled::plain(source.run.to_string()),
            Styled::plain(ago(entry.at, listing.now)),
            if is_expired { Styled::of(Role::Faint, "expired") } else { Styled::plain(format!("in {left}")) },
            number(entry.changes.len() as u64),
            number(*bytes),
        ]);
    }
    out.append(table.finish());
    out
}

/// Returns what was taken out, as one JSON document.
#[must_use]
pub fn cleared_json(removed: usize) -> String {
    pretty(&Cleared { schema_version: SCHEMA_VERSION, removed })
}

/// Returns what was taken out, for people.
#[must_use]
pub fn cleared(removed: usize) -> Styled {
    let mut out = Styled::default();
    out.add(format!("{} taken out of the cache", count(removed, "result"))).line();
    out
}

fn said(foretold: &Foretold) -> String {
    match foretold {
        Foretold::Hit(message) => message.clone(),
        Foretold::Miss(miss) => miss.to_string(),
    }
}

/// Returns what a run would find, as one JSON document.
#[must_use]
pub fn why_json(found: &[StepWhy]) -> String {
    let one = |step: &'_ StepWhy| {
        let miss = match &step.foretold {
            Foretold::Hit(_) => None,
            Foretold::Miss(miss) => Some(miss),
        };
        value(&Why {
            workstream: &step.workstream,
            step: &step.step,
            tool: step.tool.as_ref(),
            hit: miss.is_none(),
            message: said(&step.foretold),
            miss,
        })
    };
    pretty(&Whys { schema_version: SCHEMA_VERSION, steps: found.iter().map(one).collect() })
}

/// Returns what a run would find, for people.
#[must_use]
pub fn why(found: &[StepWhy]) -> Styled {
    let mut table =
        Table::new(&[("workstream", Side::Left), ("step", Side::Left), ("tool", Side::Left), ("", Side::Left), ("why", Side::Left)]);
    for step in found {
        let is_hit = matches!(step.foretold, Foretold::Hit(_));
        table.row(vec![
            Styled::plain(step.workstream.to_string()),
            Styled::plain(step.step.to_string()),
            Styled::plain(step.tool.as_ref().map(ToString::to_string).unwrap_or_default()),
            if is_hit { Styled::of(Role::Good, "cached") } else { Styled::of(Role::Strong, "runs") },
            Styled::of(Role::Faint, clip(&one_line(&said(&step.foretold)), MAX_REASON)),
        ]);
    }
    let mut out = table.finish();
    let hits = found.iter().filter(|step| matches!(step.foretold, Foretold::Hit(_))).count();
    out.line().add(format!("{hits} of {} in the cache", count(found.len(), "step"))).line();
    out
}
