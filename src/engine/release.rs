//! The end of a worktree that its workstream needs no more: it is handed on to one that begins later, or removed. Refuses what is not
//! recorded, names it, and leaves it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::bench::with_sources;
use super::context::{Live, RunContext, Spare};
use super::failure::{ExecuteError, blocking};
use super::place;
use super::recorder::Recorder;
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::WorktreeMoved;
use crate::domain::run::state::{RunState, WorkstreamStatus};
use crate::io::git::host::Maker;
use crate::io::git::worktree::{WorktreeError, Worktrees};
use crate::io::process::orphan::orphans;

/// Ends the worktree of a workstream and records it; `round` is the number of this change.
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
        Some(live) => {
            let next = next(cx, &workstream, &live, state);
            let worktrees = Arc::clone(&cx.worktrees);
            match blocking(move || end(&worktrees, live, next)).await? {
                Ok(spare) => {
                    moved.reason = spare.is_some().then(|| "its folder is used again".to_owned());
                    spare.into_iter().for_each(|spare| cx.keep_spare(spare));
                    Event::WorktreeRemoved(moved)
                }
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

/// What becomes of a worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Another workstream gets it.
    Reuse,
    /// It is removed.
    Remove,
}

/// A worktree is handed on while workstreams are left to begin, and never more of them than can be at work.
fn next(cx: &RunContext, workstream: &WorkstreamId, live: &Live, state: &RunState) -> Next {
    let begins = |status: &WorkstreamStatus| {
        matches!(status, WorkstreamStatus::Planned | WorkstreamStatus::Ready | WorkstreamStatus::Retrying { .. })
    };
    let is_plain = live.worktree.maker() == Maker::Own && cx.plan.workstream(workstream).is_some_and(|plan| !plan.submodules);
    let is_wanted = cx.spare_count() < cx.config.max_workers as usize && state.workstreams.values().any(|one| begins(&one.status));
    // A process that outlived its tool may still stand in the folder; what it writes must not get into somebody else's patch.
    let is_alone = || orphans(&[mark(live.worktree.path())]).is_empty();
    if is_plain && is_wanted && is_alone() { Next::Reuse } else { Next::Remove }
}

fn mark(worktree: &Path) -> OsString {
    let mut mark = OsString::from("ORC_WORKTREE=");
    mark.push(worktree);
    mark
}

fn end(worktrees: &Worktrees, mut live: Live, next: Next) -> Result<Result<Option<Spare>, WorktreeError>, ExecuteError> {
    let proof = place::proof(worktrees, &mut live)?;
    Ok(match next {
        Next::Remove => worktrees.remove(live.worktree, &proof).map(|_removed| None),
        Next::Reuse => worktrees.require_recorded(&mut live.worktree, &proof).map(|()| Some(Spare { worktree: live.worktree, proof })),
    })
}
