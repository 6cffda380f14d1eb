//! `git orc run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::drive;
use super::starting::{NetworkFlag, SandboxFlag, StartingArgs};
use super::trust::before_running;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, dry_run};
use crate::domain::policy::sandbox::Network;
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

/// Run a plan
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    #[command(flatten)]
    /// What every command takes that starts a run.
    pub starting: StartingArgs,
    /// How many workstreams run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_workers: Option<u32>,
    /// How much of a loss of power the ledger must survive
    #[arg(long, value_name = "HOW", value_enum)]
    pub durability: Option<DurabilityWish>,
    /// Let the first failure stop everything that has not started
    #[arg(long)]
    pub fail_fast: bool,
    /// The pipeline of workstreams that name none and have no steps or commands of their own
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
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
        let network = self.starting.network.map(|wish| match wish {
            NetworkFlag::Full => Network::Full,
            NetworkFlag::None => Network::None,
        });
        let mut budget = BudgetLayer::default();
        self.starting.budget.iter().for_each(|wish| budget.wish(*wish, Origin::new(Layer::Flag, "--budget")));
        Overlay {
            budget,
            max_workers: self.max_workers.map(|n| Setting::new(n, Origin::new(Layer::Flag, "--max-workers"))),
            durability: durability.map(|value| Setting::new(value, Origin::new(Layer::Flag, "--durability"))),
            sandbox: self.starting.sandbox.map(SandboxFlag::setting),
            network: network.map(|value| Setting::new(value, Origin::new(Layer::Flag, "--network"))),
            cache: self.starting.cache.map(|cache| Setting::new(cache, Origin::new(Layer::Flag, "--cache"))),
            dry_run: self.starting.dry_run.then(|| Setting::new(true, Origin::new(Layer::Flag, "--dry-run"))),
            ..Overlay::default()
        }
    }

    fn overrides(&self) -> Overrides {
        if let Some(again) = &self.again {
            return again.clone();
        }
        Overrides {
            base: self.starting.base.clone(),
            target: self.starting.target.clone(),
            fail_fast: self.fail_fast,
            fluid: self.starting.fluid,
            pipeline: self.pipeline.clone(),
            budgets: self.starting.budget.iter().map(|wish| wish.key).collect(),
            goals: self.starting.goals,
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
        before_running(cx, Some(&self.plan), if self.starting.trust { Decision::Trust } else { Decision::Refuse }, ui)?;
        let signals = listen().map_err(drive::no_signals)?;
        let sinks = drive::sinks(self.starting.progress, cx.settings.progress.value, drive::asks(cx), ui);
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
        let text = if self.starting.json { dry_run::json(&prepared, &config) } else { dry_run::human(&prepared, &config) };
        ui.text(&text).map_err(|error| Failure::new("print what would run", &error))?;
        Ok(Exit::Done)
    }

    const fn form(&self) -> drive::Form {
        if self.starting.json { drive::Form::Json } else { drive::Form::Human }
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
