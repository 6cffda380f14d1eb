//! The one vocabulary of events: how every kind of the ledger is called in exported views, and how grave it is. The names are those of the
//! original systems where these had one; four vocabularies of theirs become this one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::gate::judge::GateOutcome;
use crate::domain::id::StepId;
use crate::domain::ledger::entry::{Body, Entry};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, Verdict};

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The normal course.
    Info,
    /// A retry, a recovery, or a person who decided otherwise.
    Warning,
    /// A failure.
    Error,
    /// Something that was merged is undone.
    Critical,
}

impl Severity {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A run.
    Run,
    /// A wave.
    Wave,
    /// A workstream.
    Workstream,
    /// An attempt of a step, which the original systems call a task.
    Task,
    /// A patch.
    Patch,
    /// A gate.
    Gate,
    /// A tool.
    Tool,
    /// The repository, and no run.
    Repository,
}

impl Topic {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Wave => "wave",
            Self::Workstream => "workstream",
            Self::Task => "task",
            Self::Patch => "patch",
            Self::Gate => "gate",
            Self::Tool => "tool",
            Self::Repository => "repository",
        }
    }
}

/// What one kind is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The kind in the ledger.
    pub kind: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// Its names; more than one case where it depends on what the entry says.
    pub cases: &'static [Case],
}

/// What a kind is called in one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// When it is this case; empty where there is no other.
    pub when: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// The names, the main one first.
    pub names: &'static [&'static str],
}

macro_rules! rows {
    ($($kind:literal $topic:ident: $($severity:ident [$($name:literal),+] $(when $when:literal)?),+;)*) => {
        &[$(Row {
            kind: $kind,
            topic: Topic::$topic,
            cases: &[$(Case { when: concat!($($when)?), severity: Severity::$severity, names: &[$($name),+] }),+],
        }),*]
    };
}

/// The vocabulary, in the order of the ledger's kinds.
pub const ROWS: &[Row] = rows! {
    "run_planned" Run: Info ["PLANNING_COMPLETE", "WORKSTREAMS_GENERATED", "TASKS_QUEUED"];
    "run_started" Run: Info ["RUN_STARTED"];
    "run_resumed" Run: Warning ["RUN_RESUMED"];
    "run_paused" Run: Warning ["RUN_PAUSED"];
    "run_halted" Run: Error ["RUN_HALTED"];
    "run_completed" Run: Info ["RUN_COMPLETED", "EXECUTION_FINISHED"];
    "run_failed" Run: Error ["RUN_FAILED", "EXECUTION_FINISHED"];
    "run_aborted" Run: Error ["RUN_ABORTED", "EXECUTION_FINISHED"];
    "wave_started" Wave: Info ["WAVE_STARTED"];
    "wave_finished" Wave: Info ["WAVE_FINISHED"];
    "integration_prepared" Wave: Info ["INTEGRATION_PREPARED"];
    "integration_advanced" Wave: Info ["INTEGRATION_ADVANCED"];
    "integration_dropped" Wave: Warning ["INTEGRATION_DROPPED"];
    "gate_finished" Gate:
        Info ["GATE_PASSED"] when "it passed",
        Error ["GATE_FAILED"] when "it failed",
        Error ["GATE_ERROR"] when "it could not run",
        Warning ["GATE_ASKED"] when "it asks a person";
    "worktree_created" Workstream: Info ["WORKTREE_CREATED"];
    "worktree_removed" Workstream: Info ["WORKTREE_REMOVED"];
    "worktree_kept" Workstream: Warning ["WORKTREE_KEPT"];
    "step_started" Task: Info ["TASK_STARTED"];
    "step_finished" Task:
        Info ["TASK_COMPLETED"] when "it passed",
        Error ["TASK_FAILED", "ERROR_DETECTED"] when "it did not",
        Error ["TASK_FAILED", "ERROR_DETECTED", "ERROR_CLASSIFIED"] when "it did not, and it is known how its tool failed",
        Warning ["TASK_CANCELLED"] when "it was cut short",
        Info ["TASK_SKIPPED"] when "it was not due";
    "patch_created" Patch: Info ["PATCH_CREATED"];
    "patch_validated" Patch: Info ["PATCH_VALIDATED"];
    "patch_rejected" Patch: Error ["PATCH_REJECTED"];
    "patch_applied" Patch:
        Info ["PATCH_APPLIED"] when "any other step made it",
        Warning ["FIX_APPLIED", "PATCH_APPLIED"] when "a FIX step made it";
    "patch_verified" Patch: Info ["PATCH_VERIFIED"];
    "patch_superseded" Patch: Info ["PATCH_SUPERSEDED"];
    "patch_quarantined" Patch: Error ["PATCH_QUARANTINED"];
    "patch_merged" Patch: Info ["PATCH_COMMITTED"];
    "patch_reverted" Patch: Critical ["PATCH_ROLLED_BACK"];
    "patch_dropped" Patch: Warning ["PATCH_DROPPED"];
    "workstream_blocked" Workstream: Warning ["WORKSTREAM_BLOCKED"];
    "workstream_skipped" Workstream: Info ["WORKSTREAM_SKIPPED"];
    "workstream_retrying" Workstream: Warning ["RETRY_SCHEDULED"];
    "workstream_verified" Workstream: Info ["WORKSTREAM_VERIFIED"];
    "workstream_conflicted" Workstream: Warning ["MERGE_CONFLICT_DETECTED"];
    "workstream_merged" Workstream: Info ["WORKSTREAM_COMPLETED"];
    "workstream_failed" Workstream: Error ["WORKSTREAM_FAILED"];
    "workstream_timed_out" Workstream: Error ["WORKSTREAM_TIMED_OUT"];
    "workstream_quarantined" Workstream: Error ["WORKSTREAM_QUARANTINED"];
    "workstream_aborted" Workstream: Error ["WORKSTREAM_ABORTED"];
    "workstream_paused" Workstream: Warning ["WORKSTREAM_PAUSED"];
    "recovery_climbed" Workstream: Warning ["RECOVERY_CLIMBED"];
    "breaker_opened" Tool: Warning ["CIRCUIT_OPENED"];
    "breaker_closed" Tool: Info ["CIRCUIT_CLOSED"];
    "tool_routed" Task: Info ["ROUTING_COMPLETE", "ADAPTERS_ASSIGNED"];
    "budget_warned" Run: Warning ["BUDGET_WARNING"];
    "budget_set" Run: Warning ["BUDGET_SET"];
    "settings_reread" Run: Warning ["SETTINGS_REREAD"];
    "start_moved" Workstream: Info ["START_MOVED"];
    "escalated" Run: Warning ["ERROR_ESCALATED"];
    "garbage_collected" Run: Info ["RUN_ARCHIVED"];
    "run_mended" Run: Warning ["RUN_MENDED"];
    "decision_made" Run: Warning ["DECISION_MADE"];
    "controlled" Run: Warning ["MANUAL_OVERRIDE"];
    "integrity_violated" Task: Error ["INTEGRITY_VIOLATED"];
    "integrity_noted" Task: Warning ["INTEGRITY_NOTED"];
    "rollback_started" Run: Critical ["ROLLBACK_STARTED"];
    "rollback_prepared" Run: Critical ["ROLLBACK_PREPARED"];
    "rolled_back" Run: Critical ["ROLLED_BACK"];
    "rollback_dropped" Run: Warning ["ROLLBACK_DROPPED"];
    "compensation_started" Run: Warning ["COMPENSATION_STARTED"];
    "compensation_finished" Run: Warning ["COMPENSATION_FINISHED"];
    "gate_checked" Repository:
        Info ["GATE_PASSED"] when "it passed",
        Error ["GATE_FAILED"] when "it did not";
    "gate_waived" Repository: Warning ["GATE_WAIVED"];
    "goals_measured" Workstream: Info ["GOALS_MEASURED"];
    "goal_round" Workstream: Warning ["GOAL_ROUND_STARTED"];
    "goals_settled" Workstream: Info ["GOALS_SETTLED"];
    "workstream_created" Repository: Info ["WORKSTREAM_CREATED"];
};

