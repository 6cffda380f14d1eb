//! What is written beside the entries: the refs that keep commits alive before an entry speaks of them, and checkpoints.

use super::event::Event;
use crate::domain::id::{ObjectId, PatchId, RunId, WorkstreamId};
use crate::domain::ledger::entry::Entry;

/// A checkpoint is written at the latest after this many entries.
pub const CHECKPOINT_EVERY: u64 = 256;

/// Returns the ref of a workstream's tip.
#[must_use]
pub fn workstream_ref(run: RunId, workstream: &str) -> String {
    format!("refs/orc/ws/{}/{workstream}", run.lower())
}

/// Returns the ref that keeps a patch that must not be merged.
#[must_use]
pub fn quarantine_ref(patch: &str) -> String {
    format!("refs/orc/quarantine/{patch}")
}

/// Returns the ref that keeps a patch that a later attempt replaced or that was put aside.
#[must_use]
pub fn kept_ref(run: RunId, patch: &str) -> String {
    format!("refs/orc/kept/{}/{patch}", run.lower())
}

/// Returns the ref that keeps a merge that passed its gates until the branch has moved.
#[must_use]
pub fn prepared_ref(run: RunId) -> String {
    format!("refs/orc/prepared/{}", run.lower())
}

/// Returns the ref that keeps everything that was merged, after a garbage collection took the refs of the workstreams.
#[must_use]
pub fn merged_ref(run: RunId) -> String {
    format!("refs/orc/merged/{}", run.lower())
}

/// Returns the ref that must have its value before an event is recorded, with that value: the tip of a workstream, and whatever is no part
/// of a tip.
#[must_use]
pub fn keep_alive(run: RunId, event: &Event) -> Option<(String, ObjectId)> {
    if let Event::PatchCreated(created) = event {
        return Some((workstream_ref(run, created.workstream.as_str()), created.commit));
    }
    if let Event::PatchQuarantined(moved) = event {
        return Some((quarantine_ref(&moved.patch.lower()), moved.commit));
    }
    if let Event::PatchSuperseded(moved) | Event::PatchDropped(moved) | Event::PatchRejected(moved) = event {
        return Some((kept_ref(run, &moved.patch.lower()), moved.commit));
    }
    if let Event::PatchApplied(moved) = event {
        return Some((workstream_ref(run, moved.workstream.as_str()), moved.commit));
    }
    if let Event::WorkstreamVerified(moved) = event {
        return Some((workstream_ref(run, moved.workstream.as_str()), moved.commit?));
    }
    if let Event::GoalsSettled(told) = event {
        return Some((workstream_ref(run, told.workstream.as_str()), told.commit));
    }
    if let Event::IntegrationPrepared(integration) = event {
        return Some((prepared_ref(run), integration.commit));
    }
    if let Event::RollbackPrepared(rollback) = event {
        return Some((prepared_ref(run), rollback.new));
    }
    None
}

/// Returns whether the batch that holds this entry brings a checkpoint along.
#[must_use]
pub fn wants_checkpoint(entry: &Entry) -> bool {
    entry.event().is_some_and(|event| {
        event.run_moved().is_some()
            || matches!(event, Event::RolledBack(_) | Event::RunPlanned(_) | Event::RunResumed(_) | Event::WaveFinished(_))
    })
}

/// Returns the refs that may keep a patch that was put aside: its own, and that of its workstream, if an entry made it lead there.
#[must_use]
pub fn refs_of_patch<'e>(run: RunId, patch: PatchId, workstream: &WorkstreamId, events: impl Iterator<Item = &'e Event>) -> Vec<String> {
    let mut names = vec![quarantine_ref(&patch.lower()), kept_ref(run, &patch.lower())];
    if events.filter_map(|event| event.about().workstream).any(|own| own == workstream) {
        names.push(workstream_ref(run, workstream.as_str()));
    }
    names
}
