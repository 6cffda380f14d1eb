//! The rollbacks of a run: the commits that undo are made again and compared tree for tree, and every patch that is said to be undone has one.

use std::collections::BTreeMap;

use super::ground::{Ground, Subject};
use crate::domain::id::{ObjectId, PatchId};
use crate::domain::ledger::flaw::{Place, Rule};
use crate::domain::run::event::Event;
use crate::domain::run::rollback::{Revert, RevertKind, Rollback};
use crate::engine::revert::left_of;
use crate::io::git::merge::{MergeResult, Merger, Side};
use crate::io::git::objects::ObjectError;

/// Verifies the commits of a rollback: they lie on one line from where the branch was to where it went, and each undoes what it says.
pub fn check(ground: &mut Ground<'_>, (subject, place): (&Subject<'_>, &Place), rollback: &Rollback, merger: Option<&Merger>) {
    let mut at = rollback.old;
    let before = before(subject, rollback);
    for revert in &rollback.reverts {
        let place = Place { commit: Some(revert.commit), ..place.clone() };
        if ground.prove_commit(&place, revert.commit) && ground.prove_commit(&place, revert.of) && ground.is_sound() {
            match wrong(ground, subject, (revert, at, &before), merger) {
                Ok(None) => {}
                Ok(Some(what)) => ground.problem(Rule::Merge, place, what),
                Err(error) => ground.problem(Rule::Merge, place, error.to_string()),
            }
        }
        at = revert.commit;
    }
    let tree = ground.is_sound().then(|| ground.objects.tree_of(rollback.new).ok()).flatten();
    if at != rollback.new || tree.is_some_and(|tree| tree != rollback.tree) {
        ground.problem(Rule::Merge, place.clone(), "the branch is moved to something else than its last commit, or to another tree");
    }
}

/// Makes a commit that undoes another one again, and compares.
fn wrong(
    ground: &Ground<'_>,
    subject: &Subject<'_>,
    (revert, at, before): (&Revert, ObjectId, &[Revert]),
    merger: Option<&Merger>,
) -> Result<Option<String>, ObjectError> {
    let commit = ground.objects.read_commit(revert.commit)?;
    if commit.parents != [at] || ground.objects.read_commit(revert.of)?.parents.first() != Some(&revert.mainline) {
        return Ok(Some("its parents are not those that were recorded".to_owned()));
    }
    if revert.kind == RevertKind::Workstream && !merges(subject).any(|merge| merge == revert.of) {
        return Ok(Some(format!("it undoes {}, which the run did not merge", revert.of.short())));
    }
    let message = String::from_utf8_lossy(&commit.message);
    for trailer in
        [format!("Orc-Run: {}", subject.run), format!("Orc-Workstream: {}", revert.workstream), format!("Orc-Reverts: {}", revert.of)]
    {
        if !message.lines().any(|line| line == trailer) {
            return Ok(Some(format!("it has no trailer `{trailer}`")));
        }
    }
    let Some(merger) = merger else { return Ok(None) };
    let label = format!("before-{}", revert.workstream);
    let sides = (Side { commit: at, label: &subject.state.target }, Side { commit: revert.mainline, label: &label });
    let base = match revert.kind {
        RevertKind::Workstream => left_of(merger, (&revert.workstream, revert.of), before),
        RevertKind::Patch => Ok(revert.of),
    };
    Ok(match base.and_then(|base| merger.merge_over(base, sides.0, sides.1)) {
        Ok(MergeResult::Clean(tree)) if tree == commit.tree => None,
        Ok(MergeResult::Clean(tree)) => Some(format!("its tree is {}, and undoing {} gives {tree}", commit.tree, revert.of.short())),
        Ok(MergeResult::Conflict { .. }) => Some(format!("undoing {} gives a conflict", revert.of.short())),
        Err(error) => Some(format!("it could not be made again: {error}")),
    })
}

/// Returns what had been undone when a rollback was made, in order.
fn before(subject: &Subject<'_>, rollback: &Rollback) -> Vec<Revert> {
    let landed = subject.events().filter_map(|event| {
        let Event::RolledBack(earlier) = event else { return None };
        (earlier.round < rollback.round).then_some(&earlier.reverts)
    });
    landed.flatten().cloned().collect()
}

fn merges<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = ObjectId> + 's {
    let advanced = subject.events().filter_map(|event| {
        let Event::IntegrationAdvanced(integration) = event else { return None };
        Some(&integration.merges)
    });
    advanced.flatten().map(|merge| merge.merge)
}

/// Verifies that the patches that are said to be undone are those that landed rollbacks undid, each by the commit that it names.
pub fn check_patches(ground: &mut Ground<'_>, subject: &Subject<'_>) {
    let mut undone: BTreeMap<PatchId, ObjectId> = BTreeMap::new();
    let mut told: BTreeMap<PatchId, ObjectId> = BTreeMap::new();
    for event in subject.events() {
        if let Event::RolledBack(rollback) = event {
            undone.extend(rollback.reverts.iter().flat_map(|revert| revert.patches.iter().map(|patch| (*patch, revert.commit))));
        }
        if let Event::PatchReverted(moved) = event {
            told.insert(moved.patch, moved.merge.unwrap_or(ObjectId::ZERO));
        }
    }
    let place = Place { run: Some(subject.run), ..Place::default() };
    for (patch, commit) in &told {
        if undone.get(patch) != Some(commit) {
            let place = Place { commit: Some(*commit), ..place.clone() };
            ground.problem(Rule::Patch, place, format!("patch {patch} is said to be undone, and no rollback did that"));
        }
    }
    for (patch, commit) in undone.iter().filter(|(patch, _)| !told.contains_key(patch)) {
        let place = Place { commit: Some(*commit), ..place.clone() };
        ground.problem(Rule::Patch, place, format!("patch {patch} was undone, and that is not told of it"));
    }
}
