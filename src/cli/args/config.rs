//! `git orc config`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::settings as view;
use crate::ops::context::Desk;
use crate::ops::settings::settings;

const EXAMPLES: &str = "\
Examples:
  git orc config
  git orc config --show-origin
  git config orc.maxWorkers 8         Set a value for this repository

From the weakest to the strongest: shipped, your `config.yaml`, git's `orc.*`, the plan, the environment, the command line.";

/// Show the settings that hold here
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ConfigArgs {
    /// Show where each value comes from
    #[arg(long)]
    pub show_origin: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ConfigArgs {
    /// Shows the settings.
    ///
    /// # Errors
    /// Returns a [`Failure`] when they hold mistakes or can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
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
