//! The summary of a run: the document that `git orc run --json` and `git orc status --json` end with.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::{Attempt, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::integrity::fact::IntegrityReport;
use crate::domain::run::goals::GoalsState;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamState, WorkstreamStatus};

/// The version of the document; fields are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// The summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The version of this document.
    pub schema_version: u32,
    /// The run.
    pub run: RunId,
    /// The plan's name.
    pub name: String,
    /// Where the run stands: `completed`, `failed`, `paused`, ...
    pub state: &'static str,
    /// Why it stands there.
    pub reason: Option<String>,
    /// The integration branch, without `refs/heads/`.
    pub target: String,
    /// The tip of the integration.
    pub tip: ObjectId,
    /// The pinned base commit.
    pub base: ObjectId,
    /// The waves.
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The workstreams, in the order of the waves.
    pub workstreams: Vec<WorkstreamSummary>,
    /// What was changed behind the run's back, the oldest first.
    pub integrity: Vec<IntegrityReport>,
    /// From the first entry to the end of the run, or to the newest entry while it goes on, in seconds.
    pub elapsed_seconds: f64,
}

/// The summary of a workstream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkstreamSummary {
    /// The workstream.
    pub id: WorkstreamId,
    /// Where it stands: `merged`, `failed`, `quarantined`, ...
    pub state: &'static str,
    /// Why it stands there.
    pub reason: Option<String>,
    /// Its wave, counted from 1.
    pub wave: u32,
    /// How many attempts it took, all steps together.
    pub attempts: u32,
    /// The step that runs now.
    pub step: Option<StepId>,
    /// What it waits for, when it is blocked.
    pub waits_for: Vec<WorkstreamId>,
    /// The merge commit, when it is merged.
    pub merge: Option<ObjectId>,
    /// The commit that undid it, when it was rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverted: Option<ObjectId>,
    /// Its worktree, while there is one.
    pub worktree: Option<String>,
    /// Its patches, oldest first.
    pub patches: Vec<PatchSummary>,
    /// What people took upon themselves for it, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answered_for: Vec<String>,
    /// How it stands with its goals, when they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goals: Option<GoalsSummary>,
}

/// How a workstream stands with its goals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalsSummary {
    /// How many are met by the best work so far.
    pub met: usize,
    /// Of how many.
    pub of: usize,
    /// How many rounds of improvement there were.
    pub rounds: u32,
    /// Why they are pursued no further; nothing while they are.
    pub reason: Option<&'static str>,
    /// One sentence.
    pub message: String,
}

/// The summary of a patch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchSummary {
    /// The patch.
    pub id: PatchId,
    /// Its commit.
    pub commit: ObjectId,
    /// Where it stands: `merged`, `quarantined`, ...
    pub state: &'static str,
    /// Why it stands there.
    pub reason: Option<String>,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it.
    pub attempt: Attempt,
    /// The tool that made it.
    pub tool: ToolId,
    /// How many files it changes.
    pub files: u32,
    /// How many lines it adds.
    pub insertions: u32,
    /// How many lines it removes.
    pub deletions: u32,
}

/// Whether a run needs a person, and how badly it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything is merged or skipped.
    Done,
    /// It is over, and something failed.
    Failed,
    /// A person is needed: it waits, or work lies in quarantine.
    NeedsPerson,
}

/// Returns the summary of a run.
#[must_use]
pub fn summary(state: &RunState) -> RunSummary {
    let ids = state.waves.iter().flatten();
    let mut workstreams: Vec<WorkstreamSummary> = Vec::new();
    for id in ids {
        if let Some(one) = state.workstreams.get(id).filter(|_| workstreams.iter().all(|w| w.id != *id)) {
            workstreams.push(workstream(id, one));
        }
    }
    RunSummary {
        schema_version: SCHEMA_VERSION,
        run: state.run,
        name: state.name.clone(),
        state: state.status.word(),
        reason: state.reason.clone(),
        target: state.target.clone(),
        tip: state.tip,
        base: state.base,
        waves: state.waves.clone(),
        workstreams,
        integrity: state.integrity.clone(),
        elapsed_seconds: elapsed(state.started, state.updated),
    }
}

impl RunSummary {
    /// Returns the summary of a run that ended at another time than that of its newest entry: it was tended after that.
    #[must_use]
    pub fn ended(self, state: &RunState, at: Option<Timestamp>) -> Self {
        Self { elapsed_seconds: elapsed(state.started, at.or(state.updated)), ..self }
    }
}

/// Returns how a run that no driver works on has ended.
#[must_use]
pub fn conclusion(state: &RunState) -> Conclusion {
    let in_quarantine = state.workstreams.values().any(|one| matches!(one.status, WorkstreamStatus::Quarantined { .. }));
    match state.status {
        RunStatus::Completed => Conclusion::Done,
        RunStatus::Failed if !in_quarantine => Conclusion::Failed,
        RunStatus::Aborted => Conclusion::Failed,
        RunStatus::Failed | RunStatus::Planned | RunStatus::Running | RunStatus::Paused | RunStatus::Halted => Conclusion::NeedsPerson,
    }
}

fn elapsed(from: Option<Timestamp>, to: Option<Timestamp>) -> f64 {
    from.zip(to).map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64().max(0.0))
}

fn workstream(id: &WorkstreamId, one: &WorkstreamState) -> WorkstreamSummary {
    let (mut waits_for, mut merge, mut reverted) = (Vec::new(), None, None);
    if let WorkstreamStatus::Blocked { on } = &one.status {
        waits_for.clone_from(on);
    }
    if let WorkstreamStatus::Merged { merge: commit } = &one.status {
        merge = Some(*commit);
    }
    if let WorkstreamStatus::Reverted { merge: undone, commit } = &one.status {
        (merge, reverted) = (Some(*undone), Some(*commit));
    }
    let patches = one.patches.iter().map(|patch| PatchSummary {
        id: patch.id,
        commit: patch.commit,
        state: patch.status.word(),
        reason: patch.reason.clone(),
        step: patch.step.clone(),
        attempt: patch.attempt,
        tool: patch.tool.clone(),
        files: patch.files,
        insertions: patch.insertions,
        deletions: patch.deletions,
    });
    WorkstreamSummary {
        id: id.clone(),
        state: one.status.word(),
        reason: one.status.reason().map(str::to_owned),
        wave: one.wave,
        attempts: one.total_attempts(),
        step: one.open.as_ref().map(|open| open.step.clone()),
        waits_for,
        merge,
        reverted,
        worktree: one.worktree.clone(),
        patches: patches.collect(),
        answered_for: one.control.answered_for(),
        goals: goals(&one.goals),
    }
}

fn goals(state: &GoalsState) -> Option<GoalsSummary> {
    let best = state.best()?;
    Some(GoalsSummary {
        met: best.values.iter().filter(|value| value.met).count(),
        of: best.values.len(),
        rounds: state.round(),
        reason: state.settled.as_ref().map(|settled| settled.reason.word()),
        message: state.told()?,
    })
}
