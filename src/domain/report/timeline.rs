//! The attempts of one workstream, one after the other.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::finding::model::Finding;
use crate::domain::id::{Attempt, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{OutputRef, StepOutcome, StepRole};

/// One attempt of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptLine {
    /// The step.
    pub step: StepId,
    /// Its number.
    pub attempt: Attempt,
    /// What it is for.
    pub role: StepRole,
    /// Its tool.
    pub tool: Option<ToolId>,
    /// The check that it mends.
    pub of: Option<StepId>,
    /// When it started.
    pub started: Timestamp,
    /// How long it took, in milliseconds; `None` while it runs.
    pub duration_ms: Option<u64>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<StepOutcome>,
    /// The exit code, when the program ended by itself.
    pub exit_code: Option<i32>,
    /// One sentence about it.
    pub message: Option<String>,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Its kept output.
    pub output: Option<OutputRef>,
}

/// Returns the attempts of a workstream in the order in which they started.
#[must_use]
pub fn timeline(entries: &[Entry], workstream: &WorkstreamId) -> Vec<AttemptLine> {
    let mut lines: Vec<AttemptLine> = Vec::new();
    for entry in entries {
        match entry.event() {
            Some(Event::StepStarted(m)) if m.workstream == *workstream => lines.push(AttemptLine {
                step: m.step.clone(),
                attempt: m.attempt,
                role: m.role,
                tool: m.tool.clone(),
                of: m.of.clone(),
                started: entry.ts,
                duration_ms: None,
                outcome: None,
                exit_code: None,
                message: None,
                findings: Vec::new(),
                output: None,
            }),
            Some(Event::StepFinished(m)) if m.workstream == *workstream => {
                let open = lines.iter_mut().rev().find(|line| line.step == m.step && line.attempt == m.attempt);
                if let Some(line) = open {
                    line.duration_ms = Some(m.duration_ms);
                    line.outcome = Some(m.outcome);
                    line.exit_code = m.exit_code;
                    line.message = Some(m.message.clone());
                    line.findings.clone_from(&m.findings);
                    line.output.clone_from(&m.output);
                }
            }
            Some(_) | None => {}
        }
    }
    lines
}
