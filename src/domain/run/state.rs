//! The state of a run: what its events fold into. Stored as a checkpoint; a cache that the events can rebuild.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::control::{RunControl, WorkstreamControl};
use super::fact::{GateRecord, Integration, Rung, StepOutcome, StepRole};
use super::goals::GoalsState;
use super::handling::Rounds;
use super::oscillation::FixLoop;
pub use super::patch_record::{PatchRecord, PatchStatus};
use super::phased::Phased;
use super::purse::Purse;
use super::reread::Reread;
use super::rollback::Rollbacks;
use super::standing::{Breaker, Standing};
use super::tending::{Decided, Waiting};
use crate::domain::finding::model::Finding;
use crate::domain::id::{Attempt, EntryId, ObjectId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::integrity::fact::IntegrityReport;
use crate::domain::policy::budget::Spent;
use crate::domain::tool::failure::Failure;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Frozen, not started.
    Planned,
    /// A driver works on it, or died while it did.
    Running,
    /// It waits.
    Paused,
    /// A rule or an operator stopped it.
    Halted,
    /// Everything is merged or skipped.
    Completed,
    /// It is over, and something was not merged.
    Failed,
    /// It was given up.
    Aborted,
}

impl RunStatus {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// Returns whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Aborted)
    }
}

/// Where a workstream stands, with what belongs to that stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkstreamStatus {
    /// Its wave has not begun.
    Planned,
    /// Its wave runs; it has not begun.
    Ready,
    /// It waits for others that did not make it.
    Blocked {
        /// Those others.
        on: Vec<WorkstreamId>,
    },
    /// It will not be run.
    Skipped {
        /// Why.
        reason: String,
    },
    /// A tool works on it.
    InProgress,
    /// Checks look at it.
    Validating,
    /// It waits for a person.
    Paused {
        /// Why.
        reason: String,
    },
    /// It failed.
    Failed {
        /// Why.
        reason: String,
    },
    /// It ran out of time.
    TimedOut {
        /// Why.
        reason: String,
    },
    /// It was stopped for good.
    Aborted {
        /// Why.
        reason: String,
    },
    /// Its work must not be merged.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// It will be tried again.
    Retrying {
        /// When.
        at: Timestamp,
    },
    /// Every step passed.
    Verified {
        /// The tip of its work.
        commit: ObjectId,
    },
    /// It does not merge.
    Conflicted {
        /// The tip of its work.
        commit: ObjectId,
        /// The integration tip that it conflicts with.
        tip: ObjectId,
        /// The conflicting paths.
        paths: Vec<String>,
    },
    /// It is part of the integration branch.
    Merged {
        /// The merge commit.
        merge: ObjectId,
    },
    /// It was part of the integration branch, and a later commit undid it.
    Reverted {
        /// The merge commit.
        merge: ObjectId,
        /// The commit that undid it.
        commit: ObjectId,
    },
}

impl WorkstreamStatus {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Ready => "ready",
            Self::Blocked { .. } => "blocked",
            Self::Skipped { .. } => "skipped",
            Self::InProgress => "in_progress",
            Self::Validating => "validating",
            Self::Paused { .. } => "paused",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed_out",
            Self::Aborted { .. } => "aborted",
            Self::Quarantined { .. } => "quarantined",
            Self::Retrying { .. } => "retrying",
            Self::Verified { .. } => "verified",
            Self::Conflicted { .. } => "conflicted",
            Self::Merged { .. } => "merged",
            Self::Reverted { .. } => "reverted",
        }
    }

    /// Returns the reason, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Skipped { reason }
            | Self::Paused { reason }
            | Self::Failed { reason }
            | Self::TimedOut { reason }
            | Self::Aborted { reason }
            | Self::Quarantined { reason } => Some(reason),
            Self::Planned
            | Self::Ready
            | Self::Blocked { .. }
            | Self::InProgress
            | Self::Validating
            | Self::Retrying { .. }
            | Self::Verified { .. }
            | Self::Conflicted { .. }
            | Self::Merged { .. }
            | Self::Reverted { .. } => None,
        }
    }

    /// Returns whether the workstream is over: no step will follow unless a person or a resume says so.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Blocked { .. }
            | Self::Skipped { .. }
            | Self::Paused { .. }
            | Self::Failed { .. }
            | Self::TimedOut { .. }
            | Self::Aborted { .. }
            | Self::Quarantined { .. }
            | Self::Merged { .. }
            | Self::Reverted { .. } => true,
            Self::Planned
            | Self::Ready
            | Self::InProgress
            | Self::Validating
            | Self::Retrying { .. }
            | Self::Verified { .. }
            | Self::Conflicted { .. } => false,
        }
    }
}

