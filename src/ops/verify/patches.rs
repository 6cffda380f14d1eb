//! The patches of a run: their commits are what was recorded of them, and everything that an entry names is there.

use std::collections::{BTreeMap, HashSet};

use super::ground::{Ground, Subject, Watch};
use crate::domain::id::{ObjectId, PatchId};
use crate::domain::ledger::flaw::{Place, Rule};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{PatchCreated, PatchMoved, PatchOrigin};
use crate::engine::capture;
use crate::io::git::objects::{Commit, ObjectError};
use crate::io::git::prove::Depth;

/// Verifies the patches of a run.
pub fn check(ground: &mut Ground<'_>, subject: &Subject<'_>, watch: Watch<'_>) {
    let given_up = given_up(subject);
    let mut created: BTreeMap<PatchId, &PatchCreated> = BTreeMap::new();
    for (done, (ledger, entry)) in subject.entries.iter().enumerate() {
        let Some(event) = entry.event() else { continue };
        let place = Place::entry(subject.run, entry.id, *ledger);
        if let Event::PatchCreated(patch) = event {
            created.insert(patch.patch, patch);
            if !given_up.contains(&patch.commit) {
                check_created(ground, subject, (&place, patch));
            }
        }
        if let Some(moved) = event.patch_moved()
            && !created.get(&moved.patch).is_some_and(|patch| is_same(patch, moved))
        {
            ground.problem(
                Rule::Patch,
                place.clone(),
                format!("what it says of patch {} is not what was recorded when it was made", moved.patch),
            );
        }
        for commit in named(event).into_iter().filter(|commit| !given_up.contains(commit)) {
            if let Err(damage) = ground.prover.commit(commit) {
                ground.problem(Rule::Object, place.clone(), format!("commit {commit} {damage}"));
            }
        }
        watch("patches", done + 1, subject.entries.len());
    }
}

/// Returns the commits that a garbage collection gave up by name.
fn given_up(subject: &Subject<'_>) -> HashSet<ObjectId> {
    let collected = subject.entries.iter().filter_map(|(_, entry)| match entry.event() {
        Some(Event::GarbageCollected(collected)) => Some(&collected.dropped),
        Some(_) | None => None,
    });
    collected.flatten().map(|dropped| dropped.commit).collect()
}

fn is_same(created: &PatchCreated, moved: &PatchMoved) -> bool {
    (created.commit, created.files, created.insertions, created.deletions) == (moved.commit, moved.files, moved.insertions, moved.deletions)
        && (&created.workstream, &created.step, created.attempt, &created.tool)
            == (&moved.workstream, &moved.step, moved.attempt, &moved.tool)
}

/// Returns the commits that an event names, those of patches apart.
fn named(event: &Event) -> Vec<ObjectId> {
    let mut named = Vec::new();
    if let Some(moved) = event.workstream_moved() {
        named.extend([moved.commit, moved.merge, moved.tip].into_iter().flatten());
    }
    if let Some(moved) = event.run_moved() {
        named.push(moved.tip);
    }
    if let Some(moved) = event.patch_moved() {
        named.extend([Some(moved.commit), moved.merge].into_iter().flatten());
    }
    if let Event::RunPlanned(planned) = event {
        named.extend([planned.base, planned.tip]);
    }
    if let Event::WaveStarted(moved) | Event::WaveFinished(moved) = event {
        named.push(moved.tip);
    }
    named
}

fn check_created(ground: &mut Ground<'_>, subject: &Subject<'_>, (place, patch): (&Place, &PatchCreated)) {
    let has_parent = patch.parent != ObjectId::ZERO;
    let is_sound = ground.prove_commit(place, patch.commit) && (!has_parent || ground.prove_commit(place, patch.parent));
    if !is_sound || !ground.is_sound() {
        return;
    }
    let told = match ground.objects.read_commit(patch.commit).and_then(|commit| wrong(ground, subject, patch, &commit)) {
        Ok(told) => told,
        Err(error) => vec![error.to_string()],
    };
    for what in told {
        ground.problem(Rule::Patch, Place { commit: Some(patch.commit), ..place.clone() }, what);
    }
}

fn wrong(ground: &Ground<'_>, subject: &Subject<'_>, patch: &PatchCreated, commit: &Commit) -> Result<Vec<String>, ObjectError> {
    let mut wrong = Vec::new();
    if commit.tree != patch.tree {
        wrong.push(format!("the commit has the tree {}, the entry says {}", commit.tree, patch.tree));
    }
    let has_parent = commit.parents.contains(&patch.parent) || (commit.parents.is_empty() && patch.parent == ObjectId::ZERO);
    if !has_parent {
        wrong.push(format!("the commit does not have the parent {} that the entry says", patch.parent));
    }
    let message = String::from_utf8_lossy(&commit.message);
    // A commit that a resume found and took over has the name that its own driver had given it.
    let is_named = patch.origin != PatchOrigin::Salvage;
    let mut expected = vec![format!("Orc-Run: {}", subject.run), format!("Orc-Workstream: {}", patch.workstream)];
    expected.extend(is_named.then(|| format!("Orc-Patch: {}", patch.patch)));
    for trailer in expected.iter().filter(|trailer| !message.lines().any(|line| line == trailer.as_str())) {
        wrong.push(format!("the commit has no trailer `{trailer}`"));
    }
    if ground.depth == Depth::Hashed && has_parent {
        let before = (patch.parent != ObjectId::ZERO).then(|| ground.objects.tree_of(patch.parent)).transpose()?;
        let changes = ground.objects.diff_trees(before, Some(patch.tree))?;
        let stat = ground.objects.stat_of(&changes)?;
        if capture::digest(&changes) != patch.digest {
            wrong.push("the commit changes something else than what was recorded: the digests differ".to_owned());
        }
        if (stat.files, stat.insertions, stat.deletions) != (patch.files, patch.insertions, patch.deletions) {
            wrong.push(format!(
                "the commit changes {} files, +{} -{}; the entry says {} files, +{} -{}",
                stat.files, stat.insertions, stat.deletions, patch.files, patch.insertions, patch.deletions
            ));
        }
    }
    Ok(wrong)
}
