//! `workflow_state.json` and `handoff_log.json` of a pipeline of roles: where it stands, how it got there, its gates, artifacts and handoffs.

use jiff::Timestamp;
use serde::Serialize;

use super::derive::{Besides, Derived, Places, Stand, derive, parts, places};
use super::model::{Handoff, RolePhase, Workflow};
use crate::domain::id::{EntryId, RunId};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::CheckedPlan;

/// The version of the document; fields are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// Where a pipeline of roles stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowView {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run: RunId,
    /// The pipeline.
    pub pipeline: String,
    /// The workstream of the plan that became the pipeline.
    pub workstream: String,
    /// The state.
    pub state: String,
    /// The state before it.
    pub prev_state: Option<String>,
    /// Whether the run is paused.
    pub paused: bool,
    /// Whether the run was halted.
    pub halted: bool,
    /// The roles that are at work.
    pub active_roles: Vec<String>,
    /// Every change of the state, oldest first.
    pub history: Vec<MoveView>,
    /// Changes that were asked for and are not allowed.
    pub refused: Vec<MoveView>,
    /// The gates, in the order of the phases.
    pub gates: Vec<GateView>,
    /// The artifacts, in the order of the phases.
    pub artifacts: Vec<ArtifactView>,
    /// The handoffs.
    pub handoffs: Vec<HandoffView>,
}

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoveView {
    /// When.
    pub ts: Timestamp,
    /// From which state.
    pub from: String,
    /// To which state.
    pub to: String,
    /// The entry of the ledger that caused it.
    pub cause: EntryId,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateView {
    /// The gate.
    pub gate: String,
    /// The phase whose work it judges.
    pub phase: String,
    /// `open`, `failed`, `blocked`, `passed` or `skipped`.
    pub status: &'static str,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArtifactView {
    /// Its name.
    pub name: String,
    /// Where it is, as a glob.
    pub path: String,
    /// The role that makes it.
    pub role: Option<String>,
    /// `planned`, `in_progress`, `blocked`, `made`, `landed`, `skipped` or `taken_back`.
    pub status: &'static str,
}

/// One handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffView {
    /// Its name: `origin->target`.
    pub id: String,
    /// Who hands over.
    pub origin_role: String,
    /// To whom; absent as long as the origin is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_role: Option<String>,
    /// What the origin had to have, by name.
    pub inputs: Vec<String>,
    /// What is handed over, by name.
    pub outputs: Vec<String>,
    /// The gate that needs it.
    pub required_by: Option<String>,
    /// `pending`, `ready`, `in_progress`, `completed` or `blocked`.
    pub status: &'static str,
}

/// Returns where the pipelines of roles of a plan stand after these entries.
#[must_use]
pub fn views(plan: &CheckedPlan, run: RunId, entries: &[Entry]) -> Vec<WorkflowView> {
    let one = |part: (String, String)| {
        let (_, workflow) = plan.workflows.iter().find(|(name, _)| *name == part.0)?;
        let places = places(plan, workflow, &part);
        Some(view(workflow, &places, (run, part), entries))
    };
    parts(plan).into_iter().filter_map(one).collect()
}

fn view(workflow: &Workflow, places: &Places, (run, (pipeline, workstream)): (RunId, (String, String)), entries: &[Entry]) -> WorkflowView {
    let derived = derive(workflow, places, entries);
    let moves = |all: &[super::derive::Move]| {
        all.iter().map(|one| MoveView { ts: one.ts, from: one.from.clone(), to: one.to.clone(), cause: one.cause }).collect()
    };
    let phases = || workflow.phases.iter().zip(&derived.phases);
    let gate = |(phase, stand): (&RolePhase, &Stand)| {
        phase.gate.clone().map(|gate| GateView { gate, phase: phase.id.clone(), status: gate_word(*stand) })
    };
    let artifacts = |(phase, stand): (&RolePhase, &Stand)| {
        let one = |(name, path): &(String, String)| ArtifactView {
            name: name.clone(),
            path: path.clone(),
            role: phase.role.clone(),
            status: artifact_word(*stand),
        };
        phase.artifacts.iter().map(one).collect::<Vec<_>>()
    };
    WorkflowView {
        schema_version: SCHEMA_VERSION,
        run,
        pipeline,
        workstream,
        state: derived.state().to_owned(),
        prev_state: derived.previous().map(str::to_owned),
        paused: derived.besides == Besides::Paused,
        halted: derived.besides == Besides::Halted,
        active_roles: derived.active.iter().cloned().collect(),
        history: moves(&derived.history),
        refused: moves(&derived.refused),
        gates: phases().filter_map(gate).collect(),
        artifacts: phases().flat_map(artifacts).collect(),
        handoffs: workflow.handoffs.iter().map(|one| handoff(workflow, &derived, one)).collect(),
    }
}

const fn gate_word(stand: Stand) -> &'static str {
    match stand {
        Stand::Open | Stand::AtWork => "open",
        Stand::Failed => "failed",
        Stand::Blocked => "blocked",
        Stand::Passed | Stand::Merged | Stand::TakenBack => "passed",
        Stand::Skipped => "skipped",
    }
}

const fn artifact_word(stand: Stand) -> &'static str {
    match stand {
        Stand::Open => "planned",
        Stand::AtWork | Stand::Failed => "in_progress",
        Stand::Blocked => "blocked",
        Stand::Passed => "made",
        Stand::Merged => "landed",
        Stand::Skipped => "skipped",
        Stand::TakenBack => "taken_back",
    }
}

fn handoff(workflow: &Workflow, derived: &Derived, one: &Handoff) -> HandoffView {
    // Where a role has several phases, the last one hands over, and the first one is handed something.
    let phases: Vec<(&RolePhase, &Stand)> = workflow.phases.iter().zip(&derived.phases).collect();
    let origin = phases.iter().rfind(|(phase, _)| phase.role.as_ref() == Some(&one.from)).copied();
    let target = phases.iter().find(|(phase, _)| phase.role.as_ref() == Some(&one.to)).copied();
    let stand = |found: Option<(&RolePhase, &Stand)>| found.map_or(Stand::Open, |(_, stand)| *stand);
    let status = match (stand(origin), stand(target)) {
        (Stand::Blocked, _) => "blocked",
        (Stand::Merged, Stand::Merged | Stand::Passed) => "completed",
        (Stand::Merged, Stand::AtWork | Stand::Failed) => "in_progress",
        (Stand::Merged, Stand::Blocked) => "blocked",
        (Stand::Merged, Stand::Open | Stand::Skipped | Stand::TakenBack) => "ready",
        (Stand::Open | Stand::AtWork | Stand::Failed | Stand::Passed | Stand::Skipped | Stand::TakenBack, _) => "pending",
    };
    let gate = |found: Option<(&RolePhase, &Stand)>| found.and_then(|(phase, _)| phase.gate.clone());
    let inputs = gate(origin).and_then(|gate| workflow.gate(&gate).map(|gate| gate.requires.clone())).unwrap_or_default();
    HandoffView {
        id: format!("{}->{}", one.from, one.to),
        origin_role: one.from.clone(),
        target_role: (stand(origin) != Stand::Blocked).then(|| one.to.clone()),
        inputs,
        outputs: one.artifacts.clone(),
        required_by: gate(target),
        status,
    }
}
