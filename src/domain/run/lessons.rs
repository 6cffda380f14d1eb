//! What helped after a failure in former runs: one more attempt, less context, the next tool. Counted, never assumed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::StepOutcome;
use crate::domain::id::ToolId;
use crate::domain::tool::failure::Failure;

/// The name of the trouble of a check that failed, beside the names of [`crate::domain::tool::failure::FailureClass`].
pub const CHECK: &str = "check";

/// What is done after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The same tool once more.
    Again,
    /// The same tool with less context.
    LessContext,
    /// The next tool.
    NextTool,
}

/// How often something was tried, and how often it helped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// How often.
    pub tried: u32,
    /// How often it helped.
    pub helped: u32,
}

impl Tried {
    /// Returns the share that helped, in percent.
    #[must_use]
    pub fn percent(self) -> u32 {
        self.helped.saturating_mul(100).checked_div(self.tried).unwrap_or(0)
    }
}

/// What helped after the failures of tools, by the tool that failed and the name of its trouble. A stored format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lessons {
    /// The counts.
    pub of: BTreeMap<ToolId, BTreeMap<String, BTreeMap<Way, Tried>>>,
}

impl Lessons {
    /// Returns how often a way was gone after this trouble of this tool.
    #[must_use]
    pub fn tried(&self, tool: &ToolId, trouble: &str, way: Way) -> Tried {
        self.of.get(tool).and_then(|troubles| troubles.get(trouble)).and_then(|ways| ways.get(&way)).copied().unwrap_or_default()
    }

    /// Counts one more time that a way was gone.
    pub fn count(&mut self, (tool, trouble): (ToolId, String), way: Way, helped: Helped) {
        let counted = self.of.entry(tool).or_default().entry(trouble).or_default().entry(way).or_default();
        counted.tried = counted.tried.saturating_add(1);
        counted.helped = counted.helped.saturating_add(u32::from(helped == Helped::Yes));
    }
}

/// Whether something helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helped {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// Returns the name of the trouble that the end of an attempt of a tool is.
#[must_use]
pub fn trouble(outcome: StepOutcome, failure: Option<&Failure>) -> String {
    let by_outcome = match outcome {
        StepOutcome::Rejected => "rejected",
        StepOutcome::NoChange => "no_change",
        StepOutcome::TimedOut => "timed_out",
        StepOutcome::NotStarted => "missing",
        StepOutcome::Passed | StepOutcome::Failed | StepOutcome::Cancelled | StepOutcome::Interrupted | StepOutcome::Skipped => "failed",
    };
    failure.map_or(by_outcome, |failure| failure.class.name()).to_owned()
}
