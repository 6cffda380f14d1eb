//! The one place where the integration branch moves: by compare-and-swap, to a merge that was recorded as prepared.

use jiff::Timestamp;

use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::notes;
use super::recorder::Recorder;
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{Integration, RunMoved};
use crate::domain::run::landing::merged;
use crate::domain::run::state::RunState;
use crate::io::fs::Durability;
use crate::io::git::objects::Objects;
use crate::io::git::refs::RefError;
use crate::io::git::refs::{LogLine, Refs};
use crate::io::git::repo::Repo;
use crate::io::git::signature::{Identity, Signature};

/// Why nothing can be merged onto the branch now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BranchError {
    /// The branch left the history that the run knows.
    #[error("branch {branch} was moved to {to}, which does not contain {from}; move it back or start a new run")]
    Diverged {
        /// The branch.
        branch: String,
        /// Where the run left it.
        from: String,
        /// Where it is.
        to: String,
    },
    /// The branch is checked out somewhere.
    #[error("branch {branch} is checked out in {path}; check out another branch there, then run `git orc resume`")]
    CheckedOut {
        /// The branch.
        branch: String,
        /// Where.
        path: String,
    },
}

/// Where the branch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// What the ref points at; `None` when it does not exist.
    pub old: Option<ObjectId>,
    /// The commit to merge onto.
    pub start: ObjectId,
}

/// Returns the full name of a branch.
#[must_use]
pub fn branch_ref(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// Returns where the branch stands, when the run may go on from there: where the run left it, or further on.
///
/// # Errors
/// Returns an error when the repository does not let it; the inner error says why nothing can be merged now.
pub async fn current_tip(cx: &RunContext, state: &RunState) -> Result<Result<Tip, BranchError>, ExecuteError> {
    let (own, known, branch) = (cx.clone(), state.tip, state.target.clone());
    blocking(move || {
        let old = Refs::new(&own.repo, own.durability).read(&branch_ref(&branch))?;
        if let Some(error) = checked_out(&own.repo, &branch)? {
            return Ok(Err(error));
        }
        let objects = Objects::open(&own.repo)?;
        let Some(at) = old else { return Ok(Ok(Tip { old, start: known })) };
        if at == known || objects.is_ancestor(at, known)? {
            return Ok(Ok(Tip { old, start: known }));
        }
        if objects.is_ancestor(known, at)? {
            return Ok(Ok(Tip { old, start: at }));
        }
        Ok(Err(BranchError::Diverged { branch, from: known.short(), to: at.short() }))
    })
    .await
}

/// Returns where the branch stands when somebody has put more on top of `known` meanwhile.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub async fn ahead_of(cx: &RunContext, state: &RunState, known: ObjectId) -> Result<Option<ObjectId>, ExecuteError> {
    let (own, branch) = (cx.clone(), state.target.clone());
    blocking(move || {
        let at = Refs::new(&own.repo, own.durability).read(&branch_ref(&branch))?.filter(|at| *at != known);
        let Some(at) = at else { return Ok(None) };
        Ok(Objects::open(&own.repo)?.is_ancestor(known, at)?.then_some(at))
    })
    .await
}

/// Moves the branch to a prepared merge and records it; when the branch has moved meanwhile, the merge is dropped and will be made anew.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, integration: Integration, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let (own, branch, step) = (cx.clone(), state.target.clone(), (integration.old, integration.commit));
    let message = format!("orc: wave {} of {}", integration.wave, state.name);
    let swapped = blocking(move || move_branch(&Mover::of(&own), &branch, step, &message)).await?;
    match swapped {
        Err(error) => {
            let moved = RunMoved { round: state.round, tip: state.tip, reason: Some(error.to_string()) };
            recorder.record(vec![Event::RunPaused(moved)]).await?;
        }
        Ok(Swap::Lost) => recorder.record(vec![Event::IntegrationDropped(integration)]).await?,
        Ok(Swap::Moved) => {
            recorder.record(merged(&integration, state)?).await?;
            notes::write(cx, &integration, state).await;
        }
    }
    Ok(())
}

/// What became of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The branch is where it was to be moved.
    Moved,
    /// Somebody else had moved it.
    Lost,
}

/// Who moves a branch, and how.
#[derive(Debug, Clone)]
pub struct Mover {
    /// The repository.
    pub repo: Repo,
    /// Whether the move is on the disk when it is told of.
    pub durability: Durability,
    /// Who moves it.
    pub identity: Identity,
    /// When.
    pub now: Timestamp,
}

impl Mover {
    /// Returns the one of a run.
    #[must_use]
    pub fn of(cx: &RunContext) -> Self {
        Self { repo: cx.repo.clone(), durability: cx.durability, identity: cx.identity.clone(), now: cx.clock.now() }
    }
}

/// Moves a branch from where it was seen to a commit, by compare-and-swap; never under the feet of somebody who has it checked out.
///
/// # Errors
/// Returns an error when the repository does not let it; the inner error says why the branch can not be moved now.
pub fn move_branch(
    by: &Mover,
    branch: &str,
    (old, new): (Option<ObjectId>, ObjectId),
    message: &str,
) -> Result<Result<Swap, BranchError>, ExecuteError> {
    let _span = tracing::trace_span!("branch move").entered();
    if let Some(error) = checked_out(&by.repo, branch)? {
        return Ok(Err(error));
    }
    let refs = Refs::new(&by.repo, by.durability);
    let name = branch_ref(branch);
    if refs.read(&name)? == Some(new) {
        return Ok(Ok(Swap::Moved));
    }
    let signature = Signature::new(by.identity.clone(), by.now);
    match refs.update(&name, old, new, Some(&LogLine { signature: &signature, message })) {
        Ok(()) => Ok(Ok(Swap::Moved)),
        Err(RefError::Changed { .. }) => Ok(Ok(Swap::Lost)),
        Err(error) => Err(error.into()),
    }
}

/// A branch that somebody has checked out is never moved under their feet.
///
/// # Errors
/// Returns an error when that can not be found out.
pub fn checked_out(repo: &Repo, branch: &str) -> Result<Option<BranchError>, ExecuteError> {
    let holder = repo.holder(&branch_ref(branch))?;
    Ok(holder.map(|path| BranchError::CheckedOut { branch: branch.to_owned(), path: path.display().to_string() }))
}
