//! What is recorded when an attempt begins.

use super::effect::StepOrder;
use super::event::Event;
use super::fact::{StepRole, StepStarted, WorktreeMoved};
use super::next::patch_moved;
use super::routed::ToolRouted;
use super::state::{PatchStatus, WorkstreamState};

/// Returns the events that begin an attempt: the worktree at `path` when there is none, what an EDIT from scratch leaves behind, then the
/// start itself.
#[must_use]
pub fn starting(one: &WorkstreamState, order: &StepOrder, path: &str) -> Vec<Event> {
    let mut events = Vec::new();
    if one.worktree.is_none() {
        events.push(Event::WorktreeCreated(WorktreeMoved {
            workstream: order.workstream.clone(),
            round: one.worktrees,
            path: path.to_owned(),
            reason: None,
        }));
    }
    if order.role == StepRole::Edit && order.index == 0 {
        for patch in &one.patches {
            match patch.status {
                PatchStatus::Applied | PatchStatus::Verified => {
                    events.push(Event::PatchSuperseded(patch_moved(&order.workstream, patch, None)));
                }
                PatchStatus::Created | PatchStatus::Validated => {
                    let reason = Some("never became the tip of its workstream".to_owned());
                    events.push(Event::PatchDropped(patch_moved(&order.workstream, patch, reason)));
                }
                PatchStatus::Rejected
                | PatchStatus::Superseded
                | PatchStatus::Quarantined
                | PatchStatus::Merged
                | PatchStatus::Reverted
                | PatchStatus::Dropped => {}
            }
        }
    }
    if let (Some(tool), Some(routing)) = (&order.tool, &order.routing) {
        events.push(Event::ToolRouted(ToolRouted {
            workstream: order.workstream.clone(),
            step: order.step.clone(),
            attempt: order.attempt,
            tool: tool.clone(),
            routing: routing.clone(),
        }));
    }
    events.push(Event::StepStarted(StepStarted {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        role: order.role,
        index: u32::try_from(order.index).unwrap_or(u32::MAX),
        tool: order.tool.clone(),
        rung: order.rung,
        of: order.of.clone(),
        sandbox: None,
        network: None,
    }));
    events
}
