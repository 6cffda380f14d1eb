//! `handoff_log.json`: how work is handed from one workstream to the next. A dependency that is merged hands its work to whoever depends on it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::export::SCHEMA_VERSION;
use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::run::event::Event;
use crate::domain::run::state::{RunState, WorkstreamStatus};
use crate::domain::workflow::view::{HandoffView, WorkflowView};

/// `handoff_log.json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HandoffLog {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// The handoffs, in the order of the plan.
    pub handoffs: Vec<Handoff>,
}

/// One handoff.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Handoff {
    /// Its name: `origin->target`.
    pub id: String,
    /// Who hands something over: a workstream.
    pub origin_role: String,
    /// Who gets it: a workstream; absent as long as a role that hands over is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_role: Option<String>,
    /// What is handed over: the merge commit, then the globs of what was written; empty as long as it is not merged.
    pub inputs: Vec<String>,
    /// What came of it: the merge commit of the one who got it.
    pub outputs: Vec<String>,
    /// What the handoff is needed for, when anything more than that the target begins.
    pub required_by: Option<String>,
    /// `pending`, `ready`, `in_progress`, `completed`, `blocked`, `failed` or `reverted`.
    pub status: String,
    /// When the work was merged, so that it could be handed over.
    #[schemars(with = "Option<String>")]
    pub ts: Option<Timestamp>,
}

/// Returns the handoffs between the roles of a run of pipelines of roles.
#[must_use]
pub fn handoffs_of_roles(run: RunId, views: &[WorkflowView]) -> HandoffLog {
    let handoff = |one: &HandoffView| Handoff {
        id: one.id.clone(),
        origin_role: one.origin_role.clone(),
        target_role: one.target_role.clone(),
        inputs: one.inputs.clone(),
        outputs: one.outputs.clone(),
        required_by: one.required_by.clone(),
        status: one.status.to_owned(),
        ts: None,
    };
    let handoffs = views.iter().flat_map(|view| &view.handoffs).map(handoff).collect();
    HandoffLog { schema_version: SCHEMA_VERSION, run_id: run.to_string(), handoffs }
}

/// Returns the handoffs of a run.
#[must_use]
pub fn handoff_log(state: &RunState, plan: &CheckedPlan, entries: &[Entry]) -> HandoffLog {
    let mut handoffs = Vec::new();
    for target in &plan.workstreams {
        for origin in target.depends_on.iter().filter_map(|id| plan.workstream(id)) {
            handoffs.push(handoff(state, (origin, target), entries));
        }
    }
    HandoffLog { schema_version: SCHEMA_VERSION, run_id: state.run.to_string(), handoffs }
}

fn handoff(state: &RunState, (origin, target): (&Workstream, &Workstream), entries: &[Entry]) -> Handoff {
    let merge_of = |id: &WorkstreamId| match state.workstreams.get(id).map(|one| &one.status) {
        Some(WorkstreamStatus::Merged { merge }) => Some(merge.to_string()),
        _ => None,
    };
    let given = merge_of(&origin.id);
    let globs = || origin.scope.write_globs().chain(origin.scope.create_globs()).map(str::to_owned);
    let merged_at = |entry: &Entry| match entry.event() {
        Some(Event::WorkstreamMerged(moved)) if moved.workstream == origin.id => Some(entry.ts),
        _ => None,
    };
    let mut inputs: Vec<String> = given.iter().cloned().chain(given.iter().flat_map(|_| globs())).collect();
    inputs.dedup();
    Handoff {
        id: format!("{}->{}", origin.id, target.id),
        origin_role: origin.id.to_string(),
        target_role: Some(target.id.to_string()),
        inputs,
        outputs: merge_of(&target.id).into_iter().collect(),
        required_by: None,
        status: status(state, &origin.id, &target.id).to_owned(),
        // What was merged and undone again is not handed over any more.
        ts: given.and_then(|_| entries.iter().rev().find_map(merged_at)),
    }
}

