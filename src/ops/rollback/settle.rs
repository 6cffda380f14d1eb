//! A rollback that was cut short between its gates and its last entry: brought to its end, or dropped, and never made twice.

use super::error::RollbackError;
use crate::domain::id::RunId;
use crate::domain::run::event::Event;
use crate::domain::run::rollback::Rollback;
use crate::domain::run::rollback_wording::revert_words;
use crate::domain::run::state::RunState;
use crate::domain::run::undoing::landed;
use crate::engine::advance::{BranchError, Mover, Swap, branch_ref, move_branch};
use crate::io::git::lock::RunLock;
use crate::io::git::objects::Objects;
use crate::io::git::refs::Refs;
use crate::ops::context::Context;
use crate::ops::load::load_state;
use crate::ops::tend::record_all;

/// What became of a prepared rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It landed.
    Landed(Box<Rollback>),
    /// It was dropped, and why.
    Dropped(String),
}

impl Settled {
    /// Returns one sentence about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Landed(rollback) => {
                let what: Vec<String> = rollback.reverts.iter().map(revert_words).collect();
                format!("a rollback that was cut short was brought to its end: {}", what.join(", "))
            }
            Self::Dropped(why) => format!("a rollback that was cut short was dropped: {why}"),
        }
    }
}

impl Settled {
    /// Returns what a person should still do; whoever settles it without being asked to roll back runs no actions.
    #[must_use]
    pub fn advice(&self, run: RunId) -> Option<String> {
        let Self::Landed(rollback) = self else { return None };
        let is_left = rollback.compensations.iter().any(|action| !action.argv.is_empty());
        is_left.then(|| format!("its compensation has not run; `git orc rollback {run} --compensate-only` runs it"))
    }
}

/// Brings a prepared rollback to its end, if there is one. Returns what became of it, and the state afterwards.
///
/// # Errors
/// Returns [`RollbackError`] when the branch can not be looked at or moved, or the end can not be recorded.
pub fn settle(cx: &Context, held: &RunLock, state: RunState) -> Result<(Option<Settled>, RunState), RollbackError> {
    let Some(prepared) = state.rollbacks.prepared.clone() else { return Ok((None, state)) };
    let (settled, state) = land(cx, held, &state, prepared)?;
    Ok((Some(settled), state))
}

/// Brings a prepared rollback of a run to its end, if there is one. Returns a sentence or two about it.
///
/// # Errors
/// Returns [`RollbackError`] as [`settle`] does.
pub fn settle_run(cx: &Context, held: &RunLock, run: RunId) -> Result<Vec<String>, RollbackError> {
    let (settled, _) = settle(cx, held, load_state(&cx.ledger(), run)?)?;
    let sentences = settled.iter().flat_map(|settled| [Some(settled.sentence()), settled.advice(run)]);
    Ok(sentences.flatten().collect())
}

/// Moves the branch to a rollback that was recorded as prepared, unless it is there already, and records what became of it.
///
/// # Errors
/// Returns [`RollbackError`] when the branch can not be looked at or moved, or the end can not be recorded.
pub fn land(cx: &Context, held: &RunLock, state: &RunState, prepared: Rollback) -> Result<(Settled, RunState), RollbackError> {
    let at = Refs::new(&cx.repo, cx.durability()).read(&branch_ref(&state.target))?;
    let objects = Objects::open(&cx.repo)?;
    let is_here = objects.exists(prepared.new);
    let has_landed = match at {
        Some(at) => is_here && objects.is_ancestor(prepared.new, at)?,
        None => false,
    };
    let has_landed = has_landed || (is_here && at == Some(prepared.old) && moved(cx, state, &prepared)?);
    if !has_landed {
        let why = format!("branch {} was moved by somebody else", state.target);
        let dropped = Rollback { dropped: Some(why.clone()), ..prepared };
        let state = record_all(cx, held, state.run, &[Event::RollbackDropped(dropped)])?;
        return Ok((Settled::Dropped(why), state));
    }
    let state = record_all(cx, held, state.run, &landed(&prepared, state)?)?;
    Ok((Settled::Landed(Box::new(prepared)), state))
}

fn moved(cx: &Context, state: &RunState, prepared: &Rollback) -> Result<bool, RollbackError> {
    let by = Mover { repo: cx.repo.clone(), durability: cx.durability(), identity: cx.repo.identity()?, now: cx.clock.now() };
    let message = format!("orc: rollback in {}", state.name);
    match move_branch(&by, &state.target, (Some(prepared.old), prepared.new), &message)? {
        Ok(swap) => Ok(swap == Swap::Moved),
        Err(error) => Err(not_movable(error)),
    }
}

/// Returns the error for a branch that can not be moved.
#[must_use]
pub fn not_movable(error: BranchError) -> RollbackError {
    match error {
        BranchError::CheckedOut { branch, path } => RollbackError::CheckedOut { branch, path },
        BranchError::Diverged { branch, .. } => RollbackError::Moved(branch),
    }
}
