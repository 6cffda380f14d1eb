//! What hangs on the ledger and can be given again from it: notes, the refs that keep commits alive, kept outputs.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::ground::{Ground, Subject};
use crate::domain::id::{ObjectId, RunId};
use crate::domain::ledger::flaw::{Place, Rule};
use crate::domain::run::event::Event;
use crate::domain::run::fact::OutputRef;
use crate::domain::run::keeping::{keep_alive, merged_ref};
use crate::domain::run::rollback_wording::{revert_note, reverted_lines};
use crate::domain::run::state::{PatchStatus, RunState};
use crate::domain::run::wording::{merge_note, patch_note};
use crate::io::fs::{self, Durability};
use crate::io::git::notes::{NOTES_REF, Notes};
use crate::io::git::prove::Depth;
use crate::io::git::refs::Refs;

/// Returns the notes that a run must have, by the commit that they are on.
#[must_use]
pub fn notes_of<'e>(state: &RunState, events: impl Iterator<Item = &'e Event>) -> BTreeMap<ObjectId, String> {
    let mut notes = BTreeMap::new();
    let mut merged = Vec::new();
    for event in events {
        if let Event::IntegrationAdvanced(integration) = event {
            for merge in &integration.merges {
                merged.push(&merge.workstream);
                let one = state.workstreams.get(&merge.workstream);
                notes.insert(merge.merge, merge_note(state.run, &merge.workstream, (integration.wave, merge.commit), one));
            }
        }
        if let Event::RolledBack(rollback) = event {
            for revert in &rollback.reverts {
                notes.insert(revert.commit, revert_note(state.run, revert, &rollback.reason));
                if let Some(note) = notes.get_mut(&revert.of) {
                    note.push_str(&reverted_lines(revert, &rollback.reason));
                }
            }
        }
    }
    for (id, one) in &state.workstreams {
        let told = merged.contains(&id);
        for patch in one.patches.iter().filter(|patch| told || (is_over(state) && patch.status != PatchStatus::Merged)) {
            notes.insert(patch.commit, patch_note(state.run, id, patch));
        }
    }
    notes
}

const fn is_over(state: &RunState) -> bool {
    state.status.is_terminal()
}

/// Compares the notes with the ledger.
pub fn check_notes(ground: &mut Ground<'_>, subject: &Subject<'_>) {
    let tip = Refs::new(ground.repo, Durability::Relaxed).read(NOTES_REF).ok().flatten();
    let notes = Place::path(Some(subject.run), NOTES_REF);
    if tip.is_some_and(|tip| !ground.prove_commit(&notes, tip)) {
        return;
    }
    let expected = notes_of(subject.state, subject.events());
    let store = Notes::new(ground.repo, Durability::Relaxed);
    let place = Place::path(Some(subject.run), NOTES_REF);
    let mut missing = 0;
    for (commit, text) in &expected {
        match store.lookup(*commit) {
            Ok(Some(found)) if found == *text => {}
            Ok(Some(_)) => {
                let place = Place { commit: Some(*commit), ..place.clone() };
                ground.warning(Rule::Note, place, "the note says something else than the ledger");
            }
            Ok(None) => missing += 1,
            Err(error) => {
                ground.problem(Rule::Note, place, error.to_string());
                return;
            }
        }
    }
    if missing > 0 {
        ground.warning(Rule::Note, place, format!("{missing} of {} notes are missing", expected.len()));
    }
}

/// Returns the refs that must be there for a run, and what they must lead to.
#[must_use]
pub fn refs_of<'e>(run: RunId, events: impl Iterator<Item = &'e Event>) -> BTreeMap<String, ObjectId> {
    let mut refs = BTreeMap::new();
    let mut landed = None;
    for event in events {
        refs.extend(keep_alive(run, event));
        if let Event::IntegrationAdvanced(integration) = event {
            landed = Some(integration.commit);
        }
        if let Event::RolledBack(rollback) = event {
            landed = Some(rollback.new);
        }
        if let Event::GarbageCollected(collected) = event {
            for gone in &collected.refs {
                refs.remove(&gone.name);
            }
            // One ref took the place of those that went, unless a patch was given up with them.
            if let Some(landed) = landed.filter(|_| !collected.refs.is_empty() && collected.dropped.is_empty()) {
                refs.insert(merged_ref(run), landed);
            }
        }
    }
    refs
}

/// Looks for the refs that keep the commits of a run alive.
pub fn check_refs(ground: &mut Ground<'_>, subject: &Subject<'_>) {
    let refs = Refs::new(ground.repo, Durability::Relaxed);
    for (name, commit) in refs_of(subject.run, subject.events()) {
        let place = Place { path: Some(name.clone()), ..Place::commit(Some(subject.run), commit) };
        match refs.read(&name) {
            Ok(Some(found)) if found == commit => {}
            Ok(None) => ground.warning(Rule::Ref, place, "the ref is gone"),
            Ok(Some(found)) => {
                // A driver had made the commit, on top of the last one or as another attempt beside it, and had not told of it yet.
                let parent = |id| ground.objects.read_commit(id).ok().and_then(|commit| commit.parents.first().copied());
                let is_next = || ground.objects.is_ancestor(commit, found).unwrap_or(false) || parent(commit) == parent(found);
                let is_ahead = !is_over(subject.state) && is_next();
                let text = format!("the ref leads to {}, the ledger says {}", found.short(), commit.short());
                if is_ahead { ground.warning(Rule::Ref, place, text) } else { ground.problem(Rule::Ref, place, text) }
            }
            Err(error) => ground.problem(Rule::Ref, place, error.to_string()),
        }
    }
}

/// Compares the kept outputs, as far as they are still there, with what was recorded of them.
pub fn check_outputs(ground: &mut Ground<'_>, subject: &Subject<'_>) {
    if ground.depth == Depth::Present {
        return;
    }
    let folder = ground.repo.orc_dir().join("runs").join(subject.run.lower());
    // A gate that is run again on the same tree writes into the same file: the last entry counts.
    let mut outputs: BTreeMap<&str, (Place, &OutputRef)> = BTreeMap::new();
    for (ledger, entry) in subject.entries {
        let output = match entry.event() {
            Some(Event::StepFinished(step)) => step.output.as_ref(),
            Some(Event::GateFinished(gate)) => gate.output.as_ref(),
            Some(_) | None => None,
        };
        if let Some(output) = output {
            outputs.insert(&output.path, (Place::entry(subject.run, entry.id, *ledger).at(output.path.as_str()), output));
        }
    }
    for (path, (place, output)) in outputs {
        match fs::read_if_exists(&folder.join(path)) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                if (bytes.len() as u64, &found) != (output.bytes, &output.sha256) {
                    ground.problem(Rule::Output, place, "the file is not the one that was recorded");
                }
            }
            Err(error) => ground.warning(Rule::Output, place, error.to_string()),
        }
    }
}