fn status(state: &RunState, origin: &WorkstreamId, target: &WorkstreamId) -> &'static str {
    let of = |id: &WorkstreamId| state.workstreams.get(id);
    let (Some(origin), Some(target)) = (of(origin), of(target)) else { return "pending" };
    if !origin.lets_dependents_begin() {
        return if origin.status.is_settled() { "blocked" } else { "pending" };
    }
    match target.status {
        WorkstreamStatus::Planned | WorkstreamStatus::Ready => "ready",
        WorkstreamStatus::Blocked { .. } | WorkstreamStatus::Skipped { .. } => "blocked",
        WorkstreamStatus::Merged { .. } => "completed",
        WorkstreamStatus::Reverted { .. } => "reverted",
        WorkstreamStatus::InProgress
        | WorkstreamStatus::Validating
        | WorkstreamStatus::Retrying { .. }
        | WorkstreamStatus::Verified { .. }
        | WorkstreamStatus::Conflicted { .. }
        | WorkstreamStatus::Paused { .. } => "in_progress",
        WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Aborted { .. }
        | WorkstreamStatus::Quarantined { .. } => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ObjectId, RunId};
    use crate::domain::phase::condition::Ended;
    use crate::domain::run::state::WorkstreamState;
    use crate::domain::schedule::sample::{plan, workstream};

    #[test]
    fn a_merged_dependency_hands_over() {
        let plan = plan(vec![workstream("api", &[], &["src/api/**"]), workstream("ui", &["api"], &["src/ui/**"])]);
        let merged = || WorkstreamStatus::Merged { merge: ObjectId::ZERO };
        let failed = || WorkstreamStatus::Failed { reason: "no".to_owned() };
        let check = |origin: WorkstreamStatus, target: WorkstreamStatus, status: &str, counts: (usize, usize)| {
            let mut state = RunState::new(RunId::NONE);
            for (id, status) in [("api", origin), ("ui", target)] {
                state.workstreams.insert(WorkstreamId::parse(id).unwrap(), WorkstreamState { status, ..WorkstreamState::planned(1) });
            }
            let log = handoff_log(&state, &plan, &[]);
            let [one] = log.handoffs.as_slice() else { panic!("{log:?}") };
            assert_eq!((one.id.as_str(), one.status.as_str()), ("api->ui", status));
            assert_eq!((one.inputs.len(), one.outputs.len()), counts);
        };
        check(WorkstreamStatus::InProgress, WorkstreamStatus::Planned, "pending", (0, 0));
        check(failed(), WorkstreamStatus::Blocked { on: Vec::new() }, "blocked", (0, 0));
        check(merged(), WorkstreamStatus::Planned, "ready", (2, 0));
        check(merged(), WorkstreamStatus::Validating, "in_progress", (2, 0));
        check(merged(), merged(), "completed", (2, 1));
        check(merged(), failed(), "failed", (2, 0));
        let reverted = || WorkstreamStatus::Reverted { merge: ObjectId::ZERO, commit: ObjectId::ZERO };
        check(merged(), reverted(), "reverted", (2, 0));
        check(reverted(), reverted(), "blocked", (0, 0));
    }

    /// Whoever depends on work of which nothing was due goes on, and gets nothing.
    #[test]
    fn work_that_was_not_due_hands_over_nothing_and_blocks_nobody() {
        let plan = plan(vec![workstream("api", &[], &["src/api/**"]), workstream("ui", &["api"], &["src/ui/**"])]);
        let (api, ui) = (WorkstreamId::parse("api").unwrap(), WorkstreamId::parse("ui").unwrap());
        let skipped = WorkstreamStatus::Skipped { reason: "nothing was due".to_owned() };
        let mut needless = WorkstreamState { status: skipped, ..WorkstreamState::planned(1) };
        needless.phased.ended.insert("edit".parse().unwrap(), Ended::Skipped);
        let mut state = RunState::new(RunId::NONE);
        let merged = WorkstreamStatus::Merged { merge: ObjectId::ZERO };
        state.workstreams.insert(api, needless);
        state.workstreams.insert(ui, WorkstreamState { status: merged, ..WorkstreamState::planned(2) });
        let log = handoff_log(&state, &plan, &[]);
        let one = &log.handoffs[0];
        assert_eq!((one.status.as_str(), one.inputs.len(), one.outputs.len(), one.ts), ("completed", 0, 1, None));
    }
}
