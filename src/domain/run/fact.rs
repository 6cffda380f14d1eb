//! The data inside events. Every struct is a stored format: fields are only ever added, with a default.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::finding::model::Finding;
use crate::domain::id::{Attempt, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::policy::sandbox::{Network, SandboxLevel};
use crate::domain::tool::failure::Failure;
use crate::domain::tool::usage::Usage;

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepRole {
    /// A tool changes files.
    Edit,
    /// Commands look at the files.
    Static,
    /// Commands run the program.
    Runtime,
    /// A tool mends what a check found.
    Fix,
    /// A tool resolves a merge conflict.
    Resolve,
    /// The goals of the workstream are measured.
    Measure,
    /// A tool brings the work nearer to a goal.
    Improve,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did what it is for.
    Passed,
    /// A check failed, or the tool said that it failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// The tool changed nothing.
    NoChange,
    /// The patch broke a rule of its scope or of its paths.
    Rejected,
    /// The program could not be started.
    NotStarted,
    /// It was stopped together with the run.
    Cancelled,
    /// The driver died while it ran.
    Interrupted,
    /// It was not due: its conditions do not hold.
    Skipped,
}

impl StepOutcome {
    /// Returns whether the next step follows.
    #[must_use]
    pub const fn lets_go_on(self) -> bool {
        matches!(self, Self::Passed | Self::Skipped)
    }
}

/// The rung of the recovery ladder on which a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The same tool, with what went wrong.
    SameTool,
    /// The same tool, with only what the findings name.
    ReducedContext,
    /// The next tool of the capability.
    NextTool,
}

/// A kept output: a file below `<git-common-dir>/orc/runs/<run>/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRef {
    /// The file, relative to the run's folder.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
}

/// A run was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlanned {
    /// The plan's name.
    pub name: String,
    /// The pinned base commit.
    pub base: ObjectId,
    /// The integration branch, without `refs/heads/`.
    pub target: String,
    /// The commit on which the first wave starts: the target's tip, or the base.
    pub tip: ObjectId,
    /// The waves.
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The SHA-256 over the plan's files.
    pub plan_digest: String,
    /// The version of git-orc that planned it.
    pub version: String,
    /// The run that it does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    /// Why it does so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A driver took the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDriven {
    /// How many drivers had it before.
    pub round: u32,
    /// The driver's process id.
    pub pid: u32,
    /// The driver's version of git-orc.
    pub version: String,
    /// What recovery found and did, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// Waves put behind the planned ones, for workstreams that had waited for a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The level at which programs run where nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxLevel>,
    /// Why it is not tighter, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandbox_notes: Vec<String>,
}

/// A run changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMoved {
    /// Which change of state this is, counted from 0.
    pub round: u32,
    /// The tip of the integration at that time.
    pub tip: ObjectId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A wave began or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveMoved {
    /// The wave, counted from 1.
    pub wave: u32,
    /// The tip of the integration.
    pub tip: ObjectId,
    /// The workstreams that take part.
    pub workstreams: Vec<WorkstreamId>,
}

/// One merge of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Whose work is merged.
    pub workstream: WorkstreamId,
    /// The tip of the workstream.
    pub commit: ObjectId,
    /// The merge commit.
    pub merge: ObjectId,
}

/// A wave was merged, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// The wave, counted from 1.
    pub wave: u32,
    /// What the branch points at before; `None` when it does not exist.
    pub old: Option<ObjectId>,
    /// What it points at afterwards.
    pub commit: ObjectId,
    /// The merges in order.
    pub merges: Vec<Merge>,
}

/// A verdict of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The check succeeded.
    Passed,
    /// The check found something.
    Failed,
    /// The check could not be made.
    Error,
}

/// A gate was run on a merged tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRun {
    /// The gate.
    pub gate: String,
    /// The wave, counted from 1.
    pub wave: u32,
    /// How many drivers the run had by then; a resume asks a failed gate again.
    #[serde(default)]
    pub round: u32,
    /// The tree that was checked.
    pub tree: ObjectId,
    /// The workstreams merged into that tree by this wave.
    pub workstreams: Vec<WorkstreamId>,
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code, when the command ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its kept output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputRef>,
    /// The first findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The files that it took from the base commit in place of the merged ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_base: Vec<String>,
    /// What the verdict is known by: the tree, what the gate is, and the programs; 64 hexadecimal digits. Absent when the tree that it saw
    /// is not the merged one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// One sentence about the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it only says something and lets everything go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
    /// How many findings the base does not have, how many it has as well, and how many only it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<[u32; 3]>,
    /// Whether it passed only when it ran a second time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// Whether a person is asked, and nothing was decided yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// Which tending of the run asked it, when it was a rollback and no wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<u32>,
}

impl GateRun {
    /// Returns what it looked at.
    #[must_use]
    pub fn subject(&self) -> String {
        if self.rollback.is_some() { "a rollback".to_owned() } else { format!("wave {}", self.wave) }
    }

