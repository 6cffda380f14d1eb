//! The attempts of one workstream, one after the other.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::finding::model::Finding;
use crate::domain::id::{Attempt, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::policy::sandbox::{Network, SandboxLevel};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{OutputRef, StepOutcome, StepRole};
use crate::domain::tool::usage::Usage;

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
    /// The level at which its programs ran.
    pub sandbox: Option<SandboxLevel>,
    /// What its programs could reach, where that was restricted.
    pub network: Option<Network>,
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
    /// What else is worth telling.
    pub notes: Vec<String>,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Its kept output.
    pub output: Option<OutputRef>,
    /// What its tool used.
    pub usage: Option<Usage>,
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
                sandbox: m.sandbox,
                network: m.network,
                started: entry.ts,
                duration_ms: None,
                outcome: None,
                exit_code: None,
                message: None,
                notes: Vec::new(),
                findings: Vec::new(),
                output: None,
                usage: None,
            }),
            Some(Event::StepFinished(m)) if m.workstream == *workstream => {
                let open = lines.iter_mut().rev().find(|line| line.step == m.step && line.attempt == m.attempt);
                if let Some(line) = open {
                    line.duration_ms = Some(m.duration_ms);
                    line.outcome = Some(m.outcome);
                    line.exit_code = m.exit_code;
                    line.message = Some(m.message.clone());
                    line.notes.clone_from(&m.notes);
                    line.findings.clone_from(&m.findings);
                    line.output.clone_from(&m.output);
                    line.usage.clone_from(&m.usage);
                }
            }
            Some(_) | None => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{EntryId, RunId};
    use crate::domain::ledger::codec;
    use crate::domain::run::fact::{Rung, StepFinished, StepStarted};

    fn started(workstream: &str, attempt: Attempt) -> Event {
        Event::StepStarted(StepStarted {
            workstream: WorkstreamId::parse(workstream).unwrap(),
            step: StepId::parse("static").unwrap(),
            attempt,
            role: StepRole::Static,
            index: 1,
            tool: None,
            rung: Rung::SameTool,
            of: None,
            sandbox: Some(SandboxLevel::Landlock),
            network: None,
        })
    }

    fn finished(workstream: &str, attempt: Attempt) -> Event {
        Event::StepFinished(StepFinished {
            workstream: WorkstreamId::parse(workstream).unwrap(),
            step: StepId::parse("static").unwrap(),
            attempt,
            tool: None,
            outcome: StepOutcome::Failed,
            message: "no".to_owned(),
            tool_fault: false,
            exit_code: Some(1),
            duration_ms: 7,
            output: None,
            findings: Vec::new(),
            notes: vec!["odd".to_owned()],
            review: None,
            failure: None,
            usage: None,
            cached: false,
        })
    }

    #[test]
    fn attempts_are_told_in_their_order_and_open_ones_stay_open() {
        let run = RunId::new(Ulid::from(1_u128));
        let events = [started("a", 1), started("b", 1), finished("b", 1), finished("a", 1), started("a", 2)];
        let entries: Vec<Entry> =
            (1_u128..).zip(events).map(|(n, event)| codec::entry(EntryId::new(Ulid::from(n)), Timestamp::UNIX_EPOCH, run, event)).collect();
        let lines = timeline(&entries, &WorkstreamId::parse("a").unwrap());
        let told: Vec<_> = lines.iter().map(|line| (line.attempt, line.outcome, line.duration_ms, line.notes.len())).collect();
        assert_eq!(told, [(1, Some(StepOutcome::Failed), Some(7), 1), (2, None, None, 0)]);
    }
}
