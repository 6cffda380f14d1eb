//! How the ledger teaches: from the entries of former runs to what helped in them.

use std::collections::BTreeMap;

use super::event::Event;
use super::fact::{Rung, StepFinished, StepOutcome, StepRole, StepStarted};
use super::lessons::{CHECK, Helped, Lessons, Way, trouble};
use crate::domain::id::{RunId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::tool::failure::Failure;

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
