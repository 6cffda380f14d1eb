//! The state of a workflow, derived from the entries of the ledger: nothing else keeps it, and only allowed transitions come out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::model::{BLOCKED, IDLE, ROLLBACK, RolePhase, Workflow};
use crate::domain::id::{EntryId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::pipeline::expand::{PART_OF, PIPELINE};
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::run::control::Verb;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, StepRole};

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When.
    pub ts: Timestamp,
    /// From which state.
    pub from: String,
    /// To which state.
    pub to: String,
    /// The entry that caused it.
    pub cause: EntryId,
}

/// What is said besides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Besides {
    /// Nothing.
    #[default]
    Nothing,
    /// The run is paused.
    Paused,
    /// The run was halted.
    Halted,
}

/// How a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stand {
    /// It has not begun.
    #[default]
    Open,
    /// A role works on it.
    AtWork,
    /// Its gate did not pass, and somebody mends what it found.
    Failed,
    /// It waits for a person.
    Blocked,
    /// Its gate passed.
    Passed,
    /// It was not due.
    Skipped,
    /// It is merged.
    Merged,
    /// It was merged, and taken back.
    TakenBack,
}

/// What the entries of a run make of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derived {
    /// The changes of the state, oldest first; every one of them is allowed.
    pub history: Vec<Move>,
    /// Changes that the workflow does not allow: they were asked for, and did not happen.
    pub refused: Vec<Move>,
    /// What is said besides the state.
    pub besides: Besides,
    /// The roles that are at work.
    pub active: BTreeSet<String>,
    /// How the phases stand, in the order of the workflow.
    pub phases: Vec<Stand>,
}

impl Derived {
    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> &str {
        self.history.last().map_or(IDLE, |last| last.to.as_str())
    }

    /// Returns the state before.
    #[must_use]
    pub fn previous(&self) -> Option<&str> {
        self.history.last().map(|last| last.from.as_str())
    }
}

/// Which workstream does which phase.
pub type Places = BTreeMap<WorkstreamId, usize>;

/// Returns the workstreams of a plan that became pipelines of their own: the pipeline's name and the workstream's.
#[must_use]
pub fn parts(plan: &CheckedPlan) -> BTreeSet<(String, String)> {
    plan.workstreams.iter().filter_map(part).collect()
}

fn part(one: &Workstream) -> Option<(String, String)> {
    let text = |key: &str| Some(one.metadata.get(key)?.as_str()?.to_owned());
    Some((text(PIPELINE)?, text(PART_OF)?))
}

/// Returns which workstreams of a part of a plan do which phases of a workflow: their first step has the name of the phase.
#[must_use]
pub fn places(plan: &CheckedPlan, workflow: &Workflow, of: &(String, String)) -> Places {
    let own = plan.workstreams.iter().filter(|one| part(one).is_some_and(|found| found == *of));
    let place = |one: &Workstream| {
        let step = one.steps.first()?.id.as_str();
        workflow.phases.iter().position(|phase| phase.id == step)
    };
    own.filter_map(|one| Some((one.id.clone(), place(one)?))).collect()
}

/// Returns what the entries of a run make of a workflow.
#[must_use]
pub fn derive(workflow: &Workflow, places: &Places, entries: &[Entry]) -> Derived {
    // What nobody does in this run was merged by the run that it does again, or fell away.
    let open: BTreeSet<usize> = places.values().copied().collect();
    let stand = |at: usize| if open.contains(&at) { Stand::Open } else { Stand::Merged };
    let derived = Derived { phases: (0..workflow.phases.len()).map(stand).collect(), ..Derived::default() };
    let mut fold = Fold { workflow, places, derived };
    for entry in entries {
        if let Some(event) = entry.event() {
            fold.take(event, (entry.ts, entry.id));
        }
    }
    fold.derived
}

type Cause = (Timestamp, EntryId);

struct Fold<'a> {
    workflow: &'a Workflow,
    places: &'a Places,
    derived: Derived,
}

impl<'a> Fold<'a> {
    fn place(&self, id: &WorkstreamId) -> Option<(usize, &'a RolePhase)> {
        let at = *self.places.get(id)?;
        Some((at, self.workflow.phases.get(at)?))
    }

