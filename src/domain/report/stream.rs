//! `executor.jsonl` and `resilience.jsonl`: the two streams of a run that other programs listen to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::export::{SCHEMA_VERSION, subject};
use super::log_line::log_line;
use super::vocabulary::{Severity, told};
use crate::domain::ledger::entry::{Body, Entry};
use crate::domain::run::event::Event;
use crate::domain::run::fact::StepOutcome;

/// The name under which the end of a run stands in the stream of the executor.
const FINISHED: &str = "EXECUTION_FINISHED";

/// One line of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StreamLine {
    /// The version of this format.
    pub schema_version: u32,
    /// The name of the entry.
    pub ulid: String,
    /// When.
    #[schemars(with = "String")]
    pub ts: Timestamp,
    /// The event, by its exported name.
    pub event: String,
    /// How grave it is.
    pub severity: Severity,
    /// Its kind in the ledger.
    pub kind: String,
    /// The run.
    pub run_id: String,
    /// What it is about: the attempt as `workstream/step#1`, the workstream, or the run.
    pub task_id: String,
    /// How a task or the run stands after it: `RUNNING`, `COMPLETED`, `SKIPPED`, `FAILED`, `TIMEOUT`, `CANCELLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The exit code, when a program ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Returns the status of a task whose attempt ended so, in the words of the original phase.
#[must_use]
pub const fn task_status(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Passed => "COMPLETED",
        StepOutcome::Skipped => "SKIPPED",
        StepOutcome::TimedOut => "TIMEOUT",
        StepOutcome::Failed | StepOutcome::NoChange | StepOutcome::Rejected | StepOutcome::NotStarted => "FAILED",
        StepOutcome::Cancelled | StepOutcome::Interrupted => "CANCELLED",
    }
}

/// Returns the stream of the executor: how attempts began and ended, and the end of the run.
#[must_use]
pub fn executor_lines(entries: &[Entry]) -> Vec<StreamLine> {
    let mut lines = Vec::new();
    for entry in entries {
        let names = told(entry).names;
        let of_executor = names.into_iter().filter(|name| name.starts_with("TASK_") || name == FINISHED);
        lines.extend(of_executor.map(|name| line(entry, name)));
    }
    lines
}

/// Returns what kept the run going, or held it up: breakers, retries, the recovery ladder, escalations, budgets, new drivers, what people
/// told it, and settings that were read again.
#[must_use]
pub fn resilience_lines(entries: &[Entry]) -> Vec<StreamLine> {
    let of_resilience = |entry: &&Entry| entry.event().is_some_and(is_of_resilience);
    entries.iter().filter(of_resilience).map(|entry| line(entry, told(entry).name().to_owned())).collect()
}

const fn is_of_resilience(event: &Event) -> bool {
    matches!(
        event,
        Event::BreakerOpened(_)
            | Event::BreakerClosed(_)
            | Event::WorkstreamRetrying(_)
            | Event::RecoveryClimbed(_)
            | Event::Escalated(_)
            | Event::BudgetWarned(_)
            | Event::BudgetSet(_)
            | Event::RunResumed(_)
            | Event::RunMended(_)
            | Event::Controlled(_)
            | Event::SettingsReread(_)
            | Event::StartMoved(_)
    )
}

fn line(entry: &Entry, event: String) -> StreamLine {
    let told = told(entry);
    let shown = log_line(entry);
    let kind = match &entry.body {
        Body::Known(event) => event.kind().to_owned(),
        Body::Unknown { kind, .. } => kind.clone(),
    };
    let (mut duration_ms, mut exit_code) = (None, None);
    if let Some(Event::StepFinished(step)) = entry.event() {
        (duration_ms, exit_code) = (Some(step.duration_ms), step.exit_code);
    }
    StreamLine {
        schema_version: SCHEMA_VERSION,
        ulid: entry.id.to_string(),
        ts: entry.ts,
        event,
        severity: told.severity,
        kind,
        run_id: entry.run.to_string(),
        task_id: subject(entry),
        status: entry.event().and_then(status).map(str::to_owned),
        tool_id: shown.tool.map(|tool| tool.to_string()),
        duration_ms,
        exit_code,
        message: shown.detail,
    }
}

fn status(event: &Event) -> Option<&'static str> {
    if let Event::StepFinished(step) = event {
        return Some(task_status(step.outcome));
    }
    if matches!(event, Event::StepStarted(_)) {
        return Some("RUNNING");
    }
    if matches!(event, Event::RunCompleted(_)) {
        return Some("COMPLETED");
    }
    if matches!(event, Event::RunFailed(_)) {
        return Some("FAILED");
    }
    matches!(event, Event::RunAborted(_)).then_some("CANCELLED")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ledger::sample::{entries, run};

    #[test]
    fn the_executor_tells_of_attempts_and_of_the_end() {
        let lines = executor_lines(&entries(run(7)));
        let told: Vec<_> = lines.iter().map(|line| (line.event.as_str(), line.task_id.as_str(), line.status.as_deref())).collect();
        let id = run(7).to_string();
        let expect = [
            ("TASK_STARTED", "a/edit#1", Some("RUNNING")),
            ("TASK_FAILED", "a/edit#1", Some("FAILED")),
            ("EXECUTION_FINISHED", id.as_str(), Some("CANCELLED")),
        ];
        assert_eq!(told, expect);
        let failed = serde_json::to_value(&lines[1]).unwrap();
        assert_eq!((&failed["severity"], &failed["tool_id"], &failed["duration_ms"]), (&json!("error"), &json!("one"), &json!(5)));
        assert_eq!((&failed["message"], &failed["kind"]), (&json!("no"), &json!("step_finished")));
    }

    #[test]
    fn resilience_is_what_kept_the_run_going() {
        let lines = resilience_lines(&entries(run(7)));
        let told: Vec<_> = lines.iter().map(|line| line.event.as_str()).collect();
        assert_eq!(told, ["CIRCUIT_OPENED", "RECOVERY_CLIMBED", "RETRY_SCHEDULED", "RUN_MENDED", "RUN_RESUMED"]);
        assert!(lines.iter().all(|line| line.severity == Severity::Warning));
    }
}
