//! Merging candidates in memory, one after the other, each as a merge commit of its own.

use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::run::fact::{Merge, WorkstreamMoved};
use crate::domain::run::state::WorkstreamState;
use crate::domain::run::wording::merge_message;
use crate::io::fs::Durability;
use crate::io::git::hold::wait_for_collection;
use crate::io::git::merge::{MergeResult, Merger, Side};
use crate::io::git::signature::Signature;

/// A verified workstream and its tip.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// Its tip.
    pub commit: ObjectId,
}

/// The merges of some candidates, and those that do not merge.
#[derive(Debug, Clone, Default)]
pub struct Merged {
    /// The merges in order.
    pub merges: Vec<Merge>,
    /// Those that conflict with the tip itself, and the paths.
    pub conflicts: Vec<(Candidate, Vec<String>)>,
    /// Those that conflict with another candidate. Nothing is resolved on top of what may yet be evicted: they wait until that one has
    /// landed, or has not.
    pub waiting: Vec<Candidate>,
}

/// Returns the facts of a move of a candidate.
#[must_use]
pub fn moved(candidate: &Candidate, one: &WorkstreamState) -> WorkstreamMoved {
    WorkstreamMoved { commit: Some(candidate.commit), ..WorkstreamMoved::new(candidate.workstream.clone(), one.round) }
}

/// Merges candidates one after the other onto a tip, each as a merge commit of its own; those that conflict with it, or with one before them,
/// are left out.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub async fn merge_all(cx: &RunContext, tip: ObjectId, candidates: Vec<Candidate>) -> Result<Merged, ExecuteError> {
    let own = cx.clone();
    blocking(move || {
        let _span = tracing::trace_span!("merge wave").entered();
        wait_for_collection(&own.repo);
        let merger = Merger::open(&own.repo, &own.merging)?;
        let mut merged = Merged::default();
        let mut at = tip;
        for candidate in candidates {
            let ours = Side { commit: at, label: &own.plan.target };
            let theirs = Side { commit: candidate.commit, label: candidate.workstream.as_str() };
            match merger.merge(ours, theirs)? {
                MergeResult::Conflict { .. } if at != tip => merged.waiting.push(candidate),
                MergeResult::Conflict { paths, .. } => {
                    let paths = paths.iter().map(ToString::to_string).collect();
                    merged.conflicts.push((candidate, paths));
                }
                MergeResult::Clean(tree) => {
                    let merge = merge_commit(&own, &merger, (at, &candidate), tree)?;
                    at = merge;
                    merged.merges.push(Merge { workstream: candidate.workstream, commit: candidate.commit, merge });
                }
            }
        }
        if own.plan.gates.is_empty() || own.durability == Durability::Relaxed {
            own.unsynced.add(merger.objects().take_written());
        } else {
            // The gates get a worktree that stands at the merge, perhaps for hours.
            merger.objects().flush()?;
        }
        Ok(merged)
    })
    .await
}

fn merge_commit(
    cx: &RunContext,
    merger: &Merger,
    (at, candidate): (ObjectId, &Candidate),
    tree: ObjectId,
) -> Result<ObjectId, ExecuteError> {
    let missing = || ExecuteError::Inconsistent(format!("the plan has no workstream {}", candidate.workstream));
    let plan = cx.plan.workstream(&candidate.workstream).ok_or_else(missing)?;
    let message = merge_message(plan, &cx.plan.target, cx.run, candidate.commit);
    // The time of the workstream's own commit makes the same merge the same commit, however often it is made.
    let time = merger.objects().read_commit(candidate.commit)?.committer.time;
    Ok(merger.commit([at, candidate.commit], tree, &message, &Signature::new(cx.identity.clone(), time))?)
}
