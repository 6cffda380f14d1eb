//! What is recorded when work lands on the branch, and when it must not.

use super::event::Event;
use super::fact::{Integration, PatchMoved, WorkstreamMoved};
use super::machine_error::IllegalTransition;
use super::next::patch_moved;
use super::state::{PatchStatus, RunState, WorkstreamState};
use crate::domain::id::{ObjectId, WorkstreamId};

fn one<'a>(state: &'a RunState, id: &WorkstreamId) -> Result<&'a WorkstreamState, IllegalTransition> {
    state.workstreams.get(id).ok_or_else(|| IllegalTransition::new(format!("workstream {id}"), "unknown", "a merge"))
}

/// Returns the events that tell that the branch has moved to a prepared merge.
///
/// # Errors
/// Returns [`IllegalTransition`] when the run does not know a workstream.
pub fn merged(integration: &Integration, state: &RunState) -> Result<Vec<Event>, IllegalTransition> {
    let mut events = Vec::new();
    for merge in &integration.merges {
        let one = one(state, &merge.workstream)?;
        for patch in one.patches.iter().filter(|patch| patch.status == PatchStatus::Verified) {
            events.push(Event::PatchMerged(PatchMoved { merge: Some(merge.merge), ..patch_moved(&merge.workstream, patch, None) }));
        }
        events.push(Event::WorkstreamMerged(WorkstreamMoved {
            commit: Some(merge.commit),
            merge: Some(merge.merge),
            ..WorkstreamMoved::new(merge.workstream.clone(), one.round)
        }));
    }
    events.push(Event::IntegrationAdvanced(integration.clone()));
    Ok(events)
}

/// Returns the events that put a workstream's work, whose tip is `commit`, into quarantine because of a gate.
///
/// # Errors
/// Returns [`IllegalTransition`] when the run does not know the workstream.
pub fn evicted(state: &RunState, (id, commit): (&WorkstreamId, ObjectId), reason: &str) -> Result<Vec<Event>, IllegalTransition> {
    let one = one(state, id)?;
    let verified = one.patches.iter().filter(|patch| patch.status == PatchStatus::Verified);
    let mut events: Vec<Event> = verified.map(|patch| Event::PatchQuarantined(patch_moved(id, patch, Some(reason.to_owned())))).collect();
    let moved = WorkstreamMoved { commit: Some(commit), ..WorkstreamMoved::new(id.clone(), one.round) };
    events.push(Event::WorkstreamQuarantined(WorkstreamMoved { reason: Some(reason.to_owned()), ..moved }));
    Ok(events)
}
