//! The plan as the rest of the program sees it: every default filled in, every reference known to exist, every glob compiled.
//!
//! A [`CheckedPlan`] can only come out of [`crate::domain::plan::parse`]; nothing else can be run.

use std::collections::BTreeMap;

use crate::domain::document::command::Argv;
use crate::domain::gate::model::{Baseline, Gate};
use crate::domain::goal::model::Goals;
use crate::domain::id::{StepId, ToolId, WorkstreamId};
use crate::domain::phase::rules::StepRules;
use crate::domain::policy::budget::{Budget, WorkstreamBudget};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::Scope;
use crate::domain::run::handling::Handling;
use crate::domain::run::limits::LoopLimits;
use crate::domain::workflow::model::Workflow;

/// A plan in which everything has been checked.
#[derive(Debug, Clone)]
pub struct CheckedPlan {
    /// The name of the plan; the default target branch is `orc/<name>`.
    pub name: String,
    /// The commit-ish to start from, as written; pinned when a run starts.
    pub base: String,
    /// The short name of the integration branch, without `refs/heads/`.
    pub target: String,
    /// How many workstreams may run at once; `None` leaves it to the settings.
    pub max_workers: Option<u32>,
    /// Seconds to wait between two waves.
    pub wave_delay_sec: u64,
    /// Whether the first failure stops everything that has not started.
    pub fail_fast: bool,
    /// Whether a run takes results of steps from the cache; `None` leaves it to the settings.
    pub cache: Option<bool>,
    /// Whether every EDIT step is checked, former runs decide how failures are answered, and settings are read again between waves.
    pub fluid: bool,
    /// How much may be spent on a run of it.
    pub budget: Budget,
    /// The gates, in the order in which they run.
    pub gates: Vec<Gate>,
    /// The workstreams, in plan order.
    pub workstreams: Vec<Workstream>,
    /// The workflows of its pipelines of roles, by the names of those.
    pub workflows: Vec<(String, Workflow)>,
}

impl CheckedPlan {
    /// Returns the workstream with this id.
    #[must_use]
    pub fn workstream(&self, id: &WorkstreamId) -> Option<&Workstream> {
        self.workstreams.iter().find(|w| w.id == *id)
    }
}

/// One unit of work.
#[derive(Debug, Clone)]
pub struct Workstream {
    /// Its id.
    pub id: WorkstreamId,
    /// A title for people.
    pub title: Option<String>,
    /// What must be merged before this one starts.
    pub depends_on: Vec<WorkstreamId>,
    /// What it may write and create, and what it must not touch.
    pub scope: Scope,
    /// The files that its steps read, besides those that it may change; `None` for every file.
    pub inputs: Option<Vec<Pattern>>,
    /// Two workstreams of one conflict group are never in one wave.
    pub conflict_group: Option<String>,
    /// Whether it may share a wave with others.
    pub parallel_ok: bool,
    /// The order inside a wave: higher first, plan order among equals. `foreground` is 0 and `background` is -10.
    pub priority: i64,
    /// The steps in order; never empty; the first is an EDIT step.
    pub steps: Vec<Step>,
    /// What to do about a merge conflict, when the tool's profile leaves it open.
    pub resolve: Option<Argv>,
    /// Commands that prepare the worktree before the first step.
    pub setup: Vec<Argv>,
    /// Commands that mend by rule what a check found, before a tool is asked to.
    pub fixers: Vec<Argv>,
    /// What the change is for, in the plan's words; part of the prompt.
    pub tasks: Vec<String>,
    /// Commands or prose that say when it is done; part of the prompt.
    pub acceptance_tests: Vec<String>,
    /// The prompt, from `prompt` or read from `prompt_file` at the base commit.
    pub prompt: Option<PromptSource>,
    /// Attempts, windows and time limits.
    pub limits: LoopLimits,
    /// The numbers that it is to reach, besides passing its checks.
    pub goals: Goals,
    /// What follows when it can not go on by itself; the first one that is for the reason counts.
    pub handling: Vec<Handling>,
    /// How much may be spent on it.
    pub budget: WorkstreamBudget,
    /// Whether it is fine to change nothing.
    pub allow_empty: bool,
    /// Whether submodules are initialised in its worktree.
    pub submodules: bool,
    /// Commands that undo its effects outside the repository; kept for a rollback.
    pub compensation_actions: Vec<String>,
    /// Named gates it asks for; kept and shown.
    pub test_gates: Vec<TestGate>,
    /// Free data, kept.
    pub metadata: BTreeMap<String, serde_json::Value>,
}

/// Where the text of a prompt comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// The text itself.
    Text(String),
    /// A file, relative to the plan file.
    File(String),
}

/// A gate that a workstream of the original format names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestGate {
    /// `GATE_LINT`, `GATE_UNIT`, `GATE_INTEGRATION` or `GATE_SECURITY`.
    pub kind: String,
    /// Whether it must have run.
    pub required: bool,
    /// Whether a failure blocks.
    pub blocking: bool,
}

/// One step of a workstream.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name, unique in the workstream: `edit`, `static`, `runtime` or the plan's own.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Seconds until it is ended; `None` takes the tool's or the limits' value.
    pub timeout_sec: Option<u64>,
    /// What the findings of a check are compared with.
    pub baseline: Baseline,
    /// What else holds for it.
    pub rules: StepRules,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// A tool changes files.
    Edit(EditStep),
    /// Commands look at the files without running the program (linters, compilers).
    Static(Vec<Argv>),
    /// Commands run the program (tests).
    Runtime(Vec<Argv>),
}

/// The data of an EDIT step.
#[derive(Debug, Clone)]
pub struct EditStep {
    /// Which tool does it.
    pub tool: ToolChoice,
    /// The capability whose other tools are the fallbacks, when the plan names one.
    pub capability: Option<String>,
    /// The model that the tool uses; `None` leaves it to its profile.
    pub model: Option<String>,
    /// What the embedded tool `command` runs.
    pub command: Option<Argv>,
    /// What the embedded tool `command` runs to mend a failed check; `None` runs `command` again.
    pub fix: Option<Argv>,
    /// The patch files that the embedded tool `replay` applies in order, relative to the plan file.
    pub patches: Vec<String>,
    /// A description for people and for the prompt.
    pub description: Option<String>,
    /// Tasks of this step alone; empty means those of the workstream.
    pub tasks: Vec<String>,
    /// Commands or prose that say when this step is done; empty means those of the workstream.
    pub acceptance_tests: Vec<String>,
}

/// How the tool of an EDIT step is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// This tool.
    Tool(ToolId),
    /// The first usable tool that has this capability.
    Capability(String),
}
