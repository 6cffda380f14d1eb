//! `gate_results.json`: what the gates of a run said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::export::SCHEMA_VERSION;
use crate::domain::id::RunId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{GateRun, Verdict};
use crate::domain::run::tending::{Choice, Decided};

/// `gate_results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GateResults {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// What gates said, oldest first; a gate that ran again stands here again.
    pub gates: Vec<GateResult>,
}

/// What one gate said about one merged tree.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GateResult {
    /// The gate.
    pub gate: String,
    /// The wave, counted from 1.
    pub wave: u32,
    /// Which tending of the run asked it, when it was a rollback and no wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<u32>,
    /// The tree that it looked at.
    pub tree: String,
    /// The workstreams whose work is in that tree by this wave.
    pub workstreams: Vec<String>,
    /// When it ended.
    #[schemars(with = "String")]
    pub ts: Timestamp,
    /// `passed`, `failed` or `error`.
    pub verdict: String,
    /// What it found: exit code, time, findings, and how many of them are new, known and fixed.
    pub results: BTreeMap<String, Value>,
    /// Whether the wave, or the rollback, could go on.
    pub decision: GateDecision,
}

/// Whether the wave could go on, and why.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GateDecision {
    /// Whether it could; nothing as long as a person is asked.
    pub passed: Option<bool>,
    /// Why.
    pub reason: Option<String>,
    /// Whether the gate only says something and lets everything go on.
    pub advisory: bool,
    /// The person who decided.
    pub decided_by: Option<String>,
}

/// Returns what the gates of a run said.
#[must_use]
pub fn gate_results(run: RunId, entries: &[Entry]) -> GateResults {
    let gates = entries.iter().enumerate().filter_map(|(at, entry)| match entry.event() {
        Some(Event::GateFinished(gate)) => Some(result(entry, gate, &entries[at..])),
        _ => None,
    });
    GateResults { schema_version: SCHEMA_VERSION, run_id: run.to_string(), gates: gates.collect() }
}

fn result(entry: &Entry, gate: &GateRun, later: &[Entry]) -> GateResult {
    let mut results = BTreeMap::new();
    let mut put = |key: &str, value: Value| results.insert(key.to_owned(), value);
    put("exit_code", json!(gate.exit_code));
    put("duration_ms", json!(gate.duration_ms));
    put("findings", json!(gate.findings));
    put("flaky", json!(gate.flaky));
    if let Some([new, known, fixed]) = gate.counts {
        put("new", json!(new));
        put("known", json!(known));
        put("fixed", json!(fixed));
    }
    if let Some(output) = &gate.output {
        put("output", json!(output));
    }
    let verdict = match gate.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Error => "error",
    };
    GateResult {
        gate: gate.gate.clone(),
        wave: gate.wave,
        rollback: gate.rollback,
        tree: gate.tree.to_string(),
        workstreams: gate.workstreams.iter().map(ToString::to_string).collect(),
        ts: entry.ts,
        verdict: verdict.to_owned(),
        results,
        decision: decision(gate, later),
    }
}

fn decision(gate: &GateRun, later: &[Entry]) -> GateDecision {
    let about_it = |decided: &&Decided| decided.about == gate.gate && decided.on == gate.tree;
    let decided = later.iter().rev().find_map(|entry| match entry.event() {
        Some(Event::DecisionMade(decided)) => Some(decided).filter(about_it),
        _ => None,
    });
    let lets_go_on = gate.verdict == Verdict::Passed || gate.advisory;
    match decided {
        Some(decided) => GateDecision {
            passed: Some(decided.choice == Choice::Approve),
            reason: Some(decided.reason.clone()),
            advisory: gate.advisory,
            decided_by: Some(decided.who.clone()),
        },
        None => GateDecision {
            passed: (!gate.asks).then_some(lets_go_on),
            reason: gate.reason.clone(),
            advisory: gate.advisory,
            decided_by: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::EntryId;
    use crate::domain::ledger::codec;

    fn results(events: &[Value]) -> GateResults {
        let run = RunId::new(Ulid::from(1));
        let told = |event: &Value| {
            let event = serde_json::from_value(event.clone()).unwrap();
            codec::entry(EntryId::new(Ulid::from(1)), Timestamp::UNIX_EPOCH, run, event)
        };
        gate_results(run, &events.iter().map(told).collect::<Vec<_>>())
    }

    fn gate(verdict: &str, more: &Value) -> Value {
        let mut value = json!({"gate": "tests", "wave": 2, "tree": "1".repeat(40), "workstreams": ["a"], "verdict": verdict,
            "duration_ms": 7, "counts": [1, 2, 3], "reason": "so"});
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"gate_finished": value})
    }

    #[test]
    fn a_verdict_and_what_followed_from_it() {
        let check = |events: &[Value], verdict: &str, passed: Option<bool>, by: Option<&str>| {
            let found = results(events);
            let one = &found.gates[0];
            assert_eq!((one.verdict.as_str(), one.decision.passed, one.decision.decided_by.as_deref()), (verdict, passed, by));
            assert_eq!((&one.results["new"], &one.results["fixed"], one.wave), (&json!(1), &json!(3), 2));
        };
        let decided = |choice: &str, tree: &str| json!({"decision_made": {"round": 0, "about": "tests", "on": tree.repeat(40), "choice": choice, "who": "Ada", "reason": "ok"}});
        check(&[gate("passed", &json!({}))], "passed", Some(true), None);
        check(&[gate("failed", &json!({}))], "failed", Some(false), None);
        check(&[gate("failed", &json!({"advisory": true}))], "failed", Some(true), None);
        check(&[gate("error", &json!({"asks": true}))], "error", None, None);
        check(&[gate("error", &json!({"asks": true})), decided("approve", "1")], "error", Some(true), Some("Ada"));
        check(&[gate("error", &json!({"asks": true})), decided("reject", "1")], "error", Some(false), Some("Ada"));
        check(&[gate("error", &json!({"asks": true})), decided("approve", "2")], "error", None, None);
        let of = |more: Value| results(&[gate("passed", &more)]).gates[0].rollback;
        assert_eq!((of(json!({})), of(json!({"rollback": 2}))), (None, Some(2)));
    }
}
