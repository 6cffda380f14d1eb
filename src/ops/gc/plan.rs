//! Which refs of a run may go, because something that stays keeps their commits alive.

use crate::domain::id::ObjectId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::keeping::merged_ref;
use crate::domain::run::state::RunState;
use crate::domain::run::tending::DroppedRef;
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::refs::{RefError, Refs};

/// The error of finding out what keeps commits alive.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A ref can not be read.
    #[error(transparent)]
    Ref(#[from] RefError),
}

/// Something that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What becomes of the refs of a run.
#[derive(Debug)]
pub struct Keeping {
    /// The refs that may go.
    pub gone: Vec<DroppedRef>,
    /// The refs that stay, and why.
    pub kept: Vec<Kept>,
    /// What landed last; it holds everything that was merged.
    pub merged: Option<ObjectId>,
}

/// Finds out which refs of a run may go. What landed last gets one ref that keeps everything in it; a ref whose commit lies behind that one
/// is needed no more. Every other ref stays: it is all that keeps a patch.
///
/// # Errors
/// Returns [`PlanError`] when a ref or a commit can not be read.
pub fn of_run(objects: &Objects, refs: &Refs, (state, entries): (&RunState, &[Entry])) -> Result<Keeping, PlanError> {
    let landed = entries.iter().rev().find_map(|entry| match entry.event() {
        Some(Event::IntegrationAdvanced(integration)) => Some(integration.commit),
        Some(Event::RolledBack(rollback)) => Some(rollback.new),
        Some(_) | None => None,
    });
    let merged = landed.filter(|landed| objects.exists(*landed));
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for (name, commit) in own(refs, state)? {
        // A commit that is missing keeps nothing alive, and a repair may need its name.
        let is_behind = match merged {
            Some(merged) if objects.exists(commit) => objects.is_ancestor(commit, merged)?,
            Some(_) | None => false,
        };
        if is_behind {
            gone.push(DroppedRef { name, commit });
        } else {
            kept.push(Kept { why: why(state, commit), what: name });
        }
    }
    Ok(Keeping { gone, kept, merged })
}

/// Returns the refs that a run has now.
fn own(refs: &Refs, state: &RunState) -> Result<Vec<(String, ObjectId)>, RefError> {
    let run = state.run.lower();
    let mut own = Vec::new();
    for kind in ["ws", "kept"] {
        own.extend(refs.list(&format!("refs/orc/{kind}/{run}/"))?);
    }
    let patches = state.workstreams.values().flat_map(|one| &one.patches);
    let single = patches.map(|patch| crate::domain::run::keeping::quarantine_ref(&patch.id.lower()));
    for name in single.chain([crate::domain::run::keeping::prepared_ref(state.run)]) {
        own.extend(refs.read(&name)?.map(|commit| (name, commit)));
    }
    own.retain(|(name, _)| *name != merged_ref(state.run));
    Ok(own)
}

fn why(state: &RunState, commit: ObjectId) -> String {
    let mut patches = state.workstreams.values().flat_map(|one| &one.patches);
    let patch = patches.rfind(|patch| patch.commit == commit);
    match patch {
        Some(patch) => {
            let reason = patch.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("it keeps patch {}, which is {}{reason}", patch.id, patch.status.word())
        }
        None => "it keeps commits that were not merged".to_owned(),
    }
}
