//! A tool profile: how a program that changes files is started and read. Data, not code; shipped in `config/tool_profiles.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::resources::ResourceLimits;
use crate::domain::id::ToolId;
use crate::domain::policy::sandbox::OwnRules;

/// How the prompt reaches a tool's standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StdinMode {
    /// Standard input is closed.
    Null,
    /// The prompt is written to standard input, which is then closed.
    Prompt,
}

/// What a tool leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputMode {
    /// Changed files in the worktree.
    Worktree,
    /// A unified diff on standard output.
    Patch,
}

/// What a tool does about a merge conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolveMode {
    /// It gets a worktree with conflict markers and a prompt that shows both sides.
    Markers,
    /// Its EDIT step is done again on the tip that it conflicts with.
    Redo,
    /// Nothing; the patch goes to quarantine.
    Refuse,
}

/// What follows when a tool changed what it shares with the user: the configuration, hooks, other files of the git directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityMode {
    /// It is put back, and the patch goes to quarantine.
    Stop,
    /// It is put back and told; the work goes on. For tools that are known to do so and to mean well.
    Restore,
}

/// The programs that need nothing installed, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolKind {
    /// Runs the argument vector that the workstream gives.
    Command,
    /// Applies the patch files that the workstream names.
    Replay,
    /// Runs the fixers of the workstream. No plan can name it.
    Fixers,
    /// Starts this program.
    External {
        /// The program, found in `PATH`.
        binary: String,
        /// Its arguments, with the substitutions of [`super::invocation`].
        args: Vec<String>,
    },
}

/// How a tool is started and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolProfile {
    /// Its id.
    pub id: ToolId,
    /// What is started.
    pub kind: ToolKind,
    /// Variables to set.
    pub env: BTreeMap<String, String>,
    /// Names of variables to pass on from the environment.
    pub env_allow: Vec<String>,
    /// How the prompt reaches its standard input.
    pub stdin: StdinMode,
    /// What it leaves behind.
    pub output: OutputMode,
    /// Seconds until it is ended; `None` takes the limit of the step.
    pub timeout_sec: Option<u64>,
    /// Seconds without output until it is ended; `None` takes the limits' value.
    pub idle_timeout_sec: Option<u64>,
    /// The exit codes that count as success.
    pub success_exit_codes: Vec<i32>,
    /// What it can do, for plans that ask for a capability.
    pub capabilities: Vec<String>,
    /// What it does about a merge conflict.
    pub resolve: ResolveMode,
    /// What follows when it changed what it shares with the user.
    pub integrity: IntegrityMode,
    /// What it may use of the machine, where that differs from the settings.
    pub resources: ResourceLimits,
    /// Who assisted, for the `Assisted-by` trailer; `None` for programs that are no AI.
    pub assisted_by: Option<String>,
    /// The command that installs it, for the hint when it is missing.
    pub install: Option<String>,
    /// What it is held to, and what it may reach all the same.
    pub sandbox: OwnRules,
}

impl ToolProfile {
    /// Returns a profile of this kind with nothing else said: closed standard input, changes in the worktree, exit
    /// code 0, and its work done again on the tip that it conflicts with.
    #[must_use]
    pub fn new(id: ToolId, kind: ToolKind) -> Self {
        Self {
            id,
            kind,
            env: BTreeMap::new(),
            env_allow: Vec::new(),
            stdin: StdinMode::Null,
            output: OutputMode::Worktree,
            timeout_sec: None,
            idle_timeout_sec: None,
            success_exit_codes: vec![0],
            capabilities: Vec::new(),
            resolve: ResolveMode::Redo,
            integrity: IntegrityMode::Stop,
            resources: ResourceLimits::default(),
            assisted_by: None,
            install: None,
            sandbox: OwnRules::default(),
        }
    }

    /// Returns the program of an external tool.
    #[must_use]
    pub fn binary(&self) -> Option<&str> {
        match &self.kind {
            ToolKind::External { binary, .. } => Some(binary),
            ToolKind::Command | ToolKind::Replay | ToolKind::Fixers => None,
        }
    }
}