/// What an entry is called in exported views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The names, the main one first.
    pub names: Vec<String>,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
}

impl Told {
    /// Returns the main name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// Returns what an entry is called. A kind of a newer version is called by its own name.
#[must_use]
pub fn told(entry: &Entry) -> Told {
    let (kind, case) = match &entry.body {
        Body::Known(event) => (event.kind(), case(event)),
        Body::Unknown { kind, .. } => (kind.as_str(), 0),
    };
    match row(kind).and_then(|row| Some((row.topic, row.cases.get(case)?))) {
        Some((topic, case)) => Told { names: case.names.iter().map(|name| (*name).to_owned()).collect(), severity: case.severity, topic },
        None => Told { names: vec![kind.to_ascii_uppercase()], severity: Severity::Info, topic: Topic::Run },
    }
}

/// Returns what a kind is called.
#[must_use]
pub fn row(kind: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kind == kind)
}

/// Returns which of the cases of its kind an event is.
fn case(event: &Event) -> usize {
    if let Event::GateFinished(gate) = event {
        return match gate.verdict {
            Verdict::Passed => 0,
            Verdict::Failed => 1,
            Verdict::Error => 2 + usize::from(gate.asks),
        };
    }
    if let Event::StepFinished(step) = event {
        return match step.outcome {
            StepOutcome::Passed => 0,
            StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::NoChange | StepOutcome::Rejected | StepOutcome::NotStarted => {
                1 + usize::from(step.failure.is_some())
            }
            StepOutcome::Cancelled | StepOutcome::Interrupted => 3,
            StepOutcome::Skipped => 4,
        };
    }
    if let Event::PatchApplied(patch) = event {
        return usize::from(patch.step == StepId::fix());
    }
    if let Event::GateChecked(gate) = event {
        return usize::from(gate.outcome != GateOutcome::Passed);
    }
    0
}

