//! When a person should look at something: facts that are told once and wait for nobody.

use serde::{Deserialize, Serialize};

use super::handling::Response;
use crate::domain::id::{ToolId, WorkstreamId};

/// What a person is told to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A tool can not be used until somebody mends it.
    ToolUnusable,
    /// A tool failed so often that it is left alone.
    BreakerOpen,
    /// No tool of the run can be used any more, so it was halted.
    SafeMode,
    /// A budget is used up.
    BudgetSpent,
    /// A workstream can not go on by itself, and its plan says who is told.
    WorkHeld,
}

impl Trigger {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToolUnusable => "tool_unusable",
            Self::BreakerOpen => "breaker_open",
            Self::SafeMode => "safe_mode",
            Self::BudgetSpent => "budget_spent",
            Self::WorkHeld => "work_held",
        }
    }
}

/// A person should look at something. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// What it is.
    pub trigger: Trigger,
    /// How many drivers the run had by then, or for a breaker how often it moved: what tells one from the next.
    pub round: u32,
    /// The tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolId>,
    /// The work that can not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// One sentence.
    pub message: String,
}

/// The work that can not go on by itself. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose work it is.
    pub workstream: WorkstreamId,
    /// Under which name the plan speaks of it: `gate_failure`, ...
    pub condition: String,
    /// What was done about it.
    pub response: Response,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// How often the workstream had changed its state by then.
    pub round: u32,
}

impl Escalated {
    /// Returns what one is known by.
    #[must_use]
    pub fn name(&self) -> String {
        if let Some(held) = &self.held {
            return format!("{}/{}/{}", self.trigger.name(), held.workstream, held.round);
        }
        format!("{}/{}/{}", self.trigger.name(), self.tool.as_ref().map_or("run", ToolId::as_str), self.round)
    }
}
