//! `git orc doctor`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::doctor as view;
use crate::ops::context::Desk;
use crate::ops::doctor::health::Health;
use crate::ops::doctor::{Treatment, doctor};

const EXAMPLES: &str = "\
Examples:
  git orc doctor                      Look, and touch nothing
  git orc doctor --repair             Mend what can safely be mended, then look
  git orc doctor --json               One document

Mended are refs and notes of git-orc's own, its own stale locks, worktrees in which everything is recorded, and processes of runs that
nobody drives. Of yours, nothing is touched: it is named, with the command that helps. Exit codes: 0 when there is no problem, 1 when there
is one.";

/// Look whether machine, repository and runs are well, and mend what can safely be mended
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Mend what can safely be mended
    #[arg(long)]
    pub repair: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl DoctorArgs {
    /// Looks at everything.
    ///
    /// # Errors
    /// Returns a [`Failure`] when the answer can not be written.
    pub async fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let report = doctor(desk, if self.repair { Treatment::Repair } else { Treatment::Look }).await;
        let written = if self.json { ui.text(&view::json(&report)) } else { ui.result(&view::human(&report)) };
        written.map_err(|error| Failure::new("print what was found", &error))?;
        Ok(if report.count(Health::Problem) > 0 { Exit::Negative } else { Exit::Done })
    }
}