/// Returns the vocabulary as a table in Markdown.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("| in the ledger | when | in exports | severity | about |\n|---|---|---|---|---|\n");
    for row in ROWS {
        for case in row.cases {
            let names: Vec<String> = case.names.iter().map(|name| format!("`{name}`")).collect();
            out.push_str(&format!(
                "| `{}` | {} | {} | {} | {} |\n",
                row.kind,
                case.when,
                names.join(", "),
                case.severity.name(),
                row.topic.name()
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{EntryId, RunId};
    use crate::domain::ledger::codec;

    fn entry(event: &Value) -> Entry {
        let event: Event = serde_json::from_value(event.clone()).unwrap();
        codec::entry(EntryId::new(Ulid::from(1)), jiff::Timestamp::UNIX_EPOCH, RunId::new(Ulid::from(1)), event)
    }

    /// The names of events stand in two files; whatever these list, this lists too.
    #[test]
    fn every_kind_of_the_ledger_has_a_row_and_only_those() {
        let source = include_str!("../run/kind.rs");
        let kinds = source.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
        let of_rollback = include_str!("../run/rollback_machine.rs").lines().map(str::trim);
        let of_rollback = of_rollback.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"')).take(6);
        let kinds: BTreeSet<&str> = kinds.chain(of_rollback).collect();
        assert!(kinds.len() > 60, "{kinds:?}");
        assert_eq!(ROWS.iter().map(|row| row.kind).collect::<BTreeSet<_>>(), kinds);
        assert_eq!(ROWS.len(), kinds.len(), "no kind has two rows");
    }

    #[test]
    fn names_are_words_of_one_vocabulary() {
        let mut main = BTreeSet::new();
        for row in ROWS {
            let several = row.cases.len() > 1;
            for case in row.cases {
                assert_eq!(several, !case.when.is_empty(), "{}", row.kind);
                assert!(case.names.iter().all(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')), "{}", row.kind);
                main.insert(case.names[0]);
            }
        }
        for seed in ["TASK_STARTED", "TASK_COMPLETED", "TASK_FAILED", "RUN_COMPLETED", "FIX_APPLIED", "ROUTING_COMPLETE"] {
            assert!(main.contains(seed), "{seed}");
        }
    }

    #[test]
    fn what_an_entry_says_decides_among_the_names_of_its_kind() {
        let step = |outcome: &str, failure: Value| {
            json!({"step_finished": {"workstream": "a", "step": "edit", "attempt": 1, "outcome": outcome, "message": "", "duration_ms": 1,
                "failure": failure}})
        };
        let gate = |verdict: &str, asks: bool| {
            json!({"gate_finished": {"gate": "g", "wave": 1, "tree": "1".repeat(40), "workstreams": [], "verdict": verdict,
                "duration_ms": 1, "asks": asks}})
        };
        let patch = |kind: &str, step: &str| {
            json!({kind: {"workstream": "a", "step": step, "attempt": 1, "tool": "t", "patch": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "commit": "1".repeat(40), "files": 1, "insertions": 1, "deletions": 0}})
        };
        let check = |event: &Value, names: &[&str], severity: Severity| {
            let told = told(&entry(event));
            assert_eq!((told.names.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), told.severity), (names, severity), "{event}");
            assert_eq!(told.name(), names[0]);
        };
        check(&step("passed", Value::Null), &["TASK_COMPLETED"], Severity::Info);
        check(&step("timed_out", Value::Null), &["TASK_FAILED", "ERROR_DETECTED"], Severity::Error);
        let class = json!({"class": "auth", "remedy": "next_tool"});
        check(&step("failed", class), &["TASK_FAILED", "ERROR_DETECTED", "ERROR_CLASSIFIED"], Severity::Error);
        check(&step("interrupted", Value::Null), &["TASK_CANCELLED"], Severity::Warning);
        check(&gate("passed", false), &["GATE_PASSED"], Severity::Info);
        check(&gate("failed", false), &["GATE_FAILED"], Severity::Error);
        check(&gate("error", false), &["GATE_ERROR"], Severity::Error);
        check(&gate("error", true), &["GATE_ASKED"], Severity::Warning);
        check(&patch("patch_applied", "edit"), &["PATCH_APPLIED"], Severity::Info);
        check(&patch("patch_applied", "fix"), &["FIX_APPLIED", "PATCH_APPLIED"], Severity::Warning);
        check(&patch("patch_reverted", "edit"), &["PATCH_ROLLED_BACK"], Severity::Critical);
    }

    #[test]
    fn what_a_newer_version_wrote_keeps_its_name() {
        let mut entry = entry(&json!({"run_mended": {"round": 0}}));
        assert_eq!(told(&entry).name(), "RUN_MENDED");
        entry.body = Body::Unknown { kind: "dreamt_up".to_owned(), raw: serde_json::Map::new() };
        assert_eq!(told(&entry), Told { names: vec!["DREAMT_UP".to_owned()], severity: Severity::Info, topic: Topic::Run });
    }
}
