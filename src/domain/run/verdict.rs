//! What becomes of a captured patch: the tip of its workstream, quarantine, or put aside.

use super::event::Event;
use super::fact::{PatchCreated, PatchMoved, PatchOrigin, StepOutcome};
use crate::domain::text::count;

/// What becomes of a captured patch, and of the attempt that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The events, in order.
    pub events: Vec<Event>,
    /// How the attempt ended.
    pub outcome: StepOutcome,
    /// One sentence about it.
    pub message: String,
}

/// Returns what becomes of a patch when its attempt ended like this and `wrong` is what the policy says, one sentence each.
#[must_use]
pub fn verdict(created: &PatchCreated, wrong: &[String], (outcome, message): (StepOutcome, String)) -> Verdict {
    let first = Event::PatchCreated(created.clone());
    if created.origin == PatchOrigin::Salvage || outcome != StepOutcome::Passed {
        let reason = format!("put aside: {message}");
        return Verdict { events: vec![first, Event::PatchDropped(captured(created, Some(reason)))], outcome, message };
    }
    if let Some(worst) = wrong.first() {
        let more = if wrong.len() > 1 { format!(" (and {} more)", count(wrong.len() - 1, "violation")) } else { String::new() };
        let message = format!("{worst}{more}");
        let events = vec![first, Event::PatchQuarantined(captured(created, Some(message.clone())))];
        return Verdict { events, outcome: StepOutcome::Rejected, message };
    }
    let (validated, applied) = (captured(created, None), captured(created, None));
    Verdict { events: vec![first, Event::PatchValidated(validated), Event::PatchApplied(applied)], outcome, message }
}

/// Returns the facts of a move of a patch that has just been captured.
#[must_use]
pub fn captured(created: &PatchCreated, reason: Option<String>) -> PatchMoved {
    PatchMoved {
        workstream: created.workstream.clone(),
        step: created.step.clone(),
        attempt: created.attempt,
        tool: created.tool.clone(),
        patch: created.patch,
        commit: created.commit,
        files: created.files,
        insertions: created.insertions,
        deletions: created.deletions,
        reason,
        merge: None,
    }
}