    fn take(&mut self, event: &Event, cause: Cause) {
        if let Event::StepStarted(started) = event {
            self.started(&started.workstream, started.role, cause);
        }
        if let Event::StepFinished(finished) = event
            && let Some((at, phase)) = self.place(&finished.workstream)
        {
            // Only checks are nobody's work; a tool that fails says nothing about the gate.
            let is_gate = phase.gate.is_some() && finished.tool.is_none();
            if is_gate && finished.outcome == StepOutcome::Failed && self.derived.phases[at] == Stand::AtWork {
                self.derived.phases[at] = Stand::Failed;
            }
            self.mender((at, phase)).into_iter().for_each(|(role, _)| self.rest(role));
        }
        self.moved(event, cause);
        self.left_out(event);
        if matches!(event, Event::RunPaused(_)) {
            self.derived.besides = Besides::Paused;
        }
        if matches!(event, Event::RunHalted(_)) {
            self.derived.besides = Besides::Halted;
        }
        if matches!(event, Event::RunStarted(_) | Event::RunResumed(_)) {
            self.derived.besides = Besides::Nothing;
        }
        if event.run_moved().is_some() {
            self.derived.active.clear();
        }
        if matches!(event, Event::RunCompleted(_)) && self.workflow.allows(self.derived.state(), IDLE, None) {
            self.go(IDLE, cause);
        }
        if matches!(event, Event::RunAborted(_)) {
            self.derived.besides = Besides::Nothing;
            self.go_if_allowed(IDLE, cause);
        }
        if let Event::PatchReverted(moved) = event {
            self.taken_back(&moved.workstream, cause);
        }
    }

    /// Merged work of this workflow was undone. A person may do that at any time, also where no state says so.
    fn taken_back(&mut self, id: &WorkstreamId, cause: Cause) {
        let Some((at, _)) = self.place(id) else { return };
        self.derived.phases[at] = Stand::TakenBack;
        self.go_if_allowed(ROLLBACK, cause);
    }

    /// A step began: its role is at work, and the workflow is in the state of its phase, or in that of the role that mends it.
    fn started(&mut self, id: &WorkstreamId, role: StepRole, cause: Cause) {
        let Some((at, phase)) = self.place(id) else { return };
        if self.derived.phases[at] != Stand::Failed || role != StepRole::Fix {
            self.derived.phases[at] = Stand::AtWork;
        }
        let mender = self.mender((at, phase)).filter(|_| role == StepRole::Fix);
        self.derived.active.extend(mender.map_or(phase.role.as_deref(), |(role, _)| Some(role)).map(str::to_owned));
        let is_blocked =
            self.derived.phases.iter().zip(&self.workflow.phases).any(|(stand, phase)| *stand == Stand::Blocked && phase.state.is_some());
        let state = mender.map(|(_, state)| state).or(phase.state.as_deref());
        // As long as one waits for a person, the whole does; work beside it changes nothing of that.
        if let Some(state) = state.filter(|_| !is_blocked) {
            let way = self.way(state).or_else(|| self.way_over_done(at, state));
            self.move_along(way, state, cause);
        }
    }

    fn rest(&mut self, role: &str) {
        self.derived.active.remove(role);
    }

    /// A workstream changed its state.
    fn moved(&mut self, event: &Event, cause: Cause) {
        let Some((at, phase)) = event.workstream_moved().and_then(|moved| self.place(&moved.workstream)) else { return };
        let stand = if matches!(event, Event::WorkstreamVerified(_)) {
            Stand::Passed
        } else if matches!(event, Event::WorkstreamMerged(_)) {
            Stand::Merged
        } else if matches!(event, Event::WorkstreamSkipped(_)) {
            Stand::Skipped
        } else if is_held(event) {
            Stand::Blocked
        } else {
            return;
        };
        self.derived.phases[at] = stand;
        phase.role.iter().for_each(|role| self.rest(role));
        if stand == Stand::Blocked && phase.state.is_some() {
            self.go(BLOCKED, cause);
        }
    }

    /// A person said that a phase is skipped: nothing else is told of that, since nobody drives the run for it.
    fn left_out(&mut self, event: &Event) {
        let Event::Controlled(control) = event else { return };
        let id = control.workstream.as_ref().filter(|_| control.verb == Verb::Skip);
        if let Some((at, phase)) = id.and_then(|id| self.place(id)).filter(|(at, _)| self.derived.phases[*at] != Stand::Merged) {
            self.derived.phases[at] = Stand::Skipped;
            phase.role.iter().for_each(|role| self.rest(role));
        }
    }

