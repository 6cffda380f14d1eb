//! The merges of a run: made again from their parents and compared tree for tree, with the gates that let them through.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::ground::{Ground, Subject, Watch};
use super::rollbacks;
use crate::domain::gate::model::FailureAction;
use crate::domain::id::ObjectId;
use crate::domain::ledger::flaw::{Flaw, Place, Rule};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{Integration, Merge, Verdict};
use crate::domain::run::rollback::Rollback;
use crate::io::fs::Durability;
use crate::io::git::merge::{MergeResult, MergeSettings, Merger, Side};
use crate::io::git::objects::ObjectError;
use crate::io::git::prove::Depth;
use crate::io::git::refs::Refs;
use crate::ops::frozen;

/// What the entries so far have established.
#[derive(Default)]
struct Known {
    /// The newest verdict of each gate on each tree.
    verdicts: BTreeMap<(String, ObjectId), Verdict>,
    /// The tips at which workstreams were verified.
    verified: HashSet<(String, ObjectId)>,
    /// The integrations that were prepared, by their last commit.
    prepared: BTreeMap<ObjectId, Integration>,
    /// The rollbacks that were prepared, by their last commit.
    rollbacks: BTreeMap<ObjectId, Rollback>,
    /// The merges that were looked at.
    seen: BTreeSet<ObjectId>,
    /// The commits that the branch was moved to, oldest first.
    landed: Vec<ObjectId>,
}

/// Verifies the merges of a run, and that what landed had passed its gates.
pub fn check(ground: &mut Ground<'_>, subject: &Subject<'_>, tip: ObjectId, watch: Watch<'_>) {
    if !ground.is_sound() {
        return;
    }
    let gates: Vec<String> = match frozen::thaw(ground.ledger, tip, subject.run) {
        Ok(thawed) => {
            thawed.plan.gates.into_iter().filter(|gate| gate.on_failure == FailureAction::Block).map(|gate| gate.id.to_string()).collect()
        }
        Err(error) => {
            ground.problem(Rule::Plan, Place { run: Some(subject.run), ..Place::default() }, error.to_string());
            return;
        }
    };
    let merger = match ground.depth {
        Depth::Present => None,
        Depth::Hashed => MergeSettings::read(ground.repo).ok().and_then(|settings| Merger::open(ground.repo, &settings).ok()),
    };
    let mut known = Known::default();
    let mut at = subject_tip(subject);
    for (done, (ledger, entry)) in subject.entries.iter().enumerate() {
        let Some(event) = entry.event() else { continue };
        let place = Place::entry(subject.run, entry.id, *ledger);
        if let Event::GateFinished(gate) = event
            && !gate.advisory
        {
            known.verdicts.insert((gate.gate.clone(), gate.tree), gate.verdict);
        }
        if let Event::WorkstreamVerified(moved) = event
            && let Some(commit) = moved.commit
        {
            known.verified.insert((moved.workstream.to_string(), commit));
        }
        if let Event::IntegrationPrepared(integration) = event {
            check_start(ground, &place, integration, at);
            check_merges(ground, (subject, &place), integration, (&mut known, merger.as_ref()));
            known.prepared.insert(integration.commit, integration.clone());
        }
        if let Event::IntegrationAdvanced(integration) = event {
            if known.prepared.get(&integration.commit) != Some(integration) {
                ground.problem(Rule::Gate, place.clone(), "the branch moved to a merge that was not recorded as prepared");
                check_merges(ground, (subject, &place), integration, (&mut known, merger.as_ref()));
            }
            check_gates(ground, &place, integration.commit, (&known, &gates));
            known.landed.push(integration.commit);
            at = integration.commit;
        }
        if let Some(moved) = look_at_rollback(ground, (subject, &place), event, (&mut known, merger.as_ref(), &gates)) {
            at = moved;
        }
        watch("merges", done + 1, subject.entries.len());
    }
    if !ground.is_sound() {
        return;
    }
    rollbacks::check_patches(ground, subject);
    if let Err(error) = check_branch(ground, subject, &known.landed) {
        ground.problem(Rule::Object, Place::path(Some(subject.run), branch_name(subject)), error.to_string());
    }
}

