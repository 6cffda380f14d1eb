//! What is to be undone, in reverse order of merging.

use super::error::RollbackError;
use crate::domain::id::{PatchId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::Merge;
use crate::domain::run::rollback::RevertKind;
use crate::domain::run::state::{PatchRecord, PatchStatus, RunState, WorkstreamState, WorkstreamStatus};
use crate::engine::revert::Undo;
use crate::io::git::objects::Objects;
use crate::ops::find::Meant;

/// What was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything that a run has merged.
    Run,
    /// A workstream.
    Workstream(WorkstreamId),
    /// A patch of a workstream.
    Patch(WorkstreamId, PatchId),
}

impl Wanted {
    /// Returns what a name means.
    #[must_use]
    pub fn of(meant: &Meant) -> Self {
        match meant {
            Meant::Run(_) => Self::Run,
            Meant::Workstream(_, id) => Self::Workstream(id.clone()),
            Meant::Patch(_, id, patch) => Self::Patch(id.clone(), *patch),
        }
    }

    /// Returns its name for a sentence.
    #[must_use]
    pub fn name(&self, state: &RunState) -> String {
        match self {
            Self::Run => format!("run {}", state.run),
            Self::Workstream(id) => format!("workstream {id}"),
            Self::Patch(id, patch) => format!("patch {patch} of {id}"),
        }
    }

    /// Returns whether a workstream is meant, or some of it.
    #[must_use]
    pub fn is_about(&self, workstream: &WorkstreamId) -> bool {
        match self {
            Self::Run => true,
            Self::Workstream(id) | Self::Patch(id, _) => id == workstream,
        }
    }
}

/// Returns what a run has merged, in the order of merging.
#[must_use]
pub fn landed(entries: &[Entry]) -> Vec<Merge> {
    let advanced = entries.iter().filter_map(|entry| match entry.event() {
        Some(Event::IntegrationAdvanced(integration)) => Some(&integration.merges),
        Some(_) | None => None,
    });
    advanced.flatten().cloned().collect()
}

/// Returns how a merged workstream is undone as a whole; `None` when it is not merged, or not any more.
#[must_use]
pub fn whole(id: &WorkstreamId, one: &WorkstreamState) -> Option<Undo> {
    let WorkstreamStatus::Merged { merge } = one.status else { return None };
    let patches = merged(one).map(|patch| patch.id).collect();
    Some(Undo { workstream: id.clone(), kind: RevertKind::Workstream, of: merge, patches })
}

fn merged(one: &WorkstreamState) -> impl Iterator<Item = &PatchRecord> {
    one.patches.iter().filter(|patch| patch.status == PatchStatus::Merged)
}

/// Returns what is to be undone, in no order; nothing when all of it was undone before.
///
/// # Errors
/// Returns [`RollbackError`] when it was never merged, or can not be undone by itself.
pub fn undos(objects: &Objects, state: &RunState, wanted: &Wanted) -> Result<Vec<Undo>, RollbackError> {
    match wanted {
        Wanted::Run => {
            let all: Vec<Undo> = state.workstreams.iter().filter_map(|(id, one)| whole(id, one)).collect();
            let was_merged = state.rollbacks.reverts().next().is_some();
            if all.is_empty() && !was_merged { Err(RollbackError::NothingMerged { what: wanted.name(state) }) } else { Ok(all) }
        }
        Wanted::Workstream(id) => {
            let one = one(state, id, wanted)?;
            match (whole(id, one), &one.status) {
                (Some(undo), _) => Ok(vec![undo]),
                (None, WorkstreamStatus::Reverted { .. }) => Ok(Vec::new()),
                (None, status) => Err(RollbackError::NotMerged { what: wanted.name(state), status: status.word() }),
            }
        }
        Wanted::Patch(id, patch) => of_patch(objects, (id, one(state, id, wanted)?), *patch),
    }
}

fn one<'s>(state: &'s RunState, id: &WorkstreamId, wanted: &Wanted) -> Result<&'s WorkstreamState, RollbackError> {
    state.workstreams.get(id).ok_or_else(|| RollbackError::NothingMerged { what: wanted.name(state) })
}

/// The only merged patch of a workstream is the workstream; of several ones the newest is undone by itself.
fn of_patch(objects: &Objects, (id, one): (&WorkstreamId, &WorkstreamState), patch: PatchId) -> Result<Vec<Undo>, RollbackError> {
    let what = || format!("patch {patch} of {id}");
    let record = one.patches.iter().find(|record| record.id == patch);
    let record = record.ok_or_else(|| RollbackError::NothingMerged { what: what() })?;
    if record.status == PatchStatus::Reverted {
        return Ok(Vec::new());
    }
    let Some(all) = whole(id, one).filter(|_| record.status == PatchStatus::Merged) else {
        return Err(RollbackError::NotMerged { what: what(), status: record.status.word() });
    };
    if all.patches.len() == 1 {
        return Ok(vec![all]);
    }
    let newer: Vec<PatchId> = all.patches.iter().copied().skip_while(|id| *id != patch).skip(1).collect();
    if !newer.is_empty() {
        return Err(RollbackError::NewerPatches { patch, workstream: id.to_string(), newer });
    }
    if objects.read_commit(record.commit)?.parents.len() != 1 {
        return Err(RollbackError::Joins { patch, workstream: id.to_string() });
    }
    Ok(vec![Undo { workstream: id.clone(), kind: RevertKind::Patch, of: record.commit, patches: vec![patch] }])
}

/// Puts what is to be undone into reverse order of merging.
pub fn sort(undos: &mut [Undo], landed: &[Merge]) {
    let place = |undo: &Undo| landed.iter().position(|merge| merge.workstream == undo.workstream);
    undos.sort_by_key(|undo| std::cmp::Reverse(place(undo)));
}
