//! Views of a run in the formats of the original systems, for programs that read those: what was chosen, and a line per entry. The other
//! views stand in files of their own beside this one; [`super::views`] knows them all.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::vocabulary::{Severity, told};
use crate::domain::id::{Attempt, EntryId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::{Body, Entry};
use crate::domain::run::event::Event;

/// The version of the exported views; fields are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// How a tool was chosen, as far as a view tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingFact {
    /// When.
    pub ts: Timestamp,
    /// For which workstream.
    pub workstream: WorkstreamId,
    /// For which step.
    pub step: StepId,
    /// For which attempt.
    pub attempt: Attempt,
    /// The tool.
    pub tool: ToolId,
    /// The capability that was asked for.
    pub capability: Option<String>,
    /// By which rule.
    pub strategy: String,
    /// Who else could have been chosen, the chosen one included.
    pub candidates: Vec<RoutingCandidate>,
    /// Why it was this one.
    pub reason: String,
}

/// A tool that could have been chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoutingCandidate {
    /// The tool.
    pub tool: ToolId,
    /// What was made of it.
    pub verdict: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it did so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// `routing_decisions.json`: which tool was chosen for what. The original names candidates and nothing more of them, so what is known beyond
/// that is metadata.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoutingDecisions {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// The choices, oldest first.
    pub decisions: Vec<RoutingDecision>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoutingDecision {
    /// When.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// The capability that was asked for, else the step.
    pub task_kind: String,
    /// The tool.
    #[schemars(with = "String")]
    pub selected_tool: ToolId,
    /// By which rule.
    pub strategy: String,
    /// The names of the candidates.
    #[schemars(with = "Vec<String>")]
    pub candidates: Vec<ToolId>,
    /// The id of a rule of the original router; there are none here.
    pub rule_id: Option<String>,
    /// What else is known.
    pub metadata: BTreeMap<&'static str, Value>,
    /// The attempt, as `workstream/step#1`.
    pub task_id: String,
    /// The run.
    #[schemars(with = "String")]
    pub run_id: RunId,
}

/// One line of `execution.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExecutionLine {
    /// The name of the entry.
    #[schemars(with = "String")]
    pub ulid: EntryId,
    /// What it is about: the attempt as `workstream/step#1`, the workstream, or the run.
    pub task_id: String,
    /// What happened.
    pub status: String,
    /// When.
    #[schemars(with = "String")]
    pub ts: Timestamp,
    /// The event, by its exported name.
    pub event: String,
    /// How grave it is.
    pub severity: Severity,
    /// The version of this format.
    pub schema_version: u32,
}

/// Returns which tool was chosen for what.
#[must_use]
pub fn routing_decisions(run: RunId, facts: Vec<RoutingFact>) -> RoutingDecisions {
    let decision = |fact: RoutingFact| {
        let mut metadata = BTreeMap::from([
            ("workstream", Value::from(fact.workstream.as_str())),
            ("step", Value::from(fact.step.as_str())),
            ("attempt", Value::from(fact.attempt)),
            ("reason", Value::from(fact.reason)),
        ]);
        // A list of texts and finite numbers always has a JSON form.
        if let Ok(candidates) = serde_json::to_value(&fact.candidates) {
            metadata.insert("candidates", candidates);
        }
        RoutingDecision {
            timestamp: fact.ts,
            task_kind: fact.capability.unwrap_or_else(|| fact.step.to_string()),
            selected_tool: fact.tool,
            strategy: fact.strategy,
            candidates: fact.candidates.into_iter().map(|candidate| candidate.tool).collect(),
            rule_id: None,
            metadata,
            task_id: task(&fact.workstream, Some((&fact.step, Some(fact.attempt)))),
            run_id: run,
        }
    };
    RoutingDecisions { schema_version: SCHEMA_VERSION, run_id: run, decisions: facts.into_iter().map(decision).collect() }
}

/// Returns a line per entry, oldest first.
#[must_use]
pub fn execution_lines(entries: &[Entry]) -> Vec<ExecutionLine> {
    entries.iter().map(line).collect()
}

fn line(entry: &Entry) -> ExecutionLine {
    let status = match &entry.body {
        Body::Known(event) => event.kind().to_owned(),
        Body::Unknown { kind, .. } => kind.clone(),
    };
    let told = told(entry);
    ExecutionLine {
        ulid: entry.id,
        task_id: subject(entry),
        status,
        ts: entry.ts,
        event: told.name().to_owned(),
        severity: told.severity,
        schema_version: SCHEMA_VERSION,
    }
}

