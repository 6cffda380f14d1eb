//! `execution_results.json`: how every attempt ended.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::export::{SCHEMA_VERSION, task};
use super::stream::task_status;
use crate::domain::id::{Attempt, StepId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepStarted};
use crate::domain::run::state::RunState;

/// `execution_results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExecutionResults {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// The plan's name.
    pub plan: String,
    /// Where the run stands.
    pub status: String,
    /// The attempts in the order in which they began.
    pub results: Vec<ExecutionResult>,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExecutionResult {
    /// The run.
    pub run_id: String,
    /// The attempt, as `workstream/step#1`.
    pub task_id: String,
    /// What the step is for: `edit`, `static`, `runtime`, `fix`, `resolve`.
    pub task_kind: String,
    /// `RUNNING`, `COMPLETED`, `SKIPPED`, `FAILED`, `TIMEOUT` or `CANCELLED`.
    pub status: String,
    /// The tool, of steps that change files.
    pub tool_id: Option<String>,
    /// The exit code, when the program ended by itself.
    pub exit_code: Option<i32>,
    /// The patch that it made.
    pub output_patch_id: Option<String>,
    /// Why it did not pass.
    pub error: Option<String>,
    /// What else is known: outcome, times, the kept output, findings, usage.
    pub metadata: BTreeMap<String, Value>,
}

type Name = (WorkstreamId, StepId, Attempt);

/// Returns how every attempt of a run ended.
#[must_use]
pub fn execution_results(state: &RunState, entries: &[Entry]) -> ExecutionResults {
    let mut results: Vec<ExecutionResult> = Vec::new();
    let mut places: BTreeMap<Name, usize> = BTreeMap::new();
    for entry in entries {
        let Some(event) = entry.event() else { continue };
        if let Event::StepStarted(started) = event {
            places.insert((started.workstream.clone(), started.step.clone(), started.attempt), results.len());
            results.push(begun(entry, started));
        }
        if let Event::StepFinished(finished) = event {
            let name = (finished.workstream.clone(), finished.step.clone(), finished.attempt);
            if let Some(one) = places.get(&name).and_then(|place| results.get_mut(*place)) {
                end(one, entry, finished);
            }
        }
        if let Event::PatchCreated(patch) = event {
            let name = (patch.workstream.clone(), patch.step.clone(), patch.attempt);
            if let Some(one) = places.get(&name).and_then(|place| results.get_mut(*place)) {
                one.output_patch_id = Some(patch.patch.to_string());
            }
        }
    }
    ExecutionResults {
        schema_version: SCHEMA_VERSION,
        run_id: state.run.to_string(),
        plan: state.name.clone(),
        status: state.status.word().to_owned(),
        results,
    }
}

fn begun(entry: &Entry, started: &StepStarted) -> ExecutionResult {
    ExecutionResult {
        run_id: entry.run.to_string(),
        task_id: task(&started.workstream, Some((&started.step, Some(started.attempt)))),
        task_kind: word(&started.role),
        status: "RUNNING".to_owned(),
        tool_id: started.tool.as_ref().map(ToString::to_string),
        exit_code: None,
        output_patch_id: None,
        error: None,
        metadata: BTreeMap::from([
            ("workstream".to_owned(), json!(started.workstream)),
            ("step".to_owned(), json!(started.step)),
            ("attempt".to_owned(), json!(started.attempt)),
            ("started_at".to_owned(), json!(entry.ts)),
        ]),
    }
}

fn end(one: &mut ExecutionResult, entry: &Entry, finished: &StepFinished) {
    task_status(finished.outcome).clone_into(&mut one.status);
    one.exit_code = finished.exit_code;
    // A step that was not due has not failed.
    one.error = (!finished.outcome.lets_go_on()).then(|| finished.message.clone());
    if let Some(tool) = &finished.tool {
        one.tool_id = Some(tool.to_string());
    }
    let mut put = |key: &str, value: Value| one.metadata.insert(key.to_owned(), value);
    put("outcome", json!(finished.outcome));
    put("completed_at", json!(entry.ts));
    put("duration_ms", json!(finished.duration_ms));
    put("findings", json!(finished.findings.len()));
    // Nobody worked on it, so that it cost nothing.
    if finished.cached {
        put("cached", json!(true));
    }
    // Outputs are files beside the repository; a view names them and does not repeat them.
    if let Some(output) = &finished.output {
        put("output", json!(output));
    }
    if let Some(failure) = &finished.failure {
        put("failure", json!(failure));
    }
    if let Some(usage) = &finished.usage {
        put("usage", json!(usage));
    }
}

/// Returns the word by which something is stored.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::fold::fold;
    use crate::domain::ledger::sample::{entries, run};

    #[test]
    fn attempts_are_told_as_the_original_tells_tasks() {
        let all = entries(run(7));
        let at = |count: usize| execution_results(&fold(RunState::new(run(7)), &all[..count]).unwrap(), &all[..count]);
        let open = at(5);
        assert_eq!((open.status.as_str(), open.results.len(), open.results[0].status.as_str()), ("running", 1, "RUNNING"));
        let over = at(all.len());
        let one = &over.results[0];
        assert_eq!((one.task_id.as_str(), one.task_kind.as_str(), one.status.as_str()), ("a/edit#1", "edit", "FAILED"));
        assert_eq!((one.tool_id.as_deref(), one.error.as_deref(), one.output_patch_id.as_deref()), (Some("one"), Some("no"), None));
        assert_eq!((&one.metadata["outcome"], &one.metadata["findings"]), (&json!("failed"), &json!(0)));
        assert!(one.metadata.contains_key("started_at") && one.metadata.contains_key("completed_at"));
        assert_eq!(over.plan, "small");
    }

    #[test]
    fn what_was_not_due_has_no_error_and_what_was_known_says_so() {
        let finished = |outcome: &str, cached: bool| -> StepFinished {
            serde_json::from_value(json!({"workstream": "a", "step": "edit", "attempt": 1, "outcome": outcome, "message": "why",
                "duration_ms": 1, "cached": cached}))
            .unwrap()
        };
        let ended = |finished: &StepFinished| {
            let entry = &entries(run(7))[4];
            let Some(Event::StepStarted(started)) = entry.event() else { panic!("{entry:?}") };
            let mut one = begun(entry, started);
            end(&mut one, entry, finished);
            (one.status, one.error, one.metadata.contains_key("cached"))
        };
        assert_eq!(ended(&finished("skipped", false)), ("SKIPPED".to_owned(), None, false));
        assert_eq!(ended(&finished("passed", true)), ("COMPLETED".to_owned(), None, true));
        assert_eq!(ended(&finished("timed_out", false)), ("TIMEOUT".to_owned(), Some("why".to_owned()), false));
    }
}
