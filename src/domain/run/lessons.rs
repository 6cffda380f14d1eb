//! What helped after a failure in former runs: one more attempt, less context, the next tool. Counted from the ledger, never assumed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::fact::{Rung, StepFinished, StepOutcome, StepRole, StepStarted};
use crate::domain::id::{RunId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
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
    pub const fn percent(self) -> u32 {
        if self.tried == 0 { 0 } else { self.helped.saturating_mul(100) / self.tried }
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

    fn count(&mut self, (tool, trouble): (ToolId, String), way: Way, helped: Helped) {
        let counted = self.of.entry(tool).or_default().entry(trouble).or_default().entry(way).or_default();
        counted.tried = counted.tried.saturating_add(1);
        counted.helped = counted.helped.saturating_add(u32::from(helped == Helped::Yes));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Helped {
    Yes,
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

/// One workstream while its entries are read.
#[derive(Debug, Default)]
struct Trail {
    role: Option<StepRole>,
    /// Who changed files last.
    tool: Option<ToolId>,
    /// What failed and was not answered yet.
    trouble: Option<(ToolId, String)>,
    /// What was answered, and how; it is not yet known whether it helped.
    answer: Option<((ToolId, String), Way)>,
}

impl Trail {
    fn started(&mut self, started: &StepStarted) {
        self.role = Some(started.role);
        let Some(tool) = started.tool.as_ref().filter(|tool| !tool.is_fixers()) else { return };
        if let Some(trouble) = self.trouble.take() {
            let way = match started.rung {
                _ if *tool != trouble.0 => Way::NextTool,
                Rung::ReducedContext => Way::LessContext,
                Rung::SameTool | Rung::NextTool => Way::Again,
            };
            self.answer = Some((trouble, way));
        }
        self.tool = Some(tool.clone());
    }

    fn finished(&mut self, finished: &StepFinished, lessons: &mut Lessons) {
        let is_wait = finished.failure.as_ref().is_some_and(Failure::costs_nothing);
        if is_wait || matches!(finished.outcome, StepOutcome::Cancelled | StepOutcome::Interrupted | StepOutcome::Skipped) {
            // What was cut short answers nothing; the next attempt does.
            if let Some((trouble, _)) = self.answer.take() {
                self.trouble = Some(trouble);
            }
            return;
        }
        let passed = finished.outcome == StepOutcome::Passed;
        let helped = if passed { Helped::Yes } else { Helped::No };
        match self.role {
            // Whether what a FIX step did helps is for the check to say.
            Some(StepRole::Fix) if passed || finished.tool.as_ref().is_some_and(ToolId::is_fixers) => {}
            Some(StepRole::Edit | StepRole::Fix) => {
                self.answered(helped, lessons);
                let failed = finished.tool.clone().filter(|_| !passed);
                let of_fix = self.role == Some(StepRole::Fix);
                let name = || if of_fix { CHECK.to_owned() } else { trouble(finished.outcome, finished.failure.as_ref()) };
                self.trouble = failed.map(|tool| (tool, name()));
            }
            Some(StepRole::Static | StepRole::Runtime) => {
                self.answered(helped, lessons);
                self.trouble = self.tool.clone().filter(|_| !passed).map(|tool| (tool, CHECK.to_owned()));
            }
            Some(StepRole::Resolve) | None => {}
        }
    }

    fn answered(&mut self, helped: Helped, lessons: &mut Lessons) {
        if let Some((trouble, way)) = self.answer.take() {
            lessons.count(trouble, way, helped);
        }
    }
}

/// Returns what the entries of runs teach, oldest first.
#[must_use]
pub fn learn<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Lessons {
    let mut trails: BTreeMap<(RunId, WorkstreamId), Trail> = BTreeMap::new();
    let mut lessons = Lessons::default();
    for entry in entries {
        if let Some(Event::StepStarted(started)) = entry.event() {
            trails.entry((entry.run, started.workstream.clone())).or_default().started(started);
        }
        if let Some(Event::StepFinished(finished)) = entry.event() {
            trails.entry((entry.run, finished.workstream.clone())).or_default().finished(finished, &mut lessons);
        }
    }
    lessons
}

#[cfg(test)]
mod tests;
