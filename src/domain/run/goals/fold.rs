//! How events about goals change the state of a workstream.

use crate::domain::id::ObjectId;
use crate::domain::run::fact::{Rung, StepFinished};
use crate::domain::run::goals::{GoalRound, GoalsMeasured, GoalsSettled, Measurement, Round, RoundStage};
use crate::domain::run::oscillation::FixLoop;
use crate::domain::run::state::{WorkstreamState, WorkstreamStatus};

/// Folds a measurement.
pub fn measured(one: &mut WorkstreamState, told: &GoalsMeasured) {
    let review = one.review.clone();
    let goals = &mut one.goals;
    goals.turns += 1;
    goals.stage = RoundStage::Between;
    let (round, commit, tree, values, score) = (told.round, told.commit, told.tree, told.values.clone(), told.score);
    goals.measured.push(Measurement { round, commit, tree, values, score, review });
}

/// Folds the beginning of a round.
pub fn round(one: &mut WorkstreamState, told: &GoalRound) {
    goes_back(one, told.commit);
    one.goals.turns += 1;
    one.goals.stage = RoundStage::Improving;
    one.goals.rounds.push(Round { goal: told.goal.clone(), strategy: told.strategy.clone() });
    // What fixers have seen they need not see again.
    one.fix = FixLoop { seen_by_fixers: std::mem::take(&mut one.fix.seen_by_fixers), ..FixLoop::default() };
    one.tries = 0;
    if one.rung == Rung::ReducedContext {
        one.rung = Rung::SameTool;
    }
    if let Some(last) = &mut one.last {
        last.failure = None;
    }
}

/// Folds the end.
pub fn settled(one: &mut WorkstreamState, told: &GoalsSettled) {
    goes_back(one, told.commit);
    one.goals.turns += 1;
    one.goals.stage = RoundStage::Settled;
    one.goals.settled = Some(told.clone());
}

/// Makes a measured commit the tip again, with what is known about it.
fn goes_back(one: &mut WorkstreamState, commit: ObjectId) {
    // An improvement that waited to be tried again is not tried again.
    if matches!(one.status, WorkstreamStatus::Retrying { .. }) {
        one.status = WorkstreamStatus::InProgress;
    }
    if one.tip == Some(commit) {
        return;
    }
    // What holds of work that is given up says nothing about the work that stays.
    if let Some(known) = one.goals.measured.iter().find(|known| known.commit == commit) {
        one.review.clone_from(&known.review);
    }
    // A workstream without a patch stands where it started.
    one.tip = (one.start != Some(commit)).then_some(commit);
}

/// Remembers what a measurement found.
pub fn measure_finished(one: &mut WorkstreamState, finished: &StepFinished) {
    one.goals.findings.clone_from(&finished.findings);
}

/// Lets the steps of a conflict follow on goals that are settled.
pub fn resolving(one: &mut WorkstreamState) {
    one.goals.stage = RoundStage::Between;
}

/// Folds the end of an improvement that was made: the checks of the plan follow, and its EDIT steps do not.
pub fn improved(one: &mut WorkstreamState) {
    one.goals.stage = RoundStage::Checking;
    one.next = 0;
    one.tries = 0;
}
