//! The states that one patch went through.

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
    let stand = |entry: &Entry| {
        let event = entry.event()?;
        let state = event.kind().strip_prefix("patch_")?.to_owned();
        if let Event::PatchCreated(created) = event {
            return (created.patch == patch).then_some(PatchStand { time: entry.ts, state, reason: None, merge: None });
        }
        let moved = event.patch_moved().filter(|moved| moved.patch == patch)?;
        Some(PatchStand { time: entry.ts, state, reason: moved.reason.clone(), merge: moved.merge })
    };
    entries.iter().filter_map(stand).collect()
}
