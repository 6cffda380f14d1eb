//! `decide`: what a person says about a workstream that needs a review, or about what a gate asks.

use super::context::Context;
use super::find::{FindError, find_run};
use super::load::{LoadError, load_state};
use super::tend::{self, TendError};
use crate::domain::id::RunId;
use crate::domain::run::event::Event;
use crate::domain::run::tending::{Choice, Decided};
use crate::domain::text::one_line;
use crate::io::git::inspect::InspectError;
use crate::io::git::lock::{LockError, RunLock};

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecideRequest {
    /// The run: its id, the beginning of it, or the name of its plan.
    pub run: String,
    /// The workstream, or the gate.
    pub about: String,
    /// The decision.
    pub choice: Choice,
    /// Why.
    pub reason: String,
}

/// The error of deciding.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nothing of that name waits for a person.
    #[error("nothing called `{about}` waits for a person in run {run}")]
    NothingWaits {
        /// What was named.
        about: String,
        /// The run.
        run: RunId,
        /// What waits.
        waiting: Vec<String>,
    },
    /// There is no reason.
    #[error("a reason is needed")]
    NoReason,
    /// It can not be recorded.
    #[error(transparent)]
    Tend(#[from] TendError),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
}

/// Records a decision; nothing else happens before the run goes on. Returns what was recorded, and the run.
///
/// # Errors
/// Returns [`DecideError`] when nothing waits under that name, somebody drives the run, or it can not be recorded.
pub fn decide(cx: &Context, request: &DecideRequest) -> Result<(RunId, Decided), DecideError> {
    let reason = one_line(request.reason.trim());
    if reason.is_empty() {
        return Err(DecideError::NoReason);
    }
    let ledger = cx.ledger();
    let run = find_run(&ledger, Some(&request.run))?;
    let held = RunLock::take(&cx.repo, run)?;
    let state = load_state(&ledger, run)?;
    let all = state.waiting();
    let Some(one) = all.iter().find(|one| one.about == request.about) else {
        let waiting = all.into_iter().map(|one| one.about).collect();
        return Err(DecideError::NothingWaits { about: request.about.clone(), run, waiting });
    };
    let who = cx.repo.identity()?;
    let decided = Decided {
        round: state.tended,
        about: one.about.clone(),
        on: one.on,
        choice: request.choice,
        who: one_line(&format!("{} <{}>", who.name, who.email)),
        reason,
    };
    tend::record(cx, &held, run, |round| Event::DecisionMade(Decided { round, ..decided.clone() }))?;
    Ok((run, decided))
}