/// Verifies what is told of a rollback; returns where the branch went with it.
fn look_at_rollback(
    ground: &mut Ground<'_>,
    (subject, place): (&Subject<'_>, &Place),
    event: &Event,
    (known, merger, gates): (&mut Known, Option<&Merger>, &[String]),
) -> Option<ObjectId> {
    let unnumbered = |rollback: &Rollback| Rollback { round: 0, ..rollback.clone() };
    if let Event::RollbackPrepared(rollback) = event {
        rollbacks::check(ground, (subject, place), rollback, merger);
        known.rollbacks.insert(rollback.new, unnumbered(rollback));
    }
    let Event::RolledBack(rollback) = event else { return None };
    if known.rollbacks.get(&rollback.new) != Some(&unnumbered(rollback)) {
        ground.problem(Rule::Gate, place.clone(), "the branch moved to a rollback that was not recorded as prepared");
        rollbacks::check(ground, (subject, place), rollback, merger);
    }
    check_gates(ground, place, rollback.new, (known, gates));
    known.landed.push(rollback.new);
    Some(rollback.new)
}

fn subject_tip(subject: &Subject<'_>) -> ObjectId {
    match subject.entries.first().and_then(|(_, entry)| entry.event()) {
        Some(Event::RunPlanned(planned)) => planned.tip,
        Some(_) | None => ObjectId::ZERO,
    }
}

/// A wave is merged onto the branch as it was, or, where there is none or it lags behind, onto where the run left it.
fn check_start(ground: &mut Ground<'_>, place: &Place, integration: &Integration, at: ObjectId) {
    let Some(first) = integration.merges.first() else {
        ground.problem(Rule::Merge, place.clone(), "it has no merge");
        return;
    };
    if ground.prover.commit(first.merge).is_err() {
        // Told of with the merges.
        return;
    }
    let start = ground.objects.read_commit(first.merge).ok().and_then(|commit| commit.parents.first().copied());
    if start.is_some_and(|start| start != at && Some(start) != integration.old) {
        ground.problem(Rule::Merge, place.clone(), "its first merge does not begin where the branch was");
    }
    if integration.merges.last().map(|last| last.merge) != Some(integration.commit) {
        ground.problem(Rule::Merge, place.clone(), "the branch is moved to something else than its last merge");
    }
}

fn check_merges(
    ground: &mut Ground<'_>,
    (subject, place): (&Subject<'_>, &Place),
    integration: &Integration,
    (known, merger): (&mut Known, Option<&Merger>),
) {
    let mut at = None;
    for merge in &integration.merges {
        let place = Place { commit: Some(merge.merge), ..place.clone() };
        if !known.verified.contains(&(merge.workstream.to_string(), merge.commit)) {
            ground.problem(Rule::Merge, place.clone(), format!("{} was merged at a commit that was not verified", merge.workstream));
        }
        if known.seen.insert(merge.merge) && ground.prove_commit(&place, merge.merge) && ground.is_sound() {
            match wrong(ground, subject, merge, (at, merger)) {
                Ok(None) => {}
                Ok(Some(what)) => ground.problem(Rule::Merge, place, what),
                Err(error) => ground.problem(Rule::Merge, place, error.to_string()),
            }
        }
        at = Some(merge.merge);
    }
}

/// Makes a merge again and compares.
fn wrong(
    ground: &Ground<'_>,
    subject: &Subject<'_>,
    merge: &Merge,
    (at, merger): (Option<ObjectId>, Option<&Merger>),
) -> Result<Option<String>, ObjectError> {
    let commit = ground.objects.read_commit(merge.merge)?;
    let [ours, theirs] = commit.parents.as_slice() else { return Ok(Some("it does not have two parents".to_owned())) };
    if *theirs != merge.commit || at.is_some_and(|at| at != *ours) {
        return Ok(Some("its parents are not those that were recorded".to_owned()));
    }
    let message = String::from_utf8_lossy(&commit.message);
    for trailer in
        [format!("Orc-Run: {}", subject.run), format!("Orc-Workstream: {}", merge.workstream), format!("Orc-Commit: {}", merge.commit)]
    {
        if !message.lines().any(|line| line == trailer) {
            return Ok(Some(format!("it has no trailer `{trailer}`")));
        }
    }
    let Some(merger) = merger else { return Ok(None) };
    let sides = (Side { commit: *ours, label: &subject.state.target }, Side { commit: *theirs, label: merge.workstream.as_str() });
    Ok(match merger.merge(sides.0, sides.1) {
        Ok(MergeResult::Clean(tree)) if tree == commit.tree => None,
        Ok(MergeResult::Clean(tree)) => Some(format!("its tree is {}, and merging its parents gives {tree}", commit.tree)),
        Ok(MergeResult::Conflict { .. }) => Some("merging its parents gives a conflict".to_owned()),
        Err(error) => Some(format!("it could not be made again: {error}")),
    })
}

fn check_gates(ground: &mut Ground<'_>, place: &Place, commit: ObjectId, (known, gates): (&Known, &[String])) {
    let Ok(tree) = ground.objects.tree_of(commit) else { return };
    for gate in gates {
        let what = match known.verdicts.get(&(gate.clone(), tree)) {
            Some(Verdict::Passed) => continue,
            Some(Verdict::Failed | Verdict::Error) => "did not pass",
            None => "was not run",
        };
        let place = Place { commit: Some(commit), ..place.clone() };
        ground.problem(Rule::Gate, place, format!("gate {gate} {what} on the tree that landed"));
    }
}

fn branch_name(subject: &Subject<'_>) -> String {
    format!("refs/heads/{}", subject.state.target)
}

/// What landed must lie on one line, and the branch must hold it. A branch of a run that is over may have been moved on purpose.
fn check_branch(ground: &mut Ground<'_>, subject: &Subject<'_>, landed: &[ObjectId]) -> Result<(), ObjectError> {
    let (Some(newest), name) = (landed.last().copied(), branch_name(subject)) else { return Ok(()) };
    for pair in landed.windows(2) {
        if let [before, after] = pair
            && !ground.objects.is_ancestor(*before, *after)?
        {
            let place = Place { path: Some(name.clone()), ..Place::commit(Some(subject.run), *after) };
            ground.problem(
                Rule::Branch,
                place,
                format!("what landed as {} does not hold {}, which had landed before", after.short(), before.short()),
            );
        }
    }
    let place = Place { path: Some(name.clone()), ..Place::commit(Some(subject.run), newest) };
    match Refs::new(ground.repo, Durability::Relaxed).read(&name) {
        Ok(None) => ground.warning(Rule::Branch, place, "the branch is gone"),
        Ok(Some(at)) if !ground.objects.exists(at) => {
            ground.problem(Rule::Object, place, format!("the branch leads to {at}, which is missing"));
        }
        Ok(Some(at)) if ground.objects.is_ancestor(newest, at)? => {}
        Ok(Some(at)) if subject.state.status.is_terminal() => {
            ground.flaws.push(Flaw::warning(
                Rule::Branch,
                place,
                format!("the branch is at {} and does not hold what landed last", at.short()),
            ));
        }
        Ok(Some(at)) => ground.problem(Rule::Branch, place, format!("the branch is at {} and does not hold what landed last", at.short())),
        Err(error) => ground.problem(Rule::Branch, place, error.to_string()),
    }
    Ok(())
}
