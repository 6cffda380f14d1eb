//! A tool profile: how a program that changes files is started and read. Data, not code; shipped in `config/tool_profiles.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reader::{ErrorReader, FailureRule, UsageReader};
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
    /// Starts this program and speaks the Agent Client Protocol with it.
    Acp {
        /// The program, found in `PATH`.
        binary: String,
        /// Its arguments, with the substitutions of [`super::invocation`].
        args: Vec<String>,
    },
    /// Asks a model behind an interface like that of OpenAI for a unified diff.
    Api {
        /// The address of the interface, such as `https://api.openai.com/v1`.
        base_url: String,
    },
    /// Waits for a person to do the work.
    Manual,
}

/// How a tool is started and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolProfile {
    /// Its id.
    pub id: ToolId,
    /// What is started.
    pub kind: ToolKind,
    /// The arguments in place of those of `kind` where git-orc's own sandbox holds it; `None` when they are the same. For tools whose own
    /// sandbox can not be made inside of another one.
    pub held_args: Option<Vec<String>>,
    /// The model, where nobody names another one; `None` leaves it to the tool.
    pub model: Option<String>,
    /// The arguments that name the model, put in place of `{model_args}` when there is one.
    pub model_args: Vec<String>,
    /// The arguments that name the budget of an attempt, put in place of `{budget_args}` when there is one.
    pub budget_args: Vec<String>,
    /// The variable that holds the key of its provider; the key itself is in no profile.
    pub key_env: Option<String>,
    /// Files to write below `{run_dir}` before it starts: path and template.
    pub run_files: BTreeMap<String, String>,
    /// Variables to set.
    pub env: BTreeMap<String, String>,
    /// Names of variables to pass on from the environment.
    pub env_allow: Vec<String>,
    /// How the prompt reaches its standard input.
    pub stdin: StdinMode,
    /// What it leaves behind.
    pub output: OutputMode,
    /// Where it tells its usage; `None` when it does not.
    pub usage: Option<UsageReader>,
    /// Where it tells that it failed.
    pub errors: Vec<ErrorReader>,
    /// How its failures read; the first rule that fits counts.
    pub failures: Vec<FailureRule>,
    /// Names at the top of the worktree that it leaves for itself and that are no part of a patch; a name may end in `*`.
    pub leftovers: Vec<String>,
    /// Seconds until it is ended; `None` takes the limit of the step.
    pub timeout_sec: Option<u64>,
    /// Seconds without output until it is ended; `None` takes the limits' value.
    pub idle_timeout_sec: Option<u64>,
    /// The exit codes that count as success.
    pub success_exit_codes: Vec<i32>,
    /// What it can do, for plans that ask for a capability.
    pub capabilities: Vec<String>,
    /// How many of it may run at once; `None` for as many as there are workers.
    pub max_parallel: Option<u32>,
    /// How many of it may be started in a minute; `None` for any number.
    pub starts_per_minute: Option<u32>,
    /// How many tokens fit into its window; `None` when that is not known.
    pub context_window: Option<u64>,
    /// Whether it reads `AGENTS.md` by itself.
    pub reads_agents_md: bool,
    /// The arguments that make it print its version.
    pub version_args: Vec<String>,
    /// The oldest version that is known to work.
    pub min_version: Option<String>,
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
            held_args: None,
            model: None,
            model_args: Vec::new(),
            budget_args: Vec::new(),
            key_env: None,
            run_files: BTreeMap::new(),
            env: BTreeMap::new(),
            env_allow: Vec::new(),
            stdin: StdinMode::Null,
            output: OutputMode::Worktree,
            usage: None,
            errors: Vec::new(),
            failures: Vec::new(),
            leftovers: Vec::new(),
            timeout_sec: None,
            idle_timeout_sec: None,
            success_exit_codes: vec![0],
            capabilities: Vec::new(),
            max_parallel: None,
            starts_per_minute: None,
            context_window: None,
            reads_agents_md: false,
            version_args: vec!["--version".to_owned()],
            min_version: None,
            resolve: ResolveMode::Redo,
            integrity: IntegrityMode::Stop,
            resources: ResourceLimits::default(),
            assisted_by: None,
            install: None,
            sandbox: OwnRules::default(),
        }
    }

    /// Returns the program that is looked for in `PATH`.
    #[must_use]
    pub fn binary(&self) -> Option<&str> {
        match &self.kind {
            ToolKind::External { binary, .. } | ToolKind::Acp { binary, .. } => Some(binary),
            ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::Api { .. } | ToolKind::Manual => None,
        }
    }

    /// Returns whether a person does the work.
    #[must_use]
    pub const fn is_by_hand(&self) -> bool {
        matches!(self.kind, ToolKind::Manual)
    }

    /// Returns whether git-orc's own program does its part or speaks with it.
    #[must_use]
    pub const fn is_bridged(&self) -> bool {
        matches!(self.kind, ToolKind::Acp { .. } | ToolKind::Api { .. } | ToolKind::Manual)
    }

    /// Returns whether it works from a prompt, so that another context may change what it does.
    #[must_use]
    pub const fn is_prompted(&self) -> bool {
        match self.kind {
            ToolKind::External { .. } | ToolKind::Acp { .. } | ToolKind::Api { .. } | ToolKind::Manual => true,
            ToolKind::Command | ToolKind::Replay | ToolKind::Fixers => false,
        }
    }
}
