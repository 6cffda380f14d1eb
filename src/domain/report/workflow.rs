//! `workflow_state.json`: the state of the whole, in the words of the original orchestrator. For a run of a plan it follows from what the run is
//! at; a pipeline of roles has states of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::export::SCHEMA_VERSION;
use crate::domain::id::{Attempt, RunId, StepId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::StepRole;

/// The state of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Workflow {
    /// Nothing goes on.
    Idle,
    /// A plan was frozen and nothing has begun.
    Planning,
    /// Tools change files.
    Development,
    /// Checks and gates look at what was changed.
    Testing,
    /// A person, or a new driver, is waited for.
    Blocked,
    /// What was merged is undone.
    Rollback,
}

/// `workflow_state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkflowState {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run: String,
    /// The state; a pipeline of roles has states of its own.
    #[schemars(with = "String")]
    pub state: Workflow,
    /// The state before it.
    #[schemars(with = "Option<String>")]
    pub prev_state: Option<Workflow>,
    /// Every change, oldest first.
    pub history: Vec<WorkflowMove>,
}

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkflowMove {
    /// When.
    #[schemars(with = "String")]
    pub ts: Timestamp,
    /// From which state.
    #[schemars(with = "String")]
    pub from: Workflow,
    /// To which state.
    #[schemars(with = "String")]
    pub to: Workflow,
}

/// Returns the state of the whole after the entries of a run of a plan. Where workstreams are at different things, whoever changes files
/// counts: the whole is in `TESTING` when nobody does.
#[must_use]
pub fn workflow_state(run: RunId, entries: &[Entry]) -> WorkflowState {
    let mut open = Open::default();
    let (mut state, mut history) = (Workflow::Idle, Vec::<WorkflowMove>::new());
    for entry in entries {
        let Some(event) = entry.event() else { continue };
        open.note(event);
        let before = history.last().map_or(Workflow::Idle, |last| last.from);
        let next = next(event, (state, before), &open);
        if next != state {
            history.push(WorkflowMove { ts: entry.ts, from: state, to: next });
            state = next;
        }
    }
    let prev_state = history.last().map(|last| last.from);
    WorkflowState { schema_version: SCHEMA_VERSION, run: run.to_string(), state, prev_state, history }
}

/// The steps that run.
#[derive(Default)]
struct Open {
    changing: BTreeSet<(WorkstreamId, StepId, Attempt)>,
}

impl Open {
    fn note(&mut self, event: &Event) {
        if let Event::StepStarted(step) = event
            && matches!(step.role, StepRole::Edit | StepRole::Fix | StepRole::Resolve)
        {
            self.changing.insert((step.workstream.clone(), step.step.clone(), step.attempt));
        }
        if let Event::StepFinished(step) = event {
            self.changing.remove(&(step.workstream.clone(), step.step.clone(), step.attempt));
        }
        if event.run_moved().is_some() {
            self.changing.clear();
        }
    }
}

fn next(event: &Event, (state, before): (Workflow, Workflow), open: &Open) -> Workflow {
    if matches!(event, Event::RunPlanned(_)) {
        return Workflow::Planning;
    }
    if matches!(event, Event::RunPaused(_) | Event::RunHalted(_) | Event::RunFailed(_)) {
        return Workflow::Blocked;
    }
    if matches!(event, Event::RunCompleted(_) | Event::RunAborted(_)) {
        return Workflow::Idle;
    }
    if matches!(event, Event::RunResumed(_)) {
        return if state == Workflow::Blocked { before } else { state };
    }
    if matches!(event, Event::PatchReverted(_)) {
        return Workflow::Rollback;
    }
    if let Event::StepStarted(_) = event {
        return if open.changing.is_empty() { Workflow::Testing } else { Workflow::Development };
    }
    // A rollback asks gates as well. What goes on then is no testing: the state changes when something was undone.
    if matches!(event, Event::GateFinished(gate) if gate.rollback.is_none()) && open.changing.is_empty() {
        return Workflow::Testing;
    }
    state
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::EntryId;
    use crate::domain::ledger::codec;
    use crate::domain::ledger::sample::{entries, run};

    fn moved(kind: &str) -> Value {
        json!({kind: {"round": 0, "tip": "1".repeat(40)}})
    }

    fn step(kind: &str, workstream: &str, role: &str) -> Value {
        json!({kind: {"workstream": workstream, "step": role, "attempt": 1, "role": role, "index": 0, "rung": "same_tool",
            "outcome": "passed", "message": "", "duration_ms": 1}})
    }

    fn states(events: &[Value]) -> Vec<Workflow> {
        let told = |event: &Value| {
            let event = serde_json::from_value(event.clone()).unwrap();
            codec::entry(EntryId::new(Ulid::from(1)), Timestamp::UNIX_EPOCH, run(1), event)
        };
        let found = workflow_state(run(1), &events.iter().map(told).collect::<Vec<_>>());
        assert_eq!(found.history.last().map_or(Workflow::Idle, |last| last.to), found.state);
        assert!(found.history.windows(2).all(|pair| pair[0].to == pair[1].from));
        found.history.into_iter().map(|one| one.to).collect()
    }

    #[test]
    fn the_whole_follows_from_what_the_run_is_at() {
        use Workflow::{Blocked, Development, Idle, Rollback, Testing};
        let (edit, check) = (step("step_started", "a", "edit"), step("step_started", "a", "static"));
        let edited = step("step_finished", "a", "edit");
        assert_eq!(states(&[]), []);
        assert_eq!(states(&[edit.clone(), edited.clone(), check.clone(), moved("run_completed")]), [Development, Testing, Idle]);
        // Somebody else still edits.
        let other = step("step_started", "b", "edit");
        assert_eq!(states(&[edit.clone(), other, edited.clone(), check.clone()]), [Development]);
        // A pause, and back to where it was.
        let resumed = json!({"run_resumed": {"round": 1, "pid": 1, "version": "1"}});
        assert_eq!(states(&[edit.clone(), moved("run_paused"), resumed]), [Development, Blocked, Development]);
        assert_eq!(states(&[edit, edited, check, moved("run_failed")]), [Development, Testing, Blocked]);
        let patch = json!({"patch_reverted": {"workstream": "a", "step": "edit", "attempt": 1, "tool": "t",
            "patch": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "commit": "1".repeat(40), "files": 1, "insertions": 1, "deletions": 0}});
        assert_eq!(states(&[patch.clone(), moved("run_aborted")]), [Rollback, Idle]);
        // The gates of a rollback leave a run that is over as it is, and whether it comes to anything is told by what is undone.
        let gate = |rollback: Value| {
            json!({"gate_finished": {"gate": "g", "wave": 1, "tree": "1".repeat(40), "workstreams": [], "verdict": "failed", "duration_ms": 1,
                "rollback": rollback}})
        };
        assert_eq!(states(&[gate(Value::Null), moved("run_completed"), gate(json!(1))]), [Testing, Idle]);
        assert_eq!(states(&[gate(Value::Null), moved("run_completed"), gate(json!(1)), patch]), [Testing, Idle, Rollback]);
    }

    #[test]
    fn a_run_that_was_given_up_is_idle() {
        let found = workflow_state(run(7), &entries(run(7)));
        assert_eq!((found.state, found.prev_state), (Workflow::Idle, Some(Workflow::Development)));
        let document = serde_json::to_value(&found).unwrap();
        assert_eq!((&document["state"], &document["history"][0]["to"]), (&json!("IDLE"), &json!("PLANNING")));
    }
}