/// A step that has started and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStep {
    /// The step.
    pub step: StepId,
    /// What it is for.
    pub role: StepRole,
    /// Its number.
    pub attempt: Attempt,
    /// Its tool.
    pub tool: Option<ToolId>,
    /// The check that it mends.
    pub of: Option<StepId>,
    /// When it started.
    pub since: Timestamp,
}

/// The last step that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastStep {
    /// The step.
    pub step: StepId,
    /// What it was for.
    pub role: StepRole,
    /// Its number.
    pub attempt: Attempt,
    /// How it ended.
    pub outcome: StepOutcome,
    /// One sentence about it.
    pub message: String,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Its kept output, relative to the run's folder.
    pub output: Option<String>,
    /// How its tool failed, while nothing was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A merge conflict of a workstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The tip of the workstream.
    pub commit: ObjectId,
    /// The integration tip that it conflicts with.
    pub tip: ObjectId,
    /// The conflicting paths.
    pub paths: Vec<String>,
}

/// A workstream in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstreamState {
    /// Where it stands.
    pub status: WorkstreamStatus,
    /// Its wave, counted from 1.
    pub wave: u32,
    /// How often its status was changed by an event of its own.
    pub round: u32,
    /// The commit that its work starts from.
    pub start: Option<ObjectId>,
    /// The tip of its work.
    pub tip: Option<ObjectId>,
    /// The step of the plan that is next, counted from 0.
    pub next: usize,
    /// Attempts per step.
    pub attempts: BTreeMap<StepId, Attempt>,
    /// Attempts of the first EDIT step since the last fresh start, on this rung.
    pub tries: u32,
    /// Attempts to resolve a conflict.
    pub resolves: u32,
    /// The conflict that is being resolved.
    pub conflict: Option<Conflict>,
    /// Whether its tip already holds a resolved conflict, so that only its checks are left.
    pub resolved: bool,
    /// The step that runs.
    pub open: Option<OpenStep>,
    /// The step that ended last.
    pub last: Option<LastStep>,
    /// The FIX loop.
    pub fix: FixLoop,
    /// The rung of the recovery ladder.
    pub rung: Rung,
    /// How often it climbed.
    pub climbs: u32,
    /// The tool that it climbed to, instead of the first one.
    pub tool: Option<ToolId>,
    /// Its patches, oldest first.
    pub patches: Vec<PatchRecord>,
    /// Its worktree, while there is one.
    pub worktree: Option<String>,
    /// How often its worktree came or went.
    pub worktrees: u32,
    /// When its first step started.
    pub since: Option<Timestamp>,
    /// When it was settled.
    pub until: Option<Timestamp>,
    /// Why its work must not be merged: what was changed while it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<String>,
    /// Why a person must look at its tip before it lands, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
    /// The tools that were tried before the one that it uses now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<ToolId>,
    /// The tool of its newest attempt, until another one takes its place: not always the first choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_tool: Option<ToolId>,
    /// How often in a row its tool was waited for because of a limit.
    #[serde(default)]
    pub limits: u32,
    /// What was spent on it.
    #[serde(default)]
    pub spent: Spent,
    /// What was spent on its last attempt.
    #[serde(default)]
    pub last_spent: Spent,
    /// How its steps ended, and what kinds of issues were found.
    #[serde(default, skip_serializing_if = "Phased::is_empty")]
    pub phased: Phased,
    /// What people told about it.
    #[serde(default, skip_serializing_if = "WorkstreamControl::is_untouched")]
    pub control: WorkstreamControl,
    /// Where it stands with its goals.
    #[serde(default, skip_serializing_if = "GoalsState::is_empty")]
    pub goals: GoalsState,
    /// How often it was tried again by a policy, in the step that it is at.
    #[serde(default, skip_serializing_if = "Rounds::is_none")]
    pub rounds: Rounds,
}

