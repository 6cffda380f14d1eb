//! `git orc status`.

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{porcelain, summary};
use crate::ops::context::Context;
use crate::ops::status::status;

const EXAMPLES: &str = "\
Examples:
  git orc status                      The newest run
  git orc status tour                 The newest run of the plan `tour`
  git orc status --json               One document
  git orc status --porcelain=v1       One line per workstream, for scripts

The lines of --porcelain=v1 are `<state> <workstream> <wave> <commit>`, with `-` for a workstream without a commit of its own. States are
planned, ready, blocked, skipped, in_progress, validating, paused, failed, timed_out, aborted, quarantined, retrying, verified, conflicted,
merged and reverted. More fields may be added at the end of a line. With -z, lines end in NUL.";

/// The versions of the lines for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Porcelain {
    /// The first and only one
    V1,
}

/// Show where a run stands
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "porcelain")]
    pub json: bool,
    /// Print stable lines for scripts
    #[arg(long, value_name = "VERSION", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "v1")]
    pub porcelain: Option<Porcelain>,
    /// End lines with NUL
    #[arg(short = 'z', requires = "porcelain")]
    pub nul: bool,
}

impl StatusArgs {
    /// Shows where the run stands.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let status = status(cx, self.run.as_deref()).map_err(|error| Failure::new("show where the run stands", &error))?;
        let written = match self.porcelain {
            Some(Porcelain::V1) => ui.text(&porcelain::v1(&status.state, if self.nul { '\0' } else { '\n' })),
            None if self.json => ui.text(&summary::json(&status)),
            None => ui.result(&summary::human(&status)),
        };
        written.map_err(|error| Failure::new("print where the run stands", &error))?;
        Ok(Exit::Done)
    }
}
