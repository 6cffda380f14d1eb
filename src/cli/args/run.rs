//! `git orc run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::drive;
use super::trust::before_running;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::progress::mode::ProgressWish;
use crate::cli::view::{diagnostics, dry_run};
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::policy::sandbox::{Network, SandboxWish};
use crate::engine::signals::listen;
use crate::io::settings::budgets::BudgetLayer;
use crate::io::settings::layer::{Layer, Origin, Setting};
use crate::io::settings::overlay::{LedgerDurability, Overlay};
use crate::ops::begin::config;
use crate::ops::context::Context;
use crate::ops::frozen::Overrides;
use crate::ops::policies::PoliciesError;
use crate::ops::run::{RunError, RunRequest, check_prompts, prepare, run, settings};
use crate::ops::trust::Decision;

const EXAMPLES: &str = "\
Examples:
  git orc run --dry-run plan.yaml     What would run; nothing is touched
  git orc run plan.yaml
  git orc run plan.yaml --max-workers 8 --target orc/second-try
  git orc run plan.yaml --budget run.usd=5 --budget attempt.minutes=15
  git orc run plan.yaml --cache       What an earlier run has found out is not done again
  git orc run plan.yaml --json > run.json
  git orc run plan.yaml --pipeline code

Ctrl-C once stops gently: no new step starts, and what was produced is captured. Twice ends the tools at once. `git orc resume` continues.

Ends with 0 when everything is merged, with 1 when something failed, with 3 when a person is needed.";

/// How much of a loss of power the ledger must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DurabilityWish {
    /// What is recorded is on the disk before it counts
    Full,
    /// What is recorded survives the death of the program, not that of the machine
    Relaxed,
}

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

/// Run a plan
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Say what would run, and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON document at the end
    #[arg(long)]
    pub json: bool,
    /// How many workstreams run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_workers: Option<u32>,
    /// The commit to start from, in place of the plan's
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The branch to build, in place of the plan's, without `refs/heads/`
    #[arg(long, value_name = "BRANCH")]
    pub target: Option<String>,
    /// Trust the plan and the repository's profiles as they are now, if they came with a commit
    #[arg(long)]
    pub trust: bool,
    /// How progress is shown
    #[arg(long, value_name = "FORM", value_enum)]
    pub progress: Option<ProgressWish>,
    /// How much of a loss of power the ledger must survive
    #[arg(long, value_name = "HOW", value_enum)]
    pub durability: Option<DurabilityWish>,
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
    /// Let the first failure stop everything that has not started
    #[arg(long)]
    pub fail_fast: bool,
    /// Check every EDIT step, let former runs decide how failures are answered, and read the settings again between waves
    #[arg(long)]
    pub fluid: bool,
    /// The pipeline of workstreams that name none and have no steps or commands of their own
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// Pursue goals: those of the plan, and for a workstream without any those that its request names, such as `50k words`
    #[arg(long)]
    pub goals: bool,
    /// What is done again, in place of what the options say of the plan.
    #[arg(skip)]
    pub again: Option<Overrides>,
}

impl RunArgs {
    /// Returns what the options say about the settings.
    #[must_use]
    pub fn flags(&self) -> Overlay {
        let durability = self.durability.map(|wish| match wish {
            DurabilityWish::Full => LedgerDurability::Full,
            DurabilityWish::Relaxed => LedgerDurability::Relaxed,
        });
        let network = self.network.map(|wish| match wish {
            NetworkFlag::Full => Network::Full,
            NetworkFlag::None => Network::None,
        });
        let mut budget = BudgetLayer::default();
        self.budget.iter().for_each(|wish| budget.wish(*wish, Origin::new(Layer::Flag, "--budget")));
        Overlay {
            budget,
            max_workers: self.max_workers.map(|n| Setting::new(n, Origin::new(Layer::Flag, "--max-workers"))),
            durability: durability.map(|value| Setting::new(value, Origin::new(Layer::Flag, "--durability"))),
            sandbox: self.sandbox.map(SandboxFlag::setting),
            network: network.map(|value| Setting::new(value, Origin::new(Layer::Flag, "--network"))),
            cache: self.cache.map(|cache| Setting::new(cache, Origin::new(Layer::Flag, "--cache"))),
            dry_run: self.dry_run.then(|| Setting::new(true, Origin::new(Layer::Flag, "--dry-run"))),
            ..Overlay::default()
        }
    }

    fn overrides(&self) -> Overrides {
        if let Some(again) = &self.again {
            return again.clone();
        }
        Overrides {
            base: self.base.clone(),
            target: self.target.clone(),
            fail_fast: self.fail_fast,
            fluid: self.fluid,
            pipeline: self.pipeline.clone(),
            budgets: self.budget.iter().map(|wish| wish.key).collect(),
            goals: self.goals,
            ..Overrides::default()
        }
    }

    /// Runs the plan, or says what would run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be started or can not go on, or the result can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if cx.settings.dry_run.value {
            return self.rehearse(cx, ui);
        }
        before_running(cx, Some(&self.plan), if self.trust { Decision::Trust } else { Decision::Refuse }, ui)?;
        let signals = listen().map_err(drive::no_signals)?;
        let sinks = drive::sinks(self.progress, cx.settings.progress.value, drive::asks(cx), ui);
        let request = RunRequest { plan: self.plan.clone(), overrides: self.overrides(), sinks, stop: signals.stop };
        match run(cx, request).await {
            Ok(ending) => drive::report(cx, ending, &signals.first, self.form(), ui),
            Err(error) => self.refuse(&error, ui),
        }
    }

    fn rehearse(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let prepared = match prepare(cx, &self.plan, &self.overrides()) {
            Ok(prepared) => prepared,
            Err(error) => return self.refuse(&error, ui),
        };
        let config = config(cx, &settings(cx, &prepared.plan), &prepared.plan).map_err(|error| Failure::new("find the tools", &error))?;
        if let Err(error) = check_prompts(cx, &prepared, &config) {
            return self.refuse(&error, ui);
        }
        ui.complaint(&diagnostics::render(&prepared.diagnostics, &prepared.source.shown(), ui.err_color()));
        let text = if self.json { dry_run::json(&prepared, &config) } else { dry_run::human(&prepared, &config) };
        ui.text(&text).map_err(|error| Failure::new("print what would run", &error))?;
        Ok(Exit::Done)
    }

    const fn form(&self) -> drive::Form {
        if self.json { drive::Form::Json } else { drive::Form::Human }
    }

    /// Tells why nothing was run; every mistake of a plan at once.
    fn refuse(&self, error: &RunError, ui: &Ui) -> Result<Exit, Failure> {
        if let RunError::Gates(error) = error {
            return Err(super::gate_failure("run the plan", error, ui));
        }
        if let RunError::Plan { diagnostics: found, files } | RunError::Policies(PoliciesError::Invalid { diagnostics: found, files }) =
            error
        {
            ui.complaint(&diagnostics::render(found, files, ui.err_color()));
        }
        Err(Failure::new("run the plan", error))
    }
}
