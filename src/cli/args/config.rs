//! `git orc config`.

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{config_check, settings as view};
use crate::domain::document::diagnostic::Severity;
use crate::ops::config_check::check_config;
use crate::ops::context::Desk;
use crate::ops::settings::settings;

const EXAMPLES: &str = "\
Examples:
  git orc config
  git orc config --show-origin
  git config orc.maxWorkers 8         Set a value for this repository

From the weakest to the strongest: shipped, your `config.yaml`, the repository's `PROJECT_PROFILE.yaml`, git's `orc.*`, the plan, the
environment, the command line.";

const CHECK_EXAMPLES: &str = "\
Examples:
  git orc config check
  git orc config check --json

Reads your `config.yaml`, `circuit_breaker_config.yaml`, tool profiles, templates of prompts and plugins, the repository's tool profiles and templates,
`PROJECT_PROFILE.yaml`, `QUALITY_GATE.yaml` and `ai_policies.yaml`, yours as well, git's `orc.*`, and the environment. Ends with 0 when there is no mistake, and with 1 when there is one.";

/// Show the settings that hold here
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    /// What to do in place of showing them.
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// Show where each value comes from
    #[arg(long)]
    pub show_origin: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What can be done with settings besides showing them.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum ConfigCommand {
    Check(ConfigCheckArgs),
}

/// Report every mistake of every file of settings that would be used here
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct ConfigCheckArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ConfigCheckArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let checked = check_config(desk).map_err(|error| Failure::new("check the settings", &error))?;
        let written = if self.json { ui.text(&config_check::json(&checked)) } else { ui.result(&config_check::human(&checked)) };
        written.map_err(|error| Failure::new("print what was found", &error))?;
        Ok(if checked.count(Severity::Error) > 0 { Exit::Negative } else { Exit::Done })
    }
}

impl ConfigArgs {
    /// Shows the settings.
    ///
    /// # Errors
    /// Returns a [`Failure`] when they hold mistakes or can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        if let Some(ConfigCommand::Check(args)) = &self.command {
            return args.execute(desk, ui);
        }
        let settings = settings(desk).map_err(|error| Failure::new("show the settings", &error))?;
        for warning in &settings.warnings {
            ui.warning(warning);
        }
        let origins = if self.show_origin { view::Origins::Shown } else { view::Origins::Hidden };
        let rows = settings.rows();
        let written = if self.json { ui.text(&view::json(&rows)) } else { ui.result(&view::human(&rows, origins)) };
        written.map_err(|error| Failure::new("print the settings", &error))?;
        Ok(Exit::Done)
    }
}
