//! What is done before a run is said to have ended or to wait: nothing can be tidied up after the last entry of a run, since a driver that
//! dies behind it is never followed by another one.

use tokio::task::JoinSet;

use super::bench::with_sources;
use super::context::{Live, RunContext, Since};
use super::failure::blocking;
use super::{notes, place};
use crate::domain::run::state::RunState;

/// Writes the notes of patches that were not merged, and removes the worktrees that nobody took over and the one of the gates. What does not work out is a warning: the ledger
/// has it all.
pub async fn close(cx: &RunContext, state: &RunState) {
    notes::write_rest(cx, state).await;
    leave(cx).await;
}

/// Removes the worktrees that nobody took over, and the one of the gates, if there is one.
pub async fn leave(cx: &RunContext) {
    remove_spares(cx).await;
    leave_gates(cx).await;
}

/// Removes the worktrees that nobody took over, side by side.
async fn remove_spares(cx: &RunContext) {
    let mut removals = JoinSet::new();
    for spare in cx.take_spares() {
        let own = cx.clone();
        removals.spawn(blocking(move || Ok(own.worktrees.remove(spare.worktree, &spare.proof)?)));
    }
    for removed in removals.join_all().await {
        if let Err(error) = removed {
            tracing::warn!(error = with_sources(&error), "a worktree that was no longer needed could not be removed");
        }
    }
}

/// Removes the worktree of the gates, if there is one.
async fn leave_gates(cx: &RunContext) {
    let Some(worktree) = cx.gate.lock().await.take() else { return };
    let own = cx.clone();
    let removed = blocking(move || {
        let mut live = Live { captured: worktree.tree(), worktree, since: Since::Checks };
        let proof = place::proof(&own.worktrees, &mut live)?;
        own.worktrees.remove(live.worktree, &proof)?;
        Ok(())
    });
    if let Err(error) = removed.await {
        tracing::warn!(error = with_sources(&error), "the worktree of the gates could not be removed");
    }
}