    /// Returns what the gate says, in a word or two.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Error if self.asks => "asks",
            Verdict::Error => "could not run",
        }
    }

    /// Returns what its word alone does not tell: why it did not pass, or why it did though its command did not.
    #[must_use]
    pub fn remark(&self) -> Option<&String> {
        let is_plain = self.verdict == Verdict::Passed && !self.flaky && self.exit_code.is_none_or(|code| code == 0);
        self.reason.as_ref().filter(|_| !is_plain)
    }
}

/// A verdict that need not be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRecord {
    /// The gate.
    pub gate: String,
    /// The wave, counted from 1.
    pub wave: u32,
    /// The tree.
    pub tree: ObjectId,
    /// The verdict.
    pub verdict: Verdict,
    /// The kept output, relative to the run's folder.
    pub output: Option<String>,
}

/// A worktree came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeMoved {
    /// Whose worktree it is.
    pub workstream: WorkstreamId,
    /// Which change of this workstream's worktree this is, counted from 0.
    pub round: u32,
    /// Its path.
    pub path: String,
    /// What is left unrecorded in it and was named, such as ignored files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An attempt began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    /// Whose step it is.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// Its number, counted from 1 per workstream and step.
    pub attempt: Attempt,
    /// What the step is for.
    pub role: StepRole,
    /// The step of the plan, counted from 0; for a FIX step the check that it mends.
    pub index: u32,
    /// The tool, for steps that change files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolId>,
    /// The rung of the recovery ladder.
    pub rung: Rung,
    /// The check that a FIX step mends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<StepId>,
    /// The level at which its programs run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxLevel>,
    /// What its programs may reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// An attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinished {
    /// Whose step it is.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// Its number.
    pub attempt: Attempt,
    /// The tool, for steps that change files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolId>,
    /// How it ended.
    pub outcome: StepOutcome,
    /// One sentence for people.
    pub message: String,
    /// What else is worth telling, such as files that a tool must not touch and that were restored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether the tool itself is to blame, which counts for its circuit breaker.
    #[serde(default)]
    pub tool_fault: bool,
    /// The exit code, when the program ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its kept output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputRef>,
    /// The first findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Why a person must look at what the workstream has changed so far, one sentence each; absent when nothing was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Vec<String>>,
    /// How the tool failed, and what helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the tool used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Whether its result was taken from the cache, so that it says nothing about its tool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// Where a patch came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchOrigin {
    /// Changed files in the worktree.
    Worktree,
    /// A diff that the tool printed or that the plan names.
    Diff,
    /// What a step left behind that was cut short.
    Salvage,
    /// The recorded result of an earlier attempt.
    Cache,
}

/// A patch was captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchCreated {
    /// Whose patch it is.
    pub workstream: WorkstreamId,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it.
    pub attempt: Attempt,
    /// The tool that made it.
    pub tool: ToolId,
    /// Its name.
    pub patch: PatchId,
    /// Its commit.
    pub commit: ObjectId,
    /// The parent of its commit.
    pub parent: ObjectId,
    /// The tree of its commit.
    pub tree: ObjectId,
    /// How many files it changes.
    pub files: u32,
    /// How many lines it adds.
    pub insertions: u32,
    /// How many lines it removes.
    pub deletions: u32,
    /// The digest of what it changes, equal for equal changes.
    pub digest: String,
    /// Where it came from.
    pub origin: PatchOrigin,
}

/// A patch changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchMoved {
    /// Whose patch it is.
    pub workstream: WorkstreamId,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it.
    pub attempt: Attempt,
    /// The tool that made it.
    pub tool: ToolId,
    /// Its name.
    pub patch: PatchId,
    /// Its commit.
    pub commit: ObjectId,
    /// How many files it changes.
    pub files: u32,
    /// How many lines it adds.
    pub insertions: u32,
    /// How many lines it removes.
    pub deletions: u32,
    /// Why; required for quarantine and drop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The merge commit that took it in; of a patch that was undone, the commit that undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<ObjectId>,
}

/// A workstream changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstreamMoved {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// Which change of state this is, counted from 0.
    pub round: u32,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The tip of its work, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<ObjectId>,
    /// The merge commit that took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<ObjectId>,
    /// When it goes on, for a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The name of the policy by which it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What it waits for, when it is blocked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<WorkstreamId>,
    /// The conflicting paths, for a conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The integration tip that it conflicts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tip: Option<ObjectId>,
}

impl WorkstreamMoved {
    /// Returns a move with nothing said about it but which one it is.
    #[must_use]
    pub const fn new(workstream: WorkstreamId, round: u32) -> Self {
        Self {
            workstream,
            round,
            reason: None,
            commit: None,
            merge: None,
            at: None,
            policy: None,
            on: Vec::new(),
            paths: Vec::new(),
            tip: None,
        }
    }
}

/// A workstream went up a rung of the recovery ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Climbed {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// Which climb this is, counted from 0.
    pub round: u32,
    /// The rung that it is on now.
    pub rung: Rung,
    /// The tool that it uses now.
    pub tool: ToolId,
    /// The tool that it used before, when that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ToolId>,
    /// Why.
    pub reason: String,
}

/// A circuit breaker opened or closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerMoved {
    /// The tool.
    pub tool: ToolId,
    /// Which change of this breaker this is, counted from 0.
    pub round: u32,
    /// When a trial is let through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
