//! The merge of a wave: in memory, in a fixed order, behind the gates. The branch itself is moved by [`super::advance`], after the merge was
//! recorded as prepared.

use super::advance;
use super::context::RunContext;
use super::failure::ExecuteError;
use super::gates::{self, Gated};
use super::merging::{Candidate, merge_all, moved};
use super::place;
use super::recorder::Recorder;
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{Integration, RunMoved, WorkstreamMoved};
use crate::domain::run::landing::evicted;
use crate::domain::run::state::{RunState, WorkstreamStatus};
use crate::domain::run::tending::Choice;

/// What is to be merged.
#[derive(Debug, Clone)]
pub struct Wave {
    /// The wave, counted from 1.
    pub wave: u32,
    /// The verified workstreams in the order of merging.
    pub workstreams: Vec<WorkstreamId>,
}

/// Merges the verified workstreams of a wave and records the result as prepared; conflicts and culprits are recorded on the way. Those that
/// conflict with others of the wave stay verified and are merged when these have landed.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, wave: Wave, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let tip = match advance::current_tip(cx, state).await? {
        Ok(tip) => tip,
        Err(error) => return pause(state, recorder, error.to_string()).await,
    };
    let mut candidates = Vec::new();
    let mut waiting = Vec::new();
    for workstream in wave.workstreams {
        let one = place::one(state, &workstream)?;
        let WorkstreamStatus::Verified { commit } = one.status else { continue };
        match state.decision(workstream.as_str(), commit) {
            Some(decided) if decided.choice != Choice::Approve => {
                let reason = format!("{} by {}: {}", decided.choice.done(), decided.who, decided.reason);
                recorder.record(evicted(state, (&workstream, commit), &reason)?).await?;
            }
            None if !one.review.is_empty() => waiting.push((workstream, one.review.clone())),
            Some(_) | None => candidates.push(Candidate { workstream, commit }),
        }
    }
    if candidates.is_empty() {
        return match waiting.first() {
            Some((workstream, review)) => {
                let more = if waiting.len() > 1 { format!(" ({} more wait for one)", waiting.len() - 1) } else { String::new() };
                let reason = format!("a person must look at {workstream}: {}{more}", review.first().map_or("", String::as_str));
                pause(state, recorder, reason).await
            }
            None => Ok(()),
        };
    }
    let merged = merge_all(cx, tip.start, candidates.clone()).await?;
    let mut conflicts = Vec::new();
    for (candidate, paths) in &merged.conflicts {
        let one = place::one(state, &candidate.workstream)?;
        let moved = moved(candidate, one);
        conflicts.push(Event::WorkstreamConflicted(WorkstreamMoved { tip: Some(tip.start), paths: paths.clone(), ..moved }));
    }
    if !conflicts.is_empty() {
        recorder.record(conflicts).await?;
    }
    candidates.retain(|candidate| merged.merges.iter().any(|merge| merge.workstream == candidate.workstream));
    if candidates.is_empty() {
        return Ok(());
    }
    let merges = match gates::pass(cx, (wave.wave, tip.start), candidates, (state, recorder)).await? {
        Gated::Green(merges) => merges,
        // A gate that was stopped together with the run says nothing; it is asked again.
        Gated::Red(_) if cx.is_stopping() => return Ok(()),
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
