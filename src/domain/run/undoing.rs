//! What is recorded when merged work was undone.

use super::event::Event;
use super::fact::PatchMoved;
use super::machine_error::IllegalTransition;
use super::next::patch_moved;
use super::rollback::Rollback;
use super::state::{PatchStatus, RunState};

/// Returns the events that tell that the branch has moved to a prepared rollback.
///
/// # Errors
/// Returns [`IllegalTransition`] when the run does not know a workstream.
pub fn landed(rollback: &Rollback, state: &RunState) -> Result<Vec<Event>, IllegalTransition> {
    // It comes first: whoever writes it need not be the one who wrote what stands before it.
    let mut events = vec![Event::RolledBack(rollback.clone())];
    for revert in &rollback.reverts {
        let unknown = || IllegalTransition::new(format!("workstream {}", revert.workstream), "unknown", "a rollback");
        let one = state.workstreams.get(&revert.workstream).ok_or_else(unknown)?;
        let undone = one.patches.iter().filter(|patch| patch.status == PatchStatus::Merged && revert.patches.contains(&patch.id));
        events.extend(undone.map(|patch| {
            let moved = patch_moved(&revert.workstream, patch, Some(rollback.reason.clone()));
            Event::PatchReverted(PatchMoved { merge: Some(revert.commit), ..moved })
        }));
    }
    Ok(events)
}
