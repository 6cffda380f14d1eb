//! The removal of a worktree that is needed no more. Refuses what is not recorded, names it, and leaves it.

use std::sync::Arc;

use super::bench::with_sources;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place;
use super::recorder::Recorder;
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::WorktreeMoved;

/// Removes the worktree of a workstream and records it; `round` is the number of this change.
///
/// # Errors
/// Returns an error when the driver stops.
pub async fn run(cx: &RunContext, (workstream, round): (WorkstreamId, u32), recorder: &Recorder) -> Result<(), ExecuteError> {
    let path = cx.worktree_path(&workstream).to_string_lossy().into_owned();
    let mut moved = WorktreeMoved { workstream: workstream.clone(), round, path, reason: None };
    let event = match cx.take_worktree(&workstream) {
        None => Event::WorktreeRemoved(moved),
        Some(mut live) => {
            let worktrees = Arc::clone(&cx.worktrees);
            let removed = blocking(move || {
                let proof = place::proof(&worktrees, &mut live)?;
                Ok(worktrees.remove(live.worktree, &proof))
            });
            match removed.await? {
                Ok(_) => Event::WorktreeRemoved(moved),
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
