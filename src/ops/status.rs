//! `status`: where a run stands, and whether somebody works on it.

use std::ops::ControlFlow;

use bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::domain::id::RunId;
use crate::domain::ledger::codec;
use crate::domain::report::cost::CostLine;
use crate::domain::run::event::Event;
use crate::domain::run::state::{RunState, RunStatus};
use crate::domain::workflow::view::WorkflowView;
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};
use crate::io::git::lock::{Holder, LockError, RunLock};
use crate::ops::context::Context;
use crate::ops::cost::total;
use crate::ops::done::{Waiting, waiting};
use crate::ops::find::{FindError, find_run};
use crate::ops::load::{LoadError, RunHead, load_state, runs};
use crate::ops::workflow::workflows;

/// What stands in the entries that end a run.
const ENDS: [&str; 3] = ["run_completed", "run_failed", "run_aborted"];

/// The error of asking for the state of runs.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A run can not be brought back.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The lock of a run can not be looked at.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A run and who works on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Its state.
    pub state: RunState,
    /// The process that drives it, on this machine.
    pub driver: Option<Holder>,
    /// What it cost so far.
    pub cost: CostLine,
    /// When it ended, of a run that was tended after that; else its newest entry says so.
    pub ended: Option<Timestamp>,
    /// What waits for a person to do the work, on this machine.
    pub by_hand: Vec<Waiting>,
    /// Where its pipelines of roles stand.
    pub workflows: Vec<WorkflowView>,
}

/// A run in a list, and who works on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The run.
    pub head: RunHead,
    /// The process that drives it, on this machine.
    pub driver: Option<Holder>,
}

/// Returns whether a run that calls itself running has no driver: it was killed, or another machine has it.
#[must_use]
pub fn is_interrupted(status: RunStatus, driver: Option<&Holder>) -> bool {
    driver.is_none() && matches!(status, RunStatus::Running | RunStatus::Planned)
}

/// Returns where a run stands; without a name, the newest one.
///
/// # Errors
/// Returns [`StatusError`] when there is no such run or it can not be brought back.
pub fn status(cx: &Context, run: Option<&str>) -> Result<Status, StatusError> {
    let ledger = cx.ledger();
    let run = find_run(&ledger, run)?;
    // Asked before the ledger is read: a driver that ends in between has written its last entry by then.
    let driver = driver(cx, run)?;
    let cost = total(cx, run).map_err(LoadError::Ledger)?;
    let state = load_state(&ledger, run)?;
    let by_hand = if driver.is_some() { waiting(cx, &state) } else { Vec::new() };
    let workflows = workflows(&ledger, run);
    let ended = ended(&ledger, &state).map_err(LoadError::Ledger)?;
    Ok(Status { state, driver, cost, ended, by_hand, workflows })
}

/// Returns when a run ended that was tended after that: rolled back, mended, cleaned up after.
fn ended(ledger: &LedgerRef, state: &RunState) -> Result<Option<Timestamp>, LedgerError> {
    let Some(tip) = ledger.tip()?.filter(|_| state.status.is_terminal() && state.tended > 0) else { return Ok(None) };
    let (run, mut found) = (state.run.to_string(), None);
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for a few words.
        if !commit.message.contains_str(&run) || !ENDS.iter().any(|kind| commit.message.contains_str(kind)) {
            return ControlFlow::Continue(());
        }
        let entry = codec::from_message(&commit.message).ok().filter(|entry| entry.run == state.run);
        let is_end = |event: &Event| matches!(event, Event::RunCompleted(_) | Event::RunFailed(_) | Event::RunAborted(_));
        found = entry.filter(|entry| entry.event().is_some_and(is_end)).map(|entry| entry.ts);
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// Returns the runs in the ledger, newest first.
///
/// # Errors
/// Returns [`StatusError`] when they can not be brought back.
pub fn list(cx: &Context) -> Result<Vec<Listed>, StatusError> {
    let mut listed = Vec::new();
    for head in runs(&cx.ledger())? {
        let driver = if head.status.is_terminal() { None } else { driver(cx, head.run)? };
        listed.push(Listed { head, driver });
    }
    Ok(listed)
}

fn driver(cx: &Context, run: RunId) -> Result<Option<Holder>, LockError> {
    RunLock::holder(&cx.repo, run)
}
