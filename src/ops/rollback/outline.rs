//! What a rollback would do: what is undone in which order, what goes along, and what stands in the way.

use std::collections::BTreeMap;

use super::error::RollbackError;
use super::refusal::{Dependent, Obstacle, Refusal, Whose};
use super::target::{sort, whole};
use crate::domain::id::{ObjectId, RunId, WorkstreamId};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::run::fact::Merge;
use crate::domain::run::rollback::Revert;
use crate::domain::run::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::engine::revert::{Later, Reverter, Undo, Undone, later_changes};
use crate::io::git::merge::Merger;
use crate::ops::context::Context;
use crate::ops::descent::done_again;
use crate::ops::load::{load_state, runs};

/// What would be left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The commits that undo, in order.
    pub reverts: Vec<Revert>,
    /// The last one.
    pub tip: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
}

/// What a rollback would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The branch now.
    pub old: ObjectId,
    /// What is undone, in order.
    pub undos: Vec<Undo>,
    /// What goes along because it depends on the rest.
    pub along: Vec<Dependent>,
    /// What would be left, if nothing stands in the way.
    pub made: Option<Made>,
    /// What stands in the way.
    pub refusal: Option<Refusal>,
}

/// Whether what depends on something is taken along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cascade {
    /// It is.
    TakeAlong,
    /// It stands in the way.
    Refuse,
}

/// What outlines are made of.
pub struct Ground<'a> {
    /// The repository.
    pub cx: &'a Context,
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// Where the run stands.
    pub state: &'a RunState,
    /// What it merged, in order.
    pub landed: &'a [Merge],
    /// Merges commits.
    pub merger: &'a Merger,
    /// Who undoes, and why.
    pub reverter: Reverter<'a>,
}

