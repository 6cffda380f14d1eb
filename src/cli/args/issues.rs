//! `git orc issues`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::issues as view;
use crate::ops::context::Context;
use crate::ops::issues::{Which, issues, write};

const EXAMPLES: &str = "\
Examples:
  git orc issues                      What the newest run gave up, and why
  git orc issues --run tour
  git orc issues --patterns           What fails again and again, over all runs
  git orc issues --patterns --json | jq '.patterns[] | select(.given_up > 0)'
  git orc issues --write              Make the files of the records again

A record of every step that was given up is a file below `orc/issues` of the git directory. They follow from the ledger alone.";

/// Show what kept failing: what was given up, and what fails again and again
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct IssuesArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Show how often what failed by phase, tool and kind; over all runs unless one is named
    #[arg(long)]
    pub patterns: bool,
    /// Write the records as files, and name them
    #[arg(long, conflicts_with = "patterns")]
    pub write: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl IssuesArgs {
    /// Shows what kept failing.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run, the ledger can not be read, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let which = if self.patterns && self.run.is_none() { Which::All } else { Which::One(self.run.as_deref()) };
        let found = issues(cx, which).map_err(|error| Failure::new("tell what kept failing", &error))?;
        let files =
            if self.write { write(&cx.repo, &found).map_err(|error| Failure::new("write the records", &error))? } else { Vec::new() };
        let written = if self.json {
            ui.text(&view::json(&found, &files))
        } else if self.patterns {
            ui.result(&view::patterns(&found, ui.zone()))
        } else {
            ui.result(&view::records(&found, &files))
        };
        written.map_err(|error| Failure::new("print what kept failing", &error))?;
        Ok(Exit::Done)
    }
}
