//! The list of runs.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::document::pretty;
use super::state::run_role;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::date;
use crate::domain::id::{ObjectId, RunId};
use crate::domain::text::{clip, one_line};
use crate::ops::status::{Listed, is_interrupted};

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    runs: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    run: RunId,
    name: &'a str,
    state: &'static str,
    interrupted: bool,
    reason: Option<&'a str>,
    target: &'a str,
    tip: ObjectId,
    workstreams: usize,
    merged: usize,
    started: Option<jiff::Timestamp>,
    updated: Option<jiff::Timestamp>,
}

/// Returns the list as a table.
#[must_use]
pub fn human(all: &[Listed], zone: &TimeZone) -> Styled {
    if all.is_empty() {
        return Styled::default();
    }
    let columns = [("run", Side::Left), ("plan", Side::Left), ("state", Side::Left), ("merged", Side::Right)];
    let mut table = Table::new(&[columns.as_slice(), &[("started", Side::Left), ("target", Side::Left), ("reason", Side::Left)]].concat());
    for Listed { head, driver } in all {
        let state = if is_interrupted(head.status, driver.as_ref()) {
            Styled::of(Role::Caution, "interrupted")
        } else {
            Styled::of(run_role(head.status), head.status.word())
        };
        table.row(vec![
            Styled::plain(head.run.to_string()),
            Styled::plain(&head.name),
            state,
            Styled::plain(format!("{}/{}", head.merged, head.workstreams)),
            Styled::plain(head.started.map(|time| date(time, zone)).unwrap_or_default()),
            Styled::plain(&head.target),
            Styled::plain(clip(&one_line(head.reason.as_deref().unwrap_or_default()), 60)),
        ]);
    }
    table.finish()
}

/// Returns the list as one JSON document.
#[must_use]
pub fn json(all: &[Listed]) -> String {
    let runs = all
        .iter()
        .map(|Listed { head, driver }| One {
            run: head.run,
            name: &head.name,
            state: head.status.word(),
            interrupted: is_interrupted(head.status, driver.as_ref()),
            reason: head.reason.as_deref(),
            target: &head.target,
            tip: head.tip,
            workstreams: head.workstreams,
            merged: head.merged,
            started: head.started,
            updated: head.updated,
        })
        .collect();
    pretty(&Document { schema_version: SCHEMA_VERSION, runs })
}
