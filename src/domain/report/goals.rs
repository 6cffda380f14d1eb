//! The goals of a run: what was measured after each round, what was tried, and what it came to.

use serde::Serialize;

use crate::domain::goal::amount::Amount;
use crate::domain::goal::bound::Bound;
use crate::domain::goal::gap::GoalValue;
use crate::domain::goal::strategy::{Effects, closed};
use crate::domain::id::{ObjectId, RunId, StepId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::goals::{GoalRound, GoalsMeasured, GoalsSettled};

/// The goals of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GoalsReport {
    /// The workstreams that have goals, in the order in which they were measured first.
    pub workstreams: Vec<WorkstreamGoals>,
}

/// The goals of a workstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkstreamGoals {
    /// The workstream.
    pub id: WorkstreamId,
    /// Its goals.
    pub goals: Vec<GoalRow>,
    /// The rounds, the measurement before the first one included.
    pub rounds: Vec<RoundRow>,
    /// How it ended.
    pub settled: Option<GoalsSettled>,
}

/// A goal and what was measured of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalRow {
    /// Its name.
    pub id: String,
    /// What is measured.
    pub measure: String,
    /// What the number is to be.
    pub bound: Bound,
    /// The number.
    pub target: Amount,
    /// How much it counts.
    pub weight: Amount,
    /// What was measured after each round that came to a measurement.
    pub values: Vec<RoundValue>,
}

/// What was measured of a goal after a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundValue {
    /// The round; 0 before the first one.
    pub round: u32,
    /// The number; nothing when it could not be measured.
    pub value: Option<Amount>,
    /// Whether it is reached.
    pub met: bool,
    /// The share that is missing.
    pub gap: Amount,
    /// Why it could not be measured.
    pub note: Option<String>,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundRow {
    /// Its number; 0 is what the steps of the plan made.
    pub round: u32,
    /// The goal that was to come nearer.
    pub goal: Option<String>,
    /// The strategy.
    pub strategy: Option<String>,
    /// Why it was that one.
    pub why: Option<String>,
    /// The measured commit; nothing when the round came to nothing.
    pub commit: Option<ObjectId>,
    /// How near all goals are together.
    pub score: Option<Amount>,
    /// The share of the goal's gap that the round closed.
    pub closed: Option<Amount>,
    /// Whether this is what the workstream was left at.
    pub kept: bool,
}

/// Returns the goals of a run, from its entries.
#[must_use]
pub fn report(entries: &[Entry]) -> GoalsReport {
    let mut report = GoalsReport::default();
    for event in entries.iter().filter_map(Entry::event) {
        if let Event::GoalsMeasured(told) = event {
            measured(&mut report, told);
        } else if let Event::GoalRound(told) = event {
            began(&mut report, told);
        } else if let Event::GoalsSettled(told) = event {
            settled(&mut report, told);
        }
    }
    report
}

fn of<'r>(report: &'r mut GoalsReport, id: &WorkstreamId) -> &'r mut WorkstreamGoals {
    let at = report.workstreams.iter().position(|one| one.id == *id).unwrap_or_else(|| {
        report.workstreams.push(WorkstreamGoals { id: id.clone(), goals: Vec::new(), rounds: Vec::new(), settled: None });
        report.workstreams.len() - 1
    });
    &mut report.workstreams[at]
}

fn row(round: u32) -> RoundRow {
    RoundRow { round, goal: None, strategy: None, why: None, commit: None, score: None, closed: None, kept: false }
}

fn measured(report: &mut GoalsReport, told: &GoalsMeasured) {
    let own = of(report, &told.workstream);
    // Work that begins again leaves what was measured of the former one behind.
    if told.round == 0 {
        (own.goals, own.rounds, own.settled) = (Vec::new(), vec![row(0)], None);
    }
    for value in &told.values {
        let at = own.goals.iter().position(|goal| goal.id == value.goal).unwrap_or_else(|| {
            own.goals.push(goal_row(value));
            own.goals.len() - 1
        });
        let is_aim = own.rounds.last().is_some_and(|row| row.round == told.round && row.goal.as_ref() == Some(&value.goal));
        let before = own.goals[at].values.iter().map(|one| one.gap).min();
        if let (true, Some(before), Some(row)) = (is_aim, before, own.rounds.last_mut()) {
            row.closed = Some(Amount::bounded(closed(&GoalValue { gap: before, ..value.clone() }, Some(value))));
        }
        let (round, met, gap, note) = (told.round, value.met, value.gap, value.note.clone());
        own.goals[at].values.push(RoundValue { round, value: value.value, met, gap, note });
    }
    if let Some(row) = own.rounds.iter_mut().rfind(|row| row.round == told.round) {
        (row.commit, row.score) = (Some(told.commit), Some(told.score));
    }
}

fn goal_row(value: &GoalValue) -> GoalRow {
    let (id, measure, values) = (value.goal.clone(), value.measure.clone(), Vec::new());
    GoalRow { id, measure, bound: value.bound, target: value.target, weight: value.weight, values }
}

fn began(report: &mut GoalsReport, told: &GoalRound) {
    let (goal, strategy, why) = (Some(told.goal.clone()), Some(told.strategy.clone()), Some(told.why.clone()));
    of(report, &told.workstream).rounds.push(RoundRow { goal, strategy, why, ..row(told.round) });
}

fn settled(report: &mut GoalsReport, told: &GoalsSettled) {
    let own = of(report, &told.workstream);
    own.settled = Some(told.clone());
    if let Some(row) = own.rounds.iter_mut().find(|row| row.commit == Some(told.commit)) {
        row.kept = true;
    }
}

/// A round of which it is not known yet what it came to.
struct Open {
    place: (RunId, WorkstreamId),
    round: GoalRound,
    before: Option<GoalValue>,
}

/// Returns what strategies came to, from the entries about goals of all runs, oldest first. A round begins on the best work so far, and what
/// was measured of its goal there is what it is compared with.
#[must_use]
pub fn effects_of(entries: &[Entry]) -> Effects {
    let mut effects = Effects::default();
    let mut known: Vec<((RunId, WorkstreamId), &GoalsMeasured)> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut end = |open: &mut Vec<Open>, place: &(RunId, WorkstreamId), after: Option<&GoalsMeasured>| {
        let Some(at) = open.iter().position(|one| one.place == *place) else { return };
        let Open { round, before: Some(before), .. } = open.swap_remove(at) else { return };
        let value = after.and_then(|after| after.values.iter().find(|value| value.goal == round.goal));
        effects.add((&round.measure, &round.strategy), closed(&before, value));
    };
    for entry in entries {
        let Some(event) = entry.event() else { continue };
        let Some(workstream) = event.about().workstream else { continue };
        let place = (entry.run, workstream.clone());
        if let Event::GoalsMeasured(told) = event {
            end(&mut open, &place, Some(told));
            known.push((place, told));
        } else if let Event::GoalRound(told) = event {
            end(&mut open, &place, None);
            let start = known.iter().rfind(|(own, one)| *own == place && one.commit == told.commit);
            let before = start.and_then(|(_, one)| one.values.iter().find(|value| value.goal == told.goal)).cloned();
            open.push(Open { place, round: told.clone(), before });
        } else if let Event::GoalsSettled(_) = event {
            end(&mut open, &place, None);
        } else if let Event::StepFinished(told) = event
            && told.cached
        {
            // What was made once is one experience, however often it is used again.
            open.retain(|one| one.place != place || told.step != StepId::improve());
        }
    }
    effects
}
