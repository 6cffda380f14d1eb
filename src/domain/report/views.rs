//! The views of a run that are written as files: their names, their JSON Schemas, and how one that lies there is known to be ours.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use super::execution_results::ExecutionResults;
use super::export::{ExecutionLine, RoutingDecisions};
use super::gate_results::GateResults;
use super::handoff::HandoffLog;
use super::patch_ledger::PatchLine;
use super::stream::StreamLine;
use super::task_queue::TaskQueue;
use super::workflow::WorkflowState;

/// A view of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// How every attempt ended.
    ExecutionResults,
    /// The patches and their states, a line each.
    PatchLedger,
    /// A line per entry.
    Execution,
    /// How attempts began and ended, a line each.
    Executor,
    /// Breakers, retries, the recovery ladder, escalations, budgets, a line each.
    Resilience,
    /// Which tool was chosen for what.
    RoutingDecisions,
    /// What is left to do.
    TaskQueue,
    /// What gates said.
    GateResults,
    /// What is handed from workstream to workstream.
    HandoffLog,
    /// The state of the whole.
    WorkflowState,
    /// What the workstreams cost.
    Cost,
}

/// Whether a view is one document or a line per thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON document.
    Document,
    /// One JSON object per line.
    Lines,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ExecutionResults,
        Self::PatchLedger,
        Self::Execution,
        Self::Executor,
        Self::Resilience,
        Self::RoutingDecisions,
        Self::TaskQueue,
        Self::GateResults,
        Self::HandoffLog,
        Self::WorkflowState,
        Self::Cost,
    ];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExecutionResults => "execution_results",
            Self::PatchLedger => "patch_ledger",
            Self::Execution => "execution",
            Self::Executor => "executor",
            Self::Resilience => "resilience",
            Self::RoutingDecisions => "routing_decisions",
            Self::TaskQueue => "task_queue",
            Self::GateResults => "gate_results",
            Self::HandoffLog => "handoff_log",
            Self::WorkflowState => "workflow_state",
            Self::Cost => "cost",
        }
    }

    /// Returns whether it is a document or lines.
    #[must_use]
    pub const fn form(self) -> Form {
        match self {
            Self::PatchLedger | Self::Execution | Self::Executor | Self::Resilience => Form::Lines,
            Self::ExecutionResults
            | Self::RoutingDecisions
            | Self::TaskQueue
            | Self::GateResults
            | Self::HandoffLog
            | Self::WorkflowState
            | Self::Cost => Form::Document,
        }
    }

    /// Returns the name of its file.
    #[must_use]
    pub fn file(self) -> String {
        let ending = match self.form() {
            Form::Document => "json",
            Form::Lines => "jsonl",
        };
        format!("{}.{ending}", self.name())
    }

    /// Returns the keys that every document, or every line of it, has.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ExecutionResults => &["schema_version", "run_id", "results"],
            Self::PatchLedger => &["schema_version", "run_id", "patch_id", "state_history"],
            Self::Execution => &["schema_version", "ulid", "task_id", "event"],
            Self::Executor | Self::Resilience => &["schema_version", "ulid", "task_id", "event", "kind"],
            Self::RoutingDecisions => &["schema_version", "run_id", "decisions"],
            Self::TaskQueue => &["schema_version", "run_id", "tasks"],
            Self::GateResults => &["schema_version", "run_id", "gates"],
            Self::HandoffLog => &["schema_version", "run_id", "handoffs"],
            Self::WorkflowState => &["schema_version", "run", "state", "history"],
            Self::Cost => &["schema_version", "by", "rows", "total"],
        }
    }

    /// Returns whether content looks as this view was written by git-orc, so that it may be replaced. The files of the original systems have
    /// the same names and no `schema_version`. An empty file of lines holds nothing that could be lost.
    #[must_use]
    pub fn is_ours(self, bytes: &[u8]) -> bool {
        let fits = |bytes: &[u8]| {
            serde_json::from_slice::<Map<String, Value>>(bytes).is_ok_and(|map| self.keys().iter().all(|key| map.contains_key(*key)))
        };
        match self.form() {
            Form::Document => fits(bytes),
            Form::Lines => bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).all(fits),
        }
    }

    /// Returns the JSON Schema of the document, or of one of its lines; the costs are the document of `git orc cost --json` and have none.
    #[must_use]
    pub fn schema(self) -> Option<Value> {
        let mut schema = match self {
            Self::ExecutionResults => of::<ExecutionResults>(),
            Self::PatchLedger => of::<PatchLine>(),
            Self::Execution => of::<ExecutionLine>(),
            Self::Executor | Self::Resilience => of::<StreamLine>(),
            Self::RoutingDecisions => of::<RoutingDecisions>(),
            Self::TaskQueue => of::<TaskQueue>(),
            Self::GateResults => of::<GateResults>(),
            Self::HandoffLog => of::<HandoffLog>(),
            Self::WorkflowState => of::<WorkflowState>(),
            Self::Cost => return None,
        };
        let what = match self.form() {
            Form::Document => String::new(),
            Form::Lines => ", one line".to_owned(),
        };
        schema["title"] = format!("git-orc export {}{what}", self.file()).into();
        Some(schema)
    }

    /// Returns the view that a user names, with or without the ending of its file.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == text || view.file() == text)
    }
}

fn of<T: JsonSchema>() -> Value {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_go_by_their_files() {
        for view in View::ALL {
            assert_eq!(View::named(view.name()), Some(view));
            assert_eq!(View::named(&view.file()), Some(view));
        }
        assert_eq!(View::named("costs"), None);
        assert_eq!(View::PatchLedger.file(), "patch_ledger.jsonl");
        assert_eq!(View::GateResults.file(), "gate_results.json");
    }

    #[test]
    fn what_we_wrote_is_known_and_what_others_wrote_is_too() {
        let check = |view: View, text: &str, is_ours: bool| assert_eq!(view.is_ours(text.as_bytes()), is_ours, "{view:?} {text}");
        check(View::TaskQueue, r#"{"schema_version": 1, "run_id": "x", "tasks": []}"#, true);
        check(View::TaskQueue, r#"{"tasks": []}"#, false);
        check(View::TaskQueue, "[]", false);
        check(View::TaskQueue, "", false);
        check(View::TaskQueue, "mine\n", false);
        let line = r#"{"schema_version": 1, "ulid": "x", "task_id": "a", "event": "E", "kind": "k"}"#;
        check(View::Resilience, "", true);
        check(View::Resilience, &format!("{line}\n{line}\n"), true);
        check(View::Resilience, &format!("{line}\nmine\n"), false);
        check(View::Execution, r#"{"ulid": "x", "task_id": "T-001", "status": "running", "ts": "t"}"#, false);
    }

    #[test]
    fn every_key_that_makes_a_view_ours_is_in_its_schema() {
        for view in View::ALL {
            let Some(schema) = view.schema() else { continue };
            let properties = schema["properties"].as_object().unwrap();
            assert!(view.keys().iter().all(|key| properties.contains_key(*key)), "{view:?}");
        }
    }
}