    /// Returns who mends what the gate of a phase found, and in which state: a role that was at work before, to which this one hands back, and
    /// whose state comes before and after.
    fn mender(&self, (at, phase): (usize, &'a RolePhase)) -> Option<(&'a str, &'a str)> {
        let (role, state) = (phase.role.as_deref()?, phase.state.as_deref()?);
        let workflow = self.workflow;
        let earlier = workflow.ancestors(at);
        let was_at_work = |to: &str| earlier.iter().any(|at| workflow.phases[*at].role.as_deref() == Some(to));
        let back = |to: &'a str| {
            let both = |other: &str| other != state && workflow.allows(state, other, None) && workflow.allows(other, state, None);
            workflow.states_of(to).find(|other| both(other)).map(|other| (to, other))
        };
        let handed = workflow.handoffs.iter().filter(|handoff| handoff.from == role && was_at_work(&handoff.to));
        handed.into_iter().find_map(|handoff| back(&handoff.to))
    }

    /// Goes to a state, where the transitions lead there; else it is told that they do not.
    fn go(&mut self, to: &str, cause: Cause) {
        self.move_along(self.way(to), to, cause);
    }

    /// Goes to a state, where the transitions lead there; else everything stays as it is.
    fn go_if_allowed(&mut self, to: &str, cause: Cause) {
        if let Some(way) = self.way(to) {
            self.move_along(Some(way), to, cause);
        }
    }

    fn move_along(&mut self, way: Option<Vec<String>>, to: &str, (ts, cause): Cause) {
        let step = |from: String, to: String| Move { ts, from, to, cause };
        let mut from = self.derived.state().to_owned();
        match way {
            None => self.derived.refused.push(step(from, to.to_owned())),
            Some(way) => {
                for next in way {
                    self.derived.history.push(step(from, next.clone()));
                    from = next;
                }
            }
        }
    }

    /// Returns the states on the way to one, itself included: at once; back over the state before a block; over BLOCKED when what goes on is
    /// ended. `None` when nothing leads there.
    fn way(&self, to: &str) -> Option<Vec<String>> {
        let (from, before) = (self.derived.state(), self.derived.previous());
        let allows = |from: &str, to: &str, before: Option<&str>| self.workflow.allows(from, to, before);
        let back = before.filter(|before| from == BLOCKED && allows(from, before, Some(before)));
        if from == to {
            Some(Vec::new())
        } else if allows(from, to, before) {
            Some(vec![to.to_owned()])
        } else if let Some(back) = back.filter(|back| allows(back, to, Some(BLOCKED))) {
            Some(vec![back.to_owned(), to.to_owned()])
        } else if (to == ROLLBACK || to == IDLE) && allows(from, BLOCKED, before) && allows(BLOCKED, to, Some(from)) {
            Some(vec![BLOCKED.to_owned(), to.to_owned()])
        } else {
            None
        }
    }

    /// Returns the way to the state of a phase through those of the phases before it, when all of these are done: by a former run, by leave of a
    /// person, or before something was taken back. It begins where the workflow is, or at the beginning.
    fn way_over_done(&self, at: usize, to: &str) -> Option<Vec<String>> {
        let mut through: Vec<&str> = Vec::new();
        for earlier in self.workflow.ancestors(at) {
            let Some(state) = self.workflow.phases[earlier].state.as_deref() else { continue };
            if !matches!(self.derived.phases[earlier], Stand::Merged | Stand::Skipped | Stand::TakenBack) {
                return None;
            }
            through.push(state);
        }
        let (from, before) = (self.derived.state(), self.derived.previous());
        let here = if from == BLOCKED { before.unwrap_or(from) } else { from };
        let (first, rest) = match through.iter().rposition(|state| *state == here) {
            Some(last) => (here, &through[last + 1..]),
            None => (IDLE, &through[..]),
        };
        let mut way: Vec<&str> = std::iter::once(first).chain(rest.iter().copied()).chain([to]).collect();
        way.dedup();
        way.drain(..usize::from(way.first() == Some(&from)));
        let (mut at, mut before) = (from, before);
        for next in &way {
            if !self.workflow.allows(at, next, before) {
                return None;
            }
            (before, at) = (Some(at), next);
        }
        Some(way.into_iter().map(str::to_owned).collect())
    }
}

/// Returns whether a workstream waits for a person, or ended without being merged.
fn is_held(event: &Event) -> bool {
    matches!(
        event,
        Event::WorkstreamPaused(_)
            | Event::WorkstreamFailed(_)
            | Event::WorkstreamTimedOut(_)
            | Event::WorkstreamQuarantined(_)
            | Event::WorkstreamAborted(_)
    )
}

#[cfg(test)]
mod tests;
