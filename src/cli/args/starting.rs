//! What every command takes that starts a run.

use clap::{Args, ValueEnum};

use crate::cli::view::progress::mode::ProgressWish;
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::policy::sandbox::SandboxWish;
use crate::io::settings::layer::{Layer, Origin, Setting};

/// How tightly programs are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SandboxFlag {
    /// The tightest that the machine allows
    Auto,
    /// They may do what you may do
    None,
    /// The kernel refuses writes outside of the worktree and what is granted
    Landlock,
    /// They see their own file system, processes and, if wished, no network
    Bubblewrap,
}

impl SandboxFlag {
    /// Returns what the option says about the settings.
    #[must_use]
    pub fn setting(self) -> Setting<SandboxWish> {
        let wish = match self {
            Self::Auto => SandboxWish::Auto,
            Self::None => SandboxWish::None,
            Self::Landlock => SandboxWish::Landlock,
            Self::Bubblewrap => SandboxWish::Bubblewrap,
        };
        Setting::new(wish, Origin::new(Layer::Flag, "--sandbox"))
    }
}

/// What programs may reach over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NetworkFlag {
    /// Whatever you can reach
    Full,
    /// Nothing, as far as the sandbox can hold it
    None,
}

/// What every command takes that starts a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct StartingArgs {
    /// Say what would run, and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON document at the end
    #[arg(long)]
    pub json: bool,
    /// The commit to start from, in place of the one that the plan names
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The branch to build, in place of the plan's, without `refs/heads/`
    #[arg(long, value_name = "BRANCH")]
    pub target: Option<String>,
    /// Trust the plan and what the repository brings as they are now, if they came with a commit
    #[arg(long)]
    pub trust: bool,
    /// How progress is shown
    #[arg(long, value_name = "FORM", value_enum)]
    pub progress: Option<ProgressWish>,
    /// How tightly tools, checks and gates are held
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub sandbox: Option<SandboxFlag>,
    /// What they may reach over the network
    #[arg(long, value_name = "REACH", value_enum)]
    pub network: Option<NetworkFlag>,
    /// How much may be spent: SCOPE.WHAT=AMOUNT, with attempt, workstream, run or day, and usd, tokens or minutes; repeatable
    #[arg(long, value_name = "BUDGET", value_parser = BudgetWish::parse)]
    pub budget: Vec<BudgetWish>,
    /// Take results of steps from the cache, and keep those of this run in it
    #[arg(long, value_name = "YES", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub cache: Option<bool>,
    /// Check every EDIT step, let former runs decide how failures are answered, and read the settings again between waves
    #[arg(long)]
    pub fluid: bool,
    /// Pursue goals: those of the plan, and for a workstream without any those that its request names, such as `50k words`
    #[arg(long)]
    pub goals: bool,
}
