//! Effects: what should be done next. Deciding twice gives the same effects with the same ids, so nothing is done twice.

use jiff::Timestamp;

use super::event::Event;
use super::fact::{Integration, Rung, StepRole};
use super::routed::Routing;
use crate::domain::id::{Attempt, StepId, ToolId, WorkstreamId};

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append this event and fold it.
    Record(Box<Event>),
    /// Run an attempt of a step.
    RunStep(StepOrder),
    /// Merge the verified workstreams of the current wave, in this order, behind the gates.
    Integrate {
        /// The wave, counted from 1.
        wave: u32,
        /// The verified workstreams in the order of merging.
        workstreams: Vec<WorkstreamId>,
    },
    /// Move the branch to a merge that passed its gates.
    Advance(Integration),
    /// Remove the worktree of a workstream that needs it no more, when everything in it is recorded.
    Release {
        /// Whose worktree it is.
        workstream: WorkstreamId,
        /// Which change of this workstream's worktree it will be, counted from 0.
        round: u32,
    },
    /// Read the settings again, before this wave, counted from 1.
    Reread(u32),
    /// Decide again at this time.
    WaitUntil(Timestamp),
}

/// The order to run an attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOrder {
    /// Whose step it is.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// What it is for.
    pub role: StepRole,
    /// The step of the plan, counted from 0; for a FIX step the check that it mends.
    pub index: usize,
    /// Its number.
    pub attempt: Attempt,
    /// Its tool, for steps that change files.
    pub tool: Option<ToolId>,
    /// The rung of the recovery ladder.
    pub rung: Rung,
    /// The check that it mends.
    pub of: Option<StepId>,
    /// How its tool was chosen, where there was a choice and it has not begun.
    pub routing: Option<Routing>,
}

impl Effect {
    /// Returns the id under which the effect is in flight; `None` for what is done at once.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Record(_) | Self::WaitUntil(_) => None,
            Self::RunStep(order) => Some(format!("step/{}/{}/{}", order.workstream, order.step, order.attempt)),
            Self::Reread(wave) => Some(format!("reread/{wave}")),
            Self::Integrate { wave, .. } => Some(format!("integrate/{wave}")),
            Self::Release { workstream, round } => Some(format!("release/{workstream}/{round}")),
            Self::Advance(integration) => Some(format!("advance/{}", integration.commit)),
        }
    }
}
