//! What follows for the goals of a workstream: measuring, another round, or the end. Nothing here does anything.

use std::cmp::Ordering;

use super::{GoalsEnd, GoalsState, Measurement, RoundStage};
use crate::domain::goal::amount::Amount;
use crate::domain::goal::gap::{told, worst};
use crate::domain::goal::model::{Goal, Goals};
use crate::domain::goal::strategy::{Chosen, Effects, choose};
use crate::domain::id::ObjectId;
use crate::domain::text::count;

/// After so many rounds in a row without progress nothing more is tried.
const MOST_STALLED: usize = 2;

/// How the newest step leaves the workstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Every check passed on the tip.
    Checked,
    /// The tip was just measured.
    Measured,
    /// The round came to nothing: its improvement was not made, or does not pass the checks.
    RoundFailed,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The tip is measured.
    Measure,
    /// A round begins.
    Round {
        /// The goal that is to come nearer.
        goal: String,
        /// What is measured of it.
        measure: String,
        /// The strategy.
        strategy: String,
        /// Why.
        why: String,
        /// The commit that it begins on.
        commit: ObjectId,
    },
    /// Goals are pursued no further.
    Settle(Settlement),
    /// They are settled.
    Done,
}

/// How goals end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The best commit.
    pub commit: ObjectId,
    /// How many goals it reaches.
    pub met: u32,
    /// Of how many.
    pub of: u32,
    /// The required goals that it does not reach.
    pub lacking: Vec<String>,
    /// Why it ends here.
    pub reason: GoalsEnd,
    /// How it stands, for people.
    pub message: String,
}

/// Returns what follows.
#[must_use]
pub fn steer(goals: &Goals, state: &GoalsState, (effects, stand): (&Effects, Stand)) -> Move {
    if state.settled.is_some() {
        return Move::Done;
    }
    let Some(best) = state.best() else { return Move::Measure };
    if stand == Stand::Checked && state.stage == RoundStage::Checking {
        return Move::Measure;
    }
    if best.values.iter().all(|value| value.met) {
        return Move::Settle(settlement(goals, best, (GoalsEnd::Met, None)));
    }
    let stalled = stalled(goals, state);
    if stalled.len() >= MOST_STALLED {
        return end(goals, best, (GoalsEnd::Stalled, &format!("{} brought no progress", count(stalled.len(), "round"))));
    }
    if state.round() >= goals.rounds {
        return end(goals, best, (GoalsEnd::Rounds, &format!("{} may be made", count(goals.rounds as usize, "round"))));
    }
    let Some(value) = worst(&best.values) else { return Move::Done };
    let named = of(goals, &value.goal).map(|goal| goal.strategies.as_slice()).unwrap_or_default();
    let failed: Vec<&str> = stalled.iter().filter(|(goal, _)| *goal == value.goal).map(|(_, strategy)| *strategy).collect();
    let Some(Chosen { strategy, why }) = choose(value, named, (effects, &failed)) else {
        return end(goals, best, (GoalsEnd::Stalled, &format!("nothing else can be tried for {}", value.goal)));
    };
    let why = format!("{} has the largest gap ({}); {why}", value.goal, value.line());
    Move::Round { goal: value.goal.clone(), measure: value.measure.clone(), strategy, why, commit: best.commit }
}

/// Returns how goals end now, whatever could still be tried.
#[must_use]
pub fn cut_short(goals: &Goals, state: &GoalsState, (reason, why): (GoalsEnd, &str)) -> Option<Settlement> {
    state.best().map(|best| settlement(goals, best, (reason, Some(why))))
}

fn end(goals: &Goals, best: &Measurement, (reason, why): (GoalsEnd, &str)) -> Move {
    Move::Settle(settlement(goals, best, (reason, Some(why))))
}

fn of<'g>(goals: &'g Goals, id: &str) -> Option<&'g Goal> {
    goals.list.iter().find(|goal| goal.id == id)
}

fn settlement(goals: &Goals, best: &Measurement, (reason, why): (GoalsEnd, Option<&str>)) -> Settlement {
    let met = best.values.iter().filter(|value| value.met).count();
    let is_required = |id: &str| of(goals, id).is_some_and(|goal| goal.required);
    let lacking = best.values.iter().filter(|value| !value.met && is_required(&value.goal)).map(|value| value.goal.clone()).collect();
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let message = format!("{}{why}", told(&best.values));
    Settlement { commit: best.commit, met: number(met), of: number(best.values.len()), lacking, reason, message }
}

/// Returns the goals and the strategies of the newest rounds without progress, the newest first. Progress is what reaches everything that is
/// required for the first time, or else lies above the best score before it by more than what counts as noise.
fn stalled<'s>(goals: &Goals, state: &'s GoalsState) -> Vec<(&'s str, &'s str)> {
    let mut stalled = Vec::new();
    let numbered: Vec<_> = (1_u32..).zip(&state.rounds).collect();
    for (number, round) in numbered.into_iter().rev() {
        let before = state.measured.iter().filter(|one| one.round < number).map(Measurement::worth).max();
        let after = state.of_round(number).map(Measurement::worth);
        let is_progress = |((was_done, before), (is_done, after)): ((bool, Amount), (bool, Amount))| match is_done.cmp(&was_done) {
            Ordering::Less => false,
            Ordering::Equal => after.above(before) > goals.progress,
            Ordering::Greater => true,
        };
        if before.zip(after).is_some_and(is_progress) {
            break;
        }
        stalled.push((round.goal.as_str(), round.strategy.as_str()));
    }
    stalled
}

#[cfg(test)]
mod tests;
