//! What a resume concludes from what the last driver left behind. Looking at the world and mending it is done elsewhere.

use super::behind::waves_behind;
use super::event::Event;
use super::fact::{PatchCreated, StepFinished, StepOutcome, StepRole};
use super::next::patch_moved;
use super::state::{OpenStep, PatchStatus, RunState, RunStatus, WorkstreamState, WorkstreamStatus};
use super::verdict::captured;
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::plan::model::CheckedPlan;

/// Returns whether a step of this kind leaves a patch.
#[must_use]
pub const fn changes_files(role: StepRole) -> bool {
    matches!(role, StepRole::Edit | StepRole::Fix | StepRole::Resolve | StepRole::Improve)
}

/// Returns whether a step begins where its workstream began, and not on top of what the workstream has done since; `index` is the step of
/// the plan.
#[must_use]
pub const fn begins_anew(role: StepRole, index: usize) -> bool {
    matches!(role, StepRole::Edit) && index == 0
}

/// Returns the open step of a workstream and the commit that its ref points at, when that commit was made durable and never told of.
#[must_use]
pub fn untold(one: &WorkstreamState, tip: Option<ObjectId>) -> Option<(&OpenStep, ObjectId)> {
    let open = one.open.as_ref().filter(|open| changes_files(open.role))?;
    let commit = tip.filter(|tip| one.patches.iter().all(|patch| patch.commit != *tip) && Some(*tip) != one.start)?;
    Some((open, commit))
}

/// Returns the events for work that was found and not told of: it is kept, and put aside.
#[must_use]
pub fn put_aside(created: PatchCreated, reason: &str) -> [Event; 2] {
    let dropped = Event::PatchDropped(captured(&created, Some(reason.to_owned())));
    [Event::PatchCreated(created), dropped]
}

/// Puts patches between capture and verdict aside; their step is run again.
#[must_use]
pub fn settle_patches(id: &WorkstreamId, one: &WorkstreamState) -> Vec<Event> {
    let between = one.patches.iter().filter(|p| matches!(p.status, PatchStatus::Created | PatchStatus::Validated));
    let reason = || Some("the driver died before the verdict".to_owned());
    between.map(|patch| Event::PatchDropped(patch_moved(id, patch, reason()))).collect()
}

/// Returns the end of a step whose driver died.
#[must_use]
pub fn interrupted(id: &WorkstreamId, open: &OpenStep) -> Event {
    Event::StepFinished(StepFinished {
        workstream: id.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        tool: open.tool.clone(),
        outcome: StepOutcome::Interrupted,
        message: "the driver died while it ran".to_owned(),
        notes: Vec::new(),
        tool_fault: false,
        exit_code: None,
        duration_ms: 0,
        output: None,
        findings: Vec::new(),
        review: None,
        failure: None,
        usage: None,
        cached: false,
    })
}

/// Returns new waves for the workstreams that waited for a person, and for those that wait for them.
#[must_use]
pub fn waves_of_waiting(plan: &CheckedPlan, state: &RunState) -> Vec<Vec<WorkstreamId>> {
    if !matches!(state.status, RunStatus::Paused | RunStatus::Halted) {
        return Vec::new();
    }
    let is_paused =
        |id: &&WorkstreamId| state.workstreams.get(*id).is_some_and(|one| matches!(one.status, WorkstreamStatus::Paused { .. }));
    waves_behind(plan, state, plan.workstreams.iter().map(|one| &one.id).filter(is_paused).collect())
}
