//! What a workstream does about its goals when its steps have passed: it is measured, improved in rounds, and left at its best.

use super::{Action, Short, View, patch_moved};
use crate::domain::id::{ObjectId, StepId};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, StepRole, WorkstreamMoved};
use crate::domain::run::goals::steer::{Move, Settlement, Stand, cut_short, steer};
use crate::domain::run::goals::{GoalRound, GoalsEnd, GoalsSettled, RoundStage};
use crate::domain::run::limits::OnExhausted;
use crate::domain::run::spending::Means;
use crate::domain::run::state::{LastStep, PatchStatus, WorkstreamStatus};

impl View<'_> {
    /// Does what follows for the goals; what has none, or has settled them, is verified.
    pub(super) fn pursued(&self, stand: Stand) -> Action {
        if self.plan.goals.list.is_empty() {
            return self.verified(None);
        }
        match steer(&self.plan.goals, &self.one.goals, (&self.brief.config.effects, stand)) {
            Move::Measure => self.order(StepId::measure(), StepRole::Measure, self.plan.steps.len()),
            Move::Round { goal, measure, strategy, why, commit } => {
                let place = self.place_of(StepRole::Improve, self.plan.steps.len());
                if let Some(Means::Spent(reason)) = self.current_tool(place).map(|tool| self.means(tool)) {
                    return self.goals_cut_short(&reason).unwrap_or(Action::Short(Short::Money(reason)));
                }
                let (workstream, turn, round) = (self.id.clone(), self.one.goals.turns, self.one.goals.round() + 1);
                let event = GoalRound { workstream, turn, round, goal, measure, strategy, why, commit };
                self.back_to(commit, "a later round begins on better work", Event::GoalRound(event))
            }
            Move::Settle(settlement) => self.settle(settlement),
            Move::Done => self.goals_done(),
        }
    }

    /// Makes the improvement of the round that has begun, or ends what is settled; nothing when neither is so.
    pub(super) fn improvement(&self) -> Option<Action> {
        match self.one.goals.stage {
            RoundStage::Between | RoundStage::Checking => None,
            RoundStage::Settled => Some(self.goals_done()),
            RoundStage::Improving => Some(match self.one.last.as_ref().filter(|last| self.has_failed(last)) {
                Some(last) => self.improvement_failed(last),
                None => self.order(StepId::improve(), StepRole::Improve, self.plan.steps.len()),
            }),
        }
    }

    /// Returns whether the last step is an improvement of this round that failed, with nothing done about that yet.
    fn has_failed(&self, last: &LastStep) -> bool {
        let is_cut = matches!(last.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled);
        let is_retried = matches!(self.one.status, WorkstreamStatus::Retrying { .. });
        let is_told = last.failure.is_some() || self.one.tries > 0;
        last.role == StepRole::Improve && !is_cut && !is_retried && is_told
    }

    /// Goes on after an improvement that was not made: as after an EDIT step, but one that changes nothing is not asked for again.
    fn improvement_failed(&self, last: &LastStep) -> Action {
        if let Some(action) = last.failure.as_ref().and_then(|failure| self.remedied(last, failure)) {
            return action;
        }
        match last.outcome {
            StepOutcome::NoChange | StepOutcome::Rejected | StepOutcome::NotStarted => self.round_failed(),
            StepOutcome::Passed
            | StepOutcome::Failed
            | StepOutcome::TimedOut
            | StepOutcome::Cancelled
            | StepOutcome::Interrupted
            | StepOutcome::Skipped => self.edit_failed(last),
        }
    }

    /// Ends a round that came to nothing: what was good before it still is.
    pub(super) fn round_failed(&self) -> Action {
        self.pursued(Stand::RoundFailed)
    }

    /// Ends the pursuit of goals for want of means, where there is work that stands; nothing where there is none, or where it is not done like
    /// this: then more means may help.
    pub(super) fn goals_cut_short(&self, reason: &str) -> Option<Action> {
        let settlement = cut_short(&self.plan.goals, &self.one.goals, (GoalsEnd::Budget, reason));
        let is_done = |settlement: &Settlement| self.one.goals.settled.is_none() && settlement.lacking.is_empty();
        settlement.filter(is_done).map(|settlement| self.settle(settlement))
    }

    fn settle(&self, settlement: Settlement) -> Action {
        let Settlement { commit, met, of, lacking, reason, message } = settlement;
        let (workstream, turn) = (self.id.clone(), self.one.goals.turns);
        let event = GoalsSettled { workstream, turn, commit, met, of, lacking, reason, message };
        self.back_to(commit, "an earlier round came nearer to the goals", Event::GoalsSettled(event))
    }

    /// Records an event that makes a commit the tip, after what is newer than it was put aside.
    fn back_to(&self, commit: ObjectId, reason: &str, event: Event) -> Action {
        let kept = self.one.patches.iter().position(|patch| patch.commit == commit).map_or(0, |at| at + 1);
        let newer = self.one.patches.iter().skip(kept).filter(|patch| patch.status == PatchStatus::Applied);
        let superseded = newer.map(|patch| Event::PatchSuperseded(patch_moved(self.id, patch, Some(reason.to_owned()))));
        Action::Record(superseded.chain([event]).collect())
    }

    /// Ends a workstream whose goals are settled: done, unless it is not done without what is missing.
    fn goals_done(&self) -> Action {
        let Some(settled) = &self.one.goals.settled else { return self.verified(None) };
        if settled.lacking.is_empty() {
            return self.verified((settled.met < settled.of).then(|| settled.message.clone()));
        }
        let reason = format!("it is not done without {}: {}", settled.lacking.join(", "), settled.message);
        let moved = WorkstreamMoved { commit: self.one.tip, ..self.moved(Some(reason)) };
        Action::Record(vec![match self.limits().on_exhausted {
            OnExhausted::Pause => Event::WorkstreamPaused(moved),
            OnExhausted::Fail => Event::WorkstreamFailed(moved),
        }])
    }
}
