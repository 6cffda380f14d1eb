//! The merge of a wave: in memory, in a fixed order, behind the gates. The branch itself is moved by [`super::advance`], after the merge was
//! recorded as prepared.

use super::advance;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gates::{self, Gated};
use super::place;
use super::recorder::Recorder;
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{Integration, Merge, RunMoved, WorkstreamMoved};
use crate::domain::run::next::patch_moved;
use crate::domain::run::state::{PatchStatus, RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::run::wording::merge_message;
use crate::io::fs::Durability;
use crate::io::git::merge::{MergeResult, Merger, Side};

use crate::io::git::signature::Signature;

/// What is to be merged.
#[derive(Debug, Clone)]
pub struct Wave {
    /// The wave, counted from 1.
    pub wave: u32,
    /// The verified workstreams in the order of merging.
    pub workstreams: Vec<WorkstreamId>,
}

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
    /// Those that do not merge: the candidate, the tip that it conflicts with, the paths.
    pub conflicts: Vec<(Candidate, ObjectId, Vec<String>)>,
}

/// Merges the verified workstreams of a wave and records the result as prepared; conflicts and culprits are recorded on the way.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, wave: Wave, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let tip = match advance::current_tip(cx, state).await? {
        Ok(tip) => tip,
        Err(error) => return pause(state, recorder, error.to_string()).await,
    };
    let mut candidates = Vec::new();
    for workstream in wave.workstreams {
        if let WorkstreamStatus::Verified { commit } = place::one(state, &workstream)?.status {
            candidates.push(Candidate { workstream, commit });
        }
    }
    let merged = merge_all(cx, tip.start, candidates.clone()).await?;
    let mut conflicts = Vec::new();
    for (candidate, tip, paths) in &merged.conflicts {
        let one = place::one(state, &candidate.workstream)?;
        let moved = moved(candidate, one);
        conflicts.push(Event::WorkstreamConflicted(WorkstreamMoved { tip: Some(*tip), paths: paths.clone(), ..moved }));
    }
    if !conflicts.is_empty() {
        recorder.record(conflicts).await?;
        candidates.retain(|candidate| !merged.conflicts.iter().any(|(c, _, _)| c.workstream == candidate.workstream));
    }
    if candidates.is_empty() {
        return Ok(());
    }
    let merges = match gates::pass(cx, (wave.wave, tip.start), candidates, (state, recorder)).await? {
        Gated::Green(merges) => merges,
        Gated::Red(reason) => return pause(state, recorder, reason).await,
    };
    let Some(last) = merges.last() else { return Ok(()) };
    let integration = Integration { wave: wave.wave, old: tip.old, commit: last.merge, merges };
    recorder.record(vec![Event::IntegrationPrepared(integration)]).await?;
    Ok(())
}

async fn pause(state: &RunState, recorder: &Recorder, reason: String) -> Result<(), ExecuteError> {
    let moved = RunMoved { round: state.round, tip: state.tip, reason: Some(reason) };
    recorder.record(vec![Event::RunPaused(moved)]).await?;
    Ok(())
}

fn moved(candidate: &Candidate, one: &WorkstreamState) -> WorkstreamMoved {
    WorkstreamMoved {
        workstream: candidate.workstream.clone(),
        round: one.round,
        reason: None,
        commit: Some(candidate.commit),
        merge: None,
        at: None,
        on: Vec::new(),
        paths: Vec::new(),
        tip: None,
    }
}

/// Returns the events that put a workstream's work into quarantine because of a gate.
///
/// # Errors
/// Returns an error when the run does not know the workstream.
pub fn evicted(candidate: &Candidate, state: &RunState, reason: &str) -> Result<Vec<Event>, ExecuteError> {
    let one = place::one(state, &candidate.workstream)?;
    let verified = one.patches.iter().filter(|patch| patch.status == PatchStatus::Verified);
    let mut events: Vec<Event> =
        verified.map(|patch| Event::PatchQuarantined(patch_moved(&candidate.workstream, patch, Some(reason.to_owned())))).collect();
    events.push(Event::WorkstreamQuarantined(WorkstreamMoved { reason: Some(reason.to_owned()), ..moved(candidate, one) }));
    Ok(events)
}

/// Merges candidates one after the other onto a tip, each as a merge commit of its own; those that conflict are left out.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub async fn merge_all(cx: &RunContext, tip: ObjectId, candidates: Vec<Candidate>) -> Result<Merged, ExecuteError> {
    let own = cx.clone();
    blocking(move || {
        let merger = Merger::open(&own.repo, &own.merging)?;
        let mut merged = Merged::default();
        let mut at = tip;
        for candidate in candidates {
            let ours = Side { commit: at, label: &own.plan.target };
            let theirs = Side { commit: candidate.commit, label: candidate.workstream.as_str() };
            match merger.merge(ours, theirs)? {
                MergeResult::Conflict { paths, .. } => {
                    let paths = paths.iter().map(ToString::to_string).collect();
                    merged.conflicts.push((candidate, at, paths));
                }
                MergeResult::Clean(tree) => {
                    let merge = merge_commit(&own, &merger, (at, &candidate), tree)?;
                    at = merge;
                    merged.merges.push(Merge { workstream: candidate.workstream, commit: candidate.commit, merge });
                }
            }
        }
        if own.durability == Durability::Full {
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
