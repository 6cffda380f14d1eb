//! `gc --drop`: gives up one patch that was not merged, by name and with a reason. Nothing else ever takes a patch away.

use crate::domain::id::PatchId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::keeping::refs_of_patch;
use crate::domain::run::state::PatchStatus;
use crate::domain::run::tending::{Collected, DroppedPatch, DroppedRef};
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::refs::{RefError, Refs};
use crate::ops::context::Context;
use crate::ops::find::{FindError, Meant, find};
use crate::ops::gc::Effect;
use crate::ops::load::{LoadError, run_entries};
use crate::ops::tend::{TendError, record};

/// The error of giving up a patch.
#[derive(Debug, thiserror::Error)]
pub enum GiveUpError {
    /// There is no such patch.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The patch can not be given up.
    #[error("patch {patch} is {status}, and only what was put aside can be given up")]
    Needed {
        /// The patch.
        patch: PatchId,
        /// Where it stands.
        status: &'static str,
    },
    /// What is named is no patch.
    #[error("`{0}` is no patch")]
    NoPatch(String),
    /// Somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It could not be recorded.
    #[error("nothing was given up, since it could not be recorded")]
    Tend(#[from] TendError),
    /// A ref can not be read or removed.
    #[error(transparent)]
    Ref(#[from] RefError),
}

/// What was given up, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The patch.
    pub patch: DroppedPatch,
    /// The refs that kept it.
    pub refs: Vec<DroppedRef>,
}

/// Gives up a patch. It is recorded first; git's own garbage collection takes the commit when nothing else leads to it.
///
/// # Errors
/// Returns [`GiveUpError`] when there is no such patch, it is needed, or somebody drives its run.
pub fn give_up(cx: &Context, effect: Effect, (name, reason): (&str, &str)) -> Result<GivenUp, GiveUpError> {
    let Meant::Patch(state, workstream, patch) = find(&cx.ledger(), name)? else { return Err(GiveUpError::NoPatch(name.to_owned())) };
    let held = RunLock::take(&cx.repo, state.run)?;
    let record_of = state.workstreams.get(&workstream).and_then(|one| one.patches.iter().find(|one| one.id == patch));
    let one = record_of.ok_or_else(|| GiveUpError::NoPatch(name.to_owned()))?;
    let is_aside = match one.status {
        PatchStatus::Rejected | PatchStatus::Superseded | PatchStatus::Quarantined | PatchStatus::Dropped => true,
        PatchStatus::Created
        | PatchStatus::Validated
        | PatchStatus::Applied
        | PatchStatus::Verified
        | PatchStatus::Merged
        | PatchStatus::Reverted => false,
    };
    // While the run goes on, a resume may look at what was put aside.
    if !is_aside || !state.status.is_terminal() {
        let status = if is_aside { "part of a run that is not over" } else { one.status.word() };
        return Err(GiveUpError::Needed { patch, status });
    }
    let refs = Refs::new(&cx.repo, cx.durability());
    let entries = run_entries(&cx.ledger(), state.run)?;
    let mut gone = Vec::new();
    for name in refs_of_patch(state.run, patch, &workstream, entries.iter().filter_map(Entry::event)) {
        if let Some(commit) = refs.read(&name)?.filter(|commit| *commit == one.commit) {
            gone.push(DroppedRef { name, commit });
        }
    }
    let given_up = GivenUp { patch: DroppedPatch { patch, commit: one.commit, reason: reason.to_owned() }, refs: gone };
    if effect == Effect::Take {
        let (dropped, gone) = (vec![given_up.patch.clone()], given_up.refs.clone());
        record(cx, &held, state.run, |round| Event::GarbageCollected(Collected { round, refs: gone, dropped, ..Collected::default() }))?;
        for one in &given_up.refs {
            match refs.delete(&one.name, one.commit) {
                // Somebody moved it on: it is not ours to remove.
                Ok(()) | Err(RefError::Changed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(given_up)
}
