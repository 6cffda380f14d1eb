//! `cost`: what attempts of tools cost, as the ledger tells it.

use std::ops::ControlFlow;

use bstr::ByteSlice as _;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::report::cost::{CostLine, CostQuestion, CostReport, Grouping, cost_report};
use crate::domain::run::event::Event;
use crate::domain::run::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};
use crate::ops::load::load_state;

/// What stands in every entry that says how an attempt ended.
const KIND: &str = "step_finished";

/// What stands in the first entry of a run, before which none of its entries is.
const FIRST: &str = "run_planned";
/// The zone where days do not matter.
static ANY_ZONE: TimeZone = TimeZone::UTC;

/// The error of adding up costs.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Which runs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// This one; the newest without a name.
    One(Option<&'a str>),
    /// All of them.
    All,
}

/// The costs of a run, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    /// The run, when only one counts.
    pub run: Option<RunId>,
    /// What it cost.
    pub report: CostReport,
    /// The workstreams of the run whose work was undone later; what they cost was spent all the same.
    pub reverted: Vec<WorkstreamId>,
}

impl Costs {
    /// Returns the document of `git orc cost --json`.
    #[must_use]
    pub fn document(&self) -> Map<String, Value> {
        let mut document = if let Value::Object(map) = json!(self.report) { map } else { Map::new() };
        document.insert("run".to_owned(), json!(self.run));
        if !self.reverted.is_empty() {
            document.insert("reverted".to_owned(), json!(self.reverted));
        }
        document
    }
}

/// Returns what attempts cost.
///
/// # Errors
/// Returns [`CostError`] when there is no such run or the ledger can not be read.
pub fn cost(cx: &Context, which: Which<'_>, question: &CostQuestion<'_>) -> Result<Costs, CostError> {
    let ledger = cx.ledger();
    let run = match which {
        Which::One(text) => Some(find_run(&ledger, text)?),
        Which::All => None,
    };
    let entries = ended(&ledger, run)?;
    let state = run.and_then(|run| load_state(&ledger, run).ok());
    Ok(Costs { run, report: cost_report(&entries, question), reverted: reverted(state.as_ref()) })
}

/// Returns the workstreams whose work was undone; none of a run that can not be brought back.
#[must_use]
pub fn reverted(state: Option<&RunState>) -> Vec<WorkstreamId> {
    let is_reverted = |one: &WorkstreamState| matches!(one.status, WorkstreamStatus::Reverted { .. });
    let all = state.iter().flat_map(|state| &state.workstreams);
    all.filter(|(_, one)| is_reverted(one)).map(|(id, _)| id.clone()).collect()
}

/// Returns what a run cost, as far as that is known.
///
/// # Errors
/// Returns [`LedgerError`] when the ledger can not be read.
pub fn total(cx: &Context, run: RunId) -> Result<CostLine, LedgerError> {
    Ok(cost_report(&ended(&cx.ledger(), Some(run))?, &plain_question(cx)).total)
}

/// Returns what a workstream cost, as far as that is known, from the entries of its run.
#[must_use]
pub fn of_workstream(cx: &Context, entries: &[Entry], id: &WorkstreamId) -> CostLine {
    let report = cost_report(entries, &CostQuestion { by: Grouping::Workstream, ..plain_question(cx) });
    report.rows.into_iter().find(|row| row.name == id.as_str()).unwrap_or_default()
}

/// Returns a question whose days do not matter.
fn plain_question(cx: &Context) -> CostQuestion<'_> {
    CostQuestion { by: Grouping::Tool, zone: &ANY_ZONE, since: None, own: &cx.settings.prices.value }
}

/// Returns the entries that say how attempts ended, and perhaps others, oldest first; of one run, or of all.
pub(super) fn ended(ledger: &LedgerRef, run: Option<RunId>) -> Result<Vec<Entry>, LedgerError> {
    let mut entries = Vec::new();
    let Some(tip) = ledger.tip()? else { return Ok(entries) };
    let name = run.map(|run| run.to_string());
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for two words.
        let is_named = name.as_ref().is_none_or(|name| commit.message.contains_str(name));
        let is_wanted = commit.message.contains_str(KIND) || (run.is_some() && commit.message.contains_str(FIRST));
        if !is_named || !is_wanted {
            return ControlFlow::Continue(());
        }
        let Some(entry) = codec::from_message(&commit.message).ok().filter(|entry| run.is_none_or(|run| entry.run == run)) else {
            return ControlFlow::Continue(());
        };
        let is_first = run.is_some() && matches!(entry.event(), Some(Event::RunPlanned(_)));
        entries.push(entry);
        if is_first { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    entries.reverse();
    Ok(entries)
}
