//! What a workstream comes to that can not go on by itself: quarantine, a policy's answer, a pause or a failure, a conflict to resolve.

use super::{Action, View};
use crate::domain::id::StepId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, StepRole, WorkstreamMoved};
use crate::domain::run::handled::{self, Answer};
use crate::domain::run::limits::OnExhausted;
use crate::domain::run::state::PatchStatus;
use crate::domain::tool::profile::ResolveMode;

impl View<'_> {
    /// Stops a workstream whose work must not be merged.
    pub(super) fn quarantined(&self, reason: &str) -> Action {
        let reason = Some(reason.to_owned());
        let kept = self.patches(&[PatchStatus::Applied, PatchStatus::Verified]);
        let mut events: Vec<Event> = kept.map(|patch| Event::PatchQuarantined(self.patch(patch, reason.clone()))).collect();
        events.push(Event::WorkstreamQuarantined(WorkstreamMoved { commit: self.one.tip, ..self.moved(reason) }));
        Action::Record(events)
    }

    pub(super) fn answered(&self, answer: &Answer<'_>, reason: &str) -> Action {
        Action::Record(handled::events(answer, self.run, (self.id, self.one), reason))
    }

    pub(super) fn exhausted(&self, reason: &str) -> Action {
        // What a round of improvement came to nothing with was good before it.
        if self.one.goals.is_in_round() {
            return self.round_failed();
        }
        if let Some(answer) = handled::at_last(&self.plan.handling, self.one, self.brief.now) {
            return self.answered(&answer, reason);
        }
        let moved = self.moved(Some(reason.to_owned()));
        let outcome = self.one.last.as_ref().map(|last| last.outcome);
        if outcome == Some(StepOutcome::Rejected) {
            return Action::Record(vec![Event::WorkstreamQuarantined(moved)]);
        }
        Action::Record(vec![match self.limits().on_exhausted {
            OnExhausted::Pause => Event::WorkstreamPaused(moved),
            OnExhausted::Fail if outcome == Some(StepOutcome::TimedOut) => Event::WorkstreamTimedOut(moved),
            OnExhausted::Fail => Event::WorkstreamFailed(moved),
        }])
    }

    pub(super) fn resolve(&self) -> Action {
        let Some(conflict) = &self.one.conflict else { return Action::Nothing };
        let mode = self.traits(self.place_of(StepRole::Resolve, 0)).map_or(ResolveMode::Refuse, |tool| tool.resolve);
        let mode = if self.plan.resolve.is_some() { ResolveMode::Markers } else { mode };
        if mode == ResolveMode::Refuse || self.one.resolves >= self.limits().max_resolve_attempts {
            let reason = format!("does not merge with {}: {}", conflict.tip.short(), conflict.paths.join(", "));
            let kept = self.patches(&[PatchStatus::Applied, PatchStatus::Verified]);
            let mut events: Vec<Event> = kept.map(|patch| Event::PatchQuarantined(self.patch(patch, Some(reason.clone())))).collect();
            events.push(Event::WorkstreamQuarantined(WorkstreamMoved { commit: Some(conflict.commit), ..self.moved(Some(reason)) }));
            return Action::Record(events);
        }
        match mode {
            ResolveMode::Redo => self.plan_step(0),
            ResolveMode::Markers | ResolveMode::Refuse => self.order(StepId::resolve(), StepRole::Resolve, 0),
        }
    }
}