impl Ground<'_> {
    /// Finds out what undoing something means.
    ///
    /// # Errors
    /// Returns [`RollbackError`] when that can not be found out; what stands in the way is no error.
    pub fn outline(&self, old: ObjectId, undos: Vec<Undo>, cascade: Cascade) -> Result<Outline, RollbackError> {
        let mut outline = Outline { old, undos, along: Vec::new(), made: None, refusal: None };
        loop {
            let dependents = self.dependents(&outline.undos);
            if !dependents.is_empty() {
                if cascade == Cascade::Refuse {
                    outline.refusal = Some(Refusal::Depended(dependents));
                    sort(&mut outline.undos, self.landed);
                    return Ok(outline);
                }
                self.take_along(&mut outline, dependents);
                continue;
            }
            sort(&mut outline.undos, self.landed);
            let elsewhere = self.elsewhere(&outline.undos)?;
            if !elsewhere.is_empty() {
                outline.refusal = Some(Refusal::DependedElsewhere(elsewhere));
                return Ok(outline);
            }
            let at_work = self.at_work(&outline.undos);
            if !at_work.is_empty() {
                outline.refusal = Some(Refusal::AtWork(at_work));
                return Ok(outline);
            }
            match self.reverter.undo(self.merger, old, &outline.undos)? {
                Undone::Made { reverts, tip, tree } => {
                    outline.made = Some(Made { reverts, tip, tree });
                    return Ok(outline);
                }
                Undone::Conflict { undo, paths } => {
                    let obstacles = self.obstacles(old, (&undo, &paths), &outline.undos)?;
                    let own = own(&obstacles, &outline.undos);
                    if cascade == Cascade::TakeAlong && !own.is_empty() && own.len() == obstacles.len() {
                        self.take_along(&mut outline, own);
                        continue;
                    }
                    outline.refusal = Some(Refusal::Conflict { workstream: undo.workstream, paths, obstacles });
                    return Ok(outline);
                }
            }
        }
    }

    fn one(&self, id: &WorkstreamId) -> Option<&WorkstreamState> {
        self.state.workstreams.get(id)
    }

    fn take_along(&self, outline: &mut Outline, dependents: Vec<Dependent>) {
        for dependent in dependents {
            // What was to be undone in part goes as a whole when its own later work is in the way.
            outline.undos.retain(|undo| undo.workstream != dependent.workstream);
            outline.undos.extend(self.one(&dependent.workstream).and_then(|one| whole(&dependent.workstream, one)));
            outline.along.push(dependent);
        }
    }

    /// Returns the merged workstreams that depend on something, also by others in between.
    fn dependents(&self, undos: &[Undo]) -> Vec<Dependent> {
        let mut found: Vec<Dependent> = Vec::new();
        let is_undone = |id: &WorkstreamId| undos.iter().any(|undo| undo.workstream == *id);
        let mut grown = true;
        while grown {
            grown = false;
            for workstream in &self.plan.workstreams {
                let is_known = is_undone(&workstream.id) || found.iter().any(|one| one.workstream == workstream.id);
                let on = workstream.depends_on.iter().find(|on| is_undone(on) || found.iter().any(|one| one.workstream == **on));
                let is_merged = self.one(&workstream.id).is_some_and(|one| matches!(one.status, WorkstreamStatus::Merged { .. }));
                if let (false, true, Some(on)) = (is_known, is_merged, on) {
                    found.push(Dependent { workstream: workstream.id.clone(), on: Some(on.clone()), paths: Vec::new() });
                    grown = true;
                }
            }
        }
        found
    }

    /// Returns the workstreams that depend on something and that a later run merged, which did again what this one had not merged. They are of
    /// the same plan, where what this run merged counted as done.
    fn elsewhere(&self, undos: &[Undo]) -> Result<Vec<(RunId, Dependent)>, RollbackError> {
        let mut found = Vec::new();
        for state in done_again(&self.cx.ledger(), self.state)? {
            for workstream in &self.plan.workstreams {
                let on = workstream.depends_on.iter().find(|on| undos.iter().any(|undo| undo.workstream == **on));
                let is_merged = |one: &WorkstreamState| matches!(one.status, WorkstreamStatus::Merged { .. });
                if let Some(on) = on.filter(|_| state.workstreams.get(&workstream.id).is_some_and(is_merged)) {
                    let dependent = Dependent { workstream: workstream.id.clone(), on: Some(on.clone()), paths: Vec::new() };
                    found.push((state.run, dependent));
                }
            }
        }
        Ok(found)
    }

    /// Returns the workstreams that have begun on top of something and are not merged: they would land without what they stand on.
    fn at_work(&self, undos: &[Undo]) -> Vec<WorkstreamId> {
        if self.state.status.is_terminal() {
            return Vec::new();
        }
        let is_undone = |id: &WorkstreamId| undos.iter().any(|undo| undo.workstream == *id);
        let begun = |one: &WorkstreamState| !one.status.is_settled() && one.status != WorkstreamStatus::Planned;
        let on_top = self.plan.workstreams.iter().filter(|workstream| workstream.depends_on.iter().any(is_undone));
        on_top.filter(|workstream| self.one(&workstream.id).is_some_and(begun)).map(|workstream| workstream.id.clone()).collect()
    }

    /// Returns the later commits that changed the same paths, with whose work they are; those that are undone already are none.
    fn obstacles(&self, old: ObjectId, (undo, paths): (&Undo, &[String]), undos: &[Undo]) -> Result<Vec<Obstacle>, RollbackError> {
        let later = later_changes(self.merger.objects(), (undo.of, old), paths)?;
        let (mut whose, mut settled) = (BTreeMap::new(), Vec::new());
        for state in self.states()? {
            settled.extend(state.rollbacks.reverts().flat_map(|revert| [revert.of, revert.commit]));
            for (id, one) in &state.workstreams {
                if let WorkstreamStatus::Merged { merge } = one.status {
                    let owner = if state.run == self.state.run { Whose::Own(id.clone()) } else { Whose::Other(state.run, id.clone()) };
                    whose.insert(merge, owner);
                }
            }
        }
        let goes = |commit: &ObjectId| undos.iter().any(|undo| undo.of == *commit);
        let counts = |later: &Later| !goes(&later.commit) && !settled.contains(&later.commit);
        let of = |later: Later| Obstacle { whose: whose.get(&later.commit).cloned().unwrap_or(Whose::Person), later };
        Ok(later.into_iter().filter(counts).map(of).collect())
    }

    /// Returns the states of all runs that merge onto the same branch.
    fn states(&self) -> Result<Vec<RunState>, RollbackError> {
        let ledger = self.cx.ledger();
        let mut states = vec![self.state.clone()];
        for head in runs(&ledger)?.iter().filter(|head| head.run != self.state.run && head.target == self.state.target) {
            states.push(load_state(&ledger, head.run)?);
        }
        Ok(states)
    }
}

/// Returns the workstreams of the run among what stands in the way that are not undone anyway.
fn own(obstacles: &[Obstacle], undos: &[Undo]) -> Vec<Dependent> {
    let of = |obstacle: &Obstacle| match &obstacle.whose {
        Whose::Own(id) if undos.iter().all(|undo| undo.workstream != *id) => {
            Some(Dependent { workstream: id.clone(), on: None, paths: obstacle.later.paths.clone() })
        }
        Whose::Own(_) | Whose::Other(..) | Whose::Person => None,
    };
    obstacles.iter().filter_map(of).collect()
}