/// The phase of the current wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WavePhase {
    /// It has not begun.
    Waiting,
    /// Its workstreams run.
    Running,
}

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunState {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it stands there.
    pub reason: Option<String>,
    /// How often its status was changed.
    pub round: u32,
    /// How many drivers it had.
    pub drivers: u32,
    /// The process id of its newest driver.
    pub pid: Option<u32>,
    /// The plan's name.
    pub name: String,
    /// The pinned base commit.
    pub base: ObjectId,
    /// The integration branch, without `refs/heads/`.
    pub target: String,
    /// The tip of the integration.
    pub tip: ObjectId,
    /// The waves.
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The current wave, counted from 0.
    pub wave: usize,
    /// The phase of the current wave.
    pub phase: WavePhase,
    /// When the last wave finished.
    pub wave_ended: Option<Timestamp>,
    /// A merge that passed its gates while the branch has not moved yet.
    pub prepared: Option<Integration>,
    /// The verdicts so far.
    pub gates: Vec<GateRecord>,
    /// The workstreams.
    pub workstreams: BTreeMap<WorkstreamId, WorkstreamState>,
    /// The circuit breakers.
    pub breakers: BTreeMap<ToolId, Breaker>,
    /// How its tools stand besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<ToolId, Standing>,
    /// How often a tool was chosen, per capability.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, u32>,
    /// What it has spent.
    #[serde(default)]
    pub purse: Purse,
    /// What was read anew between its waves.
    #[serde(default, skip_serializing_if = "Reread::is_empty")]
    pub reread: Reread,
    /// What people were told to look at, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalated: Vec<String>,
    /// How often it was tended by somebody who did not drive it.
    #[serde(default)]
    pub tended: u32,
    /// What people told it.
    #[serde(default, skip_serializing_if = "RunControl::is_untouched")]
    pub control: RunControl,
    /// What a gate asks a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Waiting>,
    /// What people decided, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decided>,
    /// What was changed behind the run's back, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<IntegrityReport>,
    /// What was undone of what was merged.
    #[serde(default, skip_serializing_if = "Rollbacks::is_empty")]
    pub rollbacks: Rollbacks,
    /// How many entries were folded.
    pub entries: u64,
    /// The entry folded last.
    pub last: Option<EntryId>,
    /// When it was planned.
    pub started: Option<Timestamp>,
    /// When the last entry was written.
    pub updated: Option<Timestamp>,
}

impl WorkstreamState {
    /// Returns a workstream that has not begun.
    #[must_use]
    pub fn planned(wave: u32) -> Self {
        Self {
            status: WorkstreamStatus::Planned,
            wave,
            round: 0,
            start: None,
            tip: None,
            next: 0,
            attempts: BTreeMap::new(),
            tries: 0,
            resolves: 0,
            conflict: None,
            resolved: false,
            open: None,
            last: None,
            fix: FixLoop::default(),
            rung: Rung::SameTool,
            climbs: 0,
            tool: None,
            patches: Vec::new(),
            worktree: None,
            worktrees: 0,
            since: None,
            until: None,
            breach: None,
            review: Vec::new(),
            tried: Vec::new(),
            newest_tool: None,
            limits: 0,
            spent: Spent::default(),
            last_spent: Spent::default(),
            phased: Phased::default(),
            control: WorkstreamControl::default(),
            goals: GoalsState::default(),
            rounds: Rounds::default(),
        }
    }
}

impl RunState {
    /// Returns the state before any event.
    #[must_use]
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            status: RunStatus::Planned,
            reason: None,
            round: 0,
            drivers: 0,
            pid: None,
            name: String::new(),
            base: ObjectId::ZERO,
            target: String::new(),
            tip: ObjectId::ZERO,
            waves: Vec::new(),
            wave: 0,
            phase: WavePhase::Waiting,
            wave_ended: None,
            prepared: None,
            gates: Vec::new(),
            workstreams: BTreeMap::new(),
            breakers: BTreeMap::new(),
            tools: BTreeMap::new(),
            choices: BTreeMap::new(),
            purse: Purse::default(),
            reread: Reread::default(),
            escalated: Vec::new(),
            tended: 0,
            control: RunControl::default(),
            asked: None,
            decisions: Vec::new(),
            integrity: Vec::new(),
            rollbacks: Rollbacks::default(),
            entries: 0,
            last: None,
            started: None,
            updated: None,
        }
    }
}

mod lookups;
