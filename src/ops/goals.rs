//! `goals`: what workstreams were to reach, how near each round came, and what strategies came to in this repository so far.

use std::ops::ControlFlow;

use bstr::ByteSlice as _;

use crate::domain::goal::strategy::Effects;
use crate::domain::id::RunId;
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::report::goals::{GoalsReport, effects_of, report};
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};

/// What stands in every entry about goals, and in those of improvements.
const KINDS: [&str; 4] = ["\"goals_measured\"", "\"goal_round\"", "\"goals_settled\"", "\"step\":\"improve\""];

/// The error of asking for goals.
#[derive(Debug, thiserror::Error)]
pub enum GoalsError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The goals of a run, and what strategies came to in all runs.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalsTold {
    /// The run.
    pub run: RunId,
    /// Its workstreams that have goals.
    pub report: GoalsReport,
    /// What strategies came to, in all runs of the repository.
    pub effects: Effects,
}

/// Returns the goals of a run; without a name, of the newest one.
///
/// # Errors
/// Returns [`GoalsError`] when there is no such run or the ledger can not be read.
pub fn goals(cx: &Context, run: Option<&str>) -> Result<GoalsTold, GoalsError> {
    let ledger = cx.ledger();
    let run = find_run(&ledger, run)?;
    let entries = told(&ledger)?;
    let own: Vec<Entry> = entries.iter().filter(|entry| entry.run == run).cloned().collect();
    Ok(GoalsTold { run, report: report(&own), effects: effects_of(&entries) })
}

/// Returns what strategies came to in all runs of the repository.
///
/// # Errors
/// Returns [`LedgerError`] when the ledger can not be read.
pub fn effects(cx: &Context) -> Result<Effects, LedgerError> {
    Ok(effects_of(&told(&cx.ledger())?))
}

/// Returns the entries about goals, oldest first.
fn told(ledger: &LedgerRef) -> Result<Vec<Entry>, LedgerError> {
    let mut entries = Vec::new();
    let Some(tip) = ledger.tip()? else { return Ok(entries) };
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for a word.
        if KINDS.iter().any(|kind| commit.message.contains_str(kind)) {
            entries.extend(codec::from_message(&commit.message).ok());
        }
        ControlFlow::Continue(())
    })?;
    entries.reverse();
    Ok(entries)
}
