//! `git orc list`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::list;
use crate::ops::context::Context;
use crate::ops::status::list as runs;

const EXAMPLES: &str = "\
Examples:
  git orc list
  git orc list --json | jq -r '.runs[] | select(.state == \"failed\") | .run'";

/// List the runs in the ledger, newest first
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ListArgs {
    /// Lists the runs.
    ///
    /// # Errors
    /// Returns a [`Failure`] when the ledger can not be read or the list can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let all = runs(cx).map_err(|error| Failure::new("list the runs", &error))?;
        let written = if self.json {
            ui.text(&list::json(&all))
        } else {
            if all.is_empty() {
                ui.note("There is no run yet; `git orc run PLAN` starts one.");
            }
            let text = list::human(&all, ui.zone());
            ui.result(&text)
        };
        written.map_err(|error| Failure::new("print the list", &error))?;
        Ok(Exit::Done)
    }
}
