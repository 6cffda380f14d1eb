//! The removal of a worktree that is needed no more. Refuses what is not recorded, names it, and leaves it.

use super::bench::with_sources;
use super::context::RunContext;
use super::execute::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::recorder::Recorder;
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::WorktreeMoved;
use crate::domain::run::state::RunState;

/// Removes the worktree of a workstream and records it; `round` is the number of this change.
///
/// # Errors
/// Returns an error when the driver stops.
pub async fn run(
    cx: &RunContext,
    (workstream, round): (WorkstreamId, u32),
    state: &RunState,
    recorder: &Recorder,
) -> Result<(), ExecuteError> {
    let path = cx.worktree_path(&workstream).to_string_lossy().into_owned();
    let mut moved = WorktreeMoved { workstream: workstream.clone(), round, path, reason: None };
    let event = match cx.take_worktree(&workstream) {
        None => Event::WorktreeRemoved(moved),
        Some(mut worktree) => {
            let commit = place::commit(state, &workstream, Stand::Tip)?;
            let worktrees = cx.worktrees.clone();
            // What the checks left lying about is no work of the tool; what the tool left is a commit.
            let removed = blocking(move || Ok(worktrees.retire(&mut worktree, commit))).await?;
            match removed {
                Ok(()) => Event::WorktreeRemoved(moved),
                Err(error) => {
                    moved.reason = Some(with_sources(&error));
                    Event::WorktreeKept(moved)
                }
            }
        }
    };
    recorder.record(vec![event]).await?;
    Ok(())
}