/// Returns what an entry is about: the attempt as `workstream/step#1`, the workstream, or the run.
#[must_use]
pub fn subject(entry: &Entry) -> String {
    let about = entry.event().map(Event::about).unwrap_or_default();
    match about.workstream {
        Some(workstream) => task(workstream, about.step.map(|step| (step, about.attempt))),
        None => entry.run.to_string(),
    }
}

/// Returns the name of an attempt, a step or a workstream.
#[must_use]
pub fn task(workstream: &WorkstreamId, step: Option<(&StepId, Option<Attempt>)>) -> String {
    match step {
        Some((step, Some(attempt))) => format!("{workstream}/{step}#{attempt}"),
        Some((step, None)) => format!("{workstream}/{step}"),
        None => workstream.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::ObjectId;
    use crate::domain::ledger::codec;
    use crate::domain::report::cost::tests::ended;
    use crate::domain::run::fact::{RunMoved, WorkstreamMoved};

    fn tool(name: &str) -> ToolId {
        ToolId::parse(name).unwrap()
    }

    #[test]
    fn choices_have_the_shape_of_the_original() {
        let candidate = |name: &str, verdict: &str, reason: Option<&str>, score| RoutingCandidate {
            tool: tool(name),
            verdict: verdict.to_owned(),
            reason: reason.map(str::to_owned),
            score,
        };
        let fact = RoutingFact {
            ts: "2026-11-21T12:00:00Z".parse().unwrap(),
            workstream: WorkstreamId::parse("api").unwrap(),
            step: StepId::parse("edit").unwrap(),
            attempt: 2,
            tool: tool("codex"),
            capability: Some("code_edit".to_owned()),
            strategy: "best_score".to_owned(),
            candidates: vec![
                candidate("aider", "skipped", Some("its breaker is open"), None),
                candidate("codex", "chosen", None, Some(0.5)),
            ],
            reason: "the first usable one".to_owned(),
        };
        let run = RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap();
        let plain = RoutingFact { capability: None, candidates: Vec::new(), ..fact.clone() };
        let document = serde_json::to_value(routing_decisions(run, vec![fact, plain])).unwrap();
        assert_eq!(
            document["decisions"][0],
            json!({
                "timestamp": "2026-11-21T12:00:00Z",
                "task_kind": "code_edit",
                "selected_tool": "codex",
                "strategy": "best_score",
                "candidates": ["aider", "codex"],
                "rule_id": null,
                "metadata": {
                    "attempt": 2,
                    "candidates": [
                        {"tool": "aider", "verdict": "skipped", "reason": "its breaker is open"},
                        {"tool": "codex", "verdict": "chosen", "score": 0.5},
                    ],
                    "reason": "the first usable one",
                    "step": "edit",
                    "workstream": "api",
                },
                "task_id": "api/edit#2",
                "run_id": document["run_id"],
            })
        );
        assert_eq!((&document["decisions"][1]["task_kind"], &document["decisions"][1]["candidates"]), (&json!("edit"), &json!([])));
    }

    #[test]
    fn every_entry_is_a_line() {
        let run = RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap();
        let entry = |event: Event| codec::entry(EntryId::new(Ulid::from(7_u128)), Timestamp::UNIX_EPOCH, run, event);
        let moved = RunMoved { round: 0, reason: None, tip: ObjectId::parse(&"a".repeat(40)).unwrap() };
        let workstream: WorkstreamMoved = serde_json::from_value(json!({"workstream": "ui", "round": 1})).unwrap();
        let unknown = Entry {
            body: Body::Unknown { kind: "dreamt".to_owned(), raw: serde_json::Map::new() },
            ..entry(Event::RunPaused(moved.clone()))
        };
        let entries = [
            entry(Event::RunPaused(moved)),
            entry(Event::WorkstreamVerified(workstream)),
            ended("2026-11-21T12:00:00Z", "api edit codex", None),
            unknown,
        ];
        let told: Vec<_> = execution_lines(&entries).into_iter().map(|line| (line.task_id, line.status)).collect();
        let id = run.to_string();
        let expect = [(id.as_str(), "run_paused"), ("ui", "workstream_verified"), ("api/edit#1", "step_finished"), (id.as_str(), "dreamt")];
        assert_eq!(told, expect.map(|(task, status)| (task.to_owned(), status.to_owned())));
        let line = serde_json::to_value(&execution_lines(&entries)[0]).unwrap();
        assert_eq!(
            line.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["ulid", "task_id", "status", "ts", "event", "severity", "schema_version"]
        );
    }
}
