//! The states that one patch went through.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::{ObjectId, PatchId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;

/// One state of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatchStand {
    /// When it got there.
    pub time: Timestamp,
    /// The state: `created`, `validated`, `merged`, ...
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// The merge commit that took it in.
    pub merge: Option<ObjectId>,
}

/// Returns the states of a patch, the first one first.
#[must_use]
pub fn patch_history(entries: &[Entry], patch: PatchId) -> Vec<PatchStand> {
    entries.iter().filter_map(stand).filter(|(id, _)| *id == patch).map(|(_, stand)| stand).collect()
}

/// Returns the states of all patches, the first one of each first.
#[must_use]
pub fn patch_histories(entries: &[Entry]) -> BTreeMap<PatchId, Vec<PatchStand>> {
    let mut all: BTreeMap<PatchId, Vec<PatchStand>> = BTreeMap::new();
    for (patch, stand) in entries.iter().filter_map(stand) {
        all.entry(patch).or_default().push(stand);
    }
    all
}

/// Returns what an entry says about a patch.
fn stand(entry: &Entry) -> Option<(PatchId, PatchStand)> {
    let event = entry.event()?;
    let state = event.kind().strip_prefix("patch_")?.to_owned();
    if let Event::PatchCreated(created) = event {
        return Some((created.patch, PatchStand { time: entry.ts, state, reason: None, merge: None }));
    }
    let moved = event.patch_moved()?;
    Some((moved.patch, PatchStand { time: entry.ts, state, reason: moved.reason.clone(), merge: moved.merge }))
}
