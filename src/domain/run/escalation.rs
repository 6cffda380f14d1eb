//! When a person should look at something: facts that are told once and wait for nobody.

use serde::{Deserialize, Serialize};

use crate::domain::id::ToolId;

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
    /// One sentence.
    pub message: String,
}

impl Escalated {
    /// Returns what one is known by.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.trigger.name(), self.tool.as_ref().map_or("run", ToolId::as_str), self.round)
    }
}
