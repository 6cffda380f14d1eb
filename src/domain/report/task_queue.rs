//! `task_queue.json`: what is left to do.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::export::SCHEMA_VERSION;
use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::{CheckedPlan, PromptSource, StepKind, ToolChoice, Workstream};
use crate::domain::run::state::{RunState, WorkstreamState, WorkstreamStatus};

/// `task_queue.json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TaskQueue {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// The workstreams that are neither merged nor skipped, in the order in which they come.
    pub tasks: Vec<QueuedTask>,
}

/// One workstream that is left.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueuedTask {
    /// The workstream.
    pub id: String,
    /// What comes next: `execute`, `continue`, `merge`, `resolve`, `wait`, or `review` where a person is needed.
    pub action: String,
    /// What it is about: title, tool or capability, steps, scope.
    pub params: BTreeMap<String, Value>,
    /// The workstreams that must be merged before it begins.
    pub dependencies: Vec<String>,
    /// Those of them that it still waits for: neither merged, nor skipped because nothing of them was due.
    pub open_dependencies: Vec<String>,
    /// The order inside its wave: higher first.
    pub priority: i64,
    /// Its wave, counted from 1.
    pub wave: u32,
    /// Where it stands.
    pub state: String,
    /// Why it stands there.
    pub reason: Option<String>,
}

/// Returns what is left to do of a run.
#[must_use]
pub fn task_queue(state: &RunState, plan: &CheckedPlan) -> TaskQueue {
    let mut left: Vec<(&Workstream, &WorkstreamState)> =
        plan.workstreams.iter().filter_map(|one| Some((one, state.workstreams.get(&one.id)?))).filter(|(_, one)| is_left(one)).collect();
    // A stable sort: the order of the plan among equals, as in a run.
    left.sort_by_key(|(planned, one)| (one.wave, std::cmp::Reverse(planned.priority)));
    let tasks = left.into_iter().map(|(planned, one)| queued(state, planned, one)).collect();
    TaskQueue { schema_version: SCHEMA_VERSION, run_id: state.run.to_string(), tasks }
}

const fn is_left(one: &WorkstreamState) -> bool {
    !matches!(one.status, WorkstreamStatus::Merged { .. } | WorkstreamStatus::Skipped { .. })
}

fn queued(state: &RunState, planned: &Workstream, one: &WorkstreamState) -> QueuedTask {
    let is_open = |id: &&WorkstreamId| state.workstreams.get(id).is_none_or(|one| !one.lets_dependents_begin());
    QueuedTask {
        id: planned.id.to_string(),
        action: action(&one.status).to_owned(),
        params: params(planned),
        dependencies: planned.depends_on.iter().map(ToString::to_string).collect(),
        open_dependencies: planned.depends_on.iter().filter(is_open).map(ToString::to_string).collect(),
        priority: planned.priority,
        wave: one.wave,
        state: one.status.word().to_owned(),
        reason: one.status.reason().map(str::to_owned),
    }
}

const fn action(status: &WorkstreamStatus) -> &'static str {
    match status {
        WorkstreamStatus::Planned | WorkstreamStatus::Ready | WorkstreamStatus::Retrying { .. } => "execute",
        WorkstreamStatus::InProgress | WorkstreamStatus::Validating => "continue",
        WorkstreamStatus::Verified { .. } | WorkstreamStatus::Merged { .. } => "merge",
        WorkstreamStatus::Conflicted { .. } => "resolve",
        WorkstreamStatus::Blocked { .. } | WorkstreamStatus::Skipped { .. } => "wait",
        WorkstreamStatus::Paused { .. }
        | WorkstreamStatus::Reverted { .. }
        | WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Aborted { .. }
        | WorkstreamStatus::Quarantined { .. } => "review",
    }
}

fn params(planned: &Workstream) -> BTreeMap<String, Value> {
    let mut params = BTreeMap::new();
    let mut put = |key: &str, value: Value| params.insert(key.to_owned(), value);
    put("title", json!(planned.title));
    put("steps", planned.steps.iter().map(|step| json!(step.id)).collect());
    put("files_scope", planned.scope.write_globs().collect());
    put("files_create", planned.scope.create_globs().collect());
    put("tasks", json!(planned.tasks));
    if let Some(PromptSource::File(name)) = &planned.prompt {
        put("prompt_file", json!(name));
    }
    if let Some(StepKind::Edit(edit)) = planned.steps.first().map(|step| &step.kind) {
        match &edit.tool {
            ToolChoice::Tool(tool) => put("tool", json!(tool)),
            ToolChoice::Capability(name) => put("capability", json!(name)),
        };
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ObjectId, RunId};
    use crate::domain::schedule::sample::{plan, workstream};

    #[test]
    fn what_is_left_comes_in_the_order_of_waves_and_priorities() {
        let late = Workstream { priority: -10, ..workstream("late", &[], &["late"]) };
        let plan =
            plan(vec![workstream("done", &[], &["done"]), late, workstream("b", &["done", "late"], &["b"]), workstream("a", &[], &["a"])]);
        let mut state = RunState::new(RunId::NONE);
        let merged = WorkstreamStatus::Merged { merge: ObjectId::ZERO };
        let failed = WorkstreamStatus::Failed { reason: "no".to_owned() };
        let all = [("done", 1, merged), ("late", 1, failed), ("b", 2, WorkstreamStatus::Planned), ("a", 1, WorkstreamStatus::InProgress)];
        for (id, wave, status) in all {
            state.workstreams.insert(WorkstreamId::parse(id).unwrap(), WorkstreamState { status, ..WorkstreamState::planned(wave) });
        }
        let queue = task_queue(&state, &plan);
        let told: Vec<_> = queue.tasks.iter().map(|task| (task.id.as_str(), task.action.as_str(), task.reason.as_deref())).collect();
        assert_eq!(told, [("a", "continue", None), ("late", "review", Some("no")), ("b", "execute", None)]);
        assert_eq!(
            (&queue.tasks[2].dependencies[..], &queue.tasks[2].open_dependencies[..]),
            (&["done".to_owned(), "late".to_owned()][..], &["late".to_owned()][..])
        );
        assert_eq!(queue.tasks[0].params["tool"], "command");
        assert_eq!(queue.tasks[0].params["files_scope"], json!(["a"]));
        // What was undone is left to a person. Whoever waits for it waits, and for what a person left out, too.
        let reverted = WorkstreamStatus::Reverted { merge: ObjectId::ZERO, commit: ObjectId::ZERO };
        let skipped = WorkstreamStatus::Skipped { reason: "no need".to_owned() };
        for (id, status) in [("done", reverted), ("late", skipped)] {
            state.workstreams.get_mut(&WorkstreamId::parse(id).unwrap()).unwrap().status = status;
        }
        let queue = task_queue(&state, &plan);
        let told: Vec<_> = queue.tasks.iter().map(|task| (task.id.as_str(), task.action.as_str())).collect();
        assert_eq!(told, [("done", "review"), ("a", "continue"), ("b", "execute")]);
        assert_eq!(queue.tasks[2].open_dependencies, ["done", "late"]);
    }
}
