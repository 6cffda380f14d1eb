//! A profile once everything in it was checked.

use crate::domain::plan::input::CommandDefaults;
use crate::domain::policy::sandbox::{Network, Reads, SandboxLevel};
use crate::domain::settings::budget::FileBudgets;
use crate::domain::settings::limits::LimitValue;
use crate::domain::settings::lines::Lined;
use crate::domain::settings::word::{Domain, DurabilityWord, ProgressWord};

/// What a repository says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// The file, as it is shown.
    pub file: String,
    /// The id of the project.
    pub project_id: Option<String>,
    /// The name of the project.
    pub project_name: Option<String>,
    /// What it is about.
    pub domain: Option<Domain>,
    /// The ids of the tools that are meant to be used.
    pub tools: Vec<String>,
    /// What patches must keep to.
    pub constraints: Constraints,
    /// Settings that it proposes.
    pub settings: ProfileSettings,
    /// Commands for workstreams that give none.
    pub commands: CommandDefaults,
    /// The line of the first command.
    pub commands_line: u32,
    /// Numbers that bound the loops, with their lines.
    pub limits: Vec<Lined<LimitValue>>,
    /// The commit to start from, for plans that name none.
    pub base: Option<Lined<String>>,
}

/// What patches must keep to; `None` says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Whether all changes come as patches.
    pub patch_only: Option<bool>,
    /// Whether tests must pass.
    pub tests_must_pass: Option<bool>,
    /// Whether added text must be ASCII.
    pub ascii_only: Option<bool>,
    /// How many lines a patch may change.
    pub max_lines_changed: Option<u64>,
    /// How many files a patch may change.
    pub max_files_changed: Option<u64>,
    /// Whether a change must name an issue.
    pub require_issue_ref: Option<bool>,
}

impl Constraints {
    /// Returns what is said, as text, by its key.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let switch = |value: Option<bool>| value.map(|value| value.to_string());
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let all = [
            ("patch_only", switch(self.patch_only)),
            ("tests_must_pass", switch(self.tests_must_pass)),
            ("ascii_only", switch(self.ascii_only)),
            ("max_lines_changed", number(self.max_lines_changed)),
            ("max_files_changed", number(self.max_files_changed)),
            ("require_issue_ref", switch(self.require_issue_ref)),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// Settings that a repository proposes; `None` says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileSettings {
    /// How many workstreams run at once.
    pub max_workers: Option<Lined<u32>>,
    /// Where worktrees are made, seen from the top of the repository.
    pub worktree_dir: Option<Lined<String>>,
    /// How much of a loss of power the ledger must survive.
    pub durability: Option<Lined<DurabilityWord>>,
    /// How progress is shown.
    pub progress: Option<Lined<ProgressWord>>,
    /// Whether patches and merges get notes.
    pub notes: Option<Lined<bool>>,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Option<Lined<u64>>,
    /// The sandbox that programs are held by at least.
    pub sandbox: Option<Lined<SandboxLevel>>,
    /// What programs may reach at most.
    pub network: Option<Lined<Network>>,
    /// What programs may read at most.
    pub reads: Option<Lined<Reads>>,
    /// How much may be spent at most.
    pub budget: FileBudgets,
}
