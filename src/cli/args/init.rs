//! `git orc init`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::init as view;
use crate::cli::view::init::Written;
use crate::ops::context::Desk;
use crate::ops::init::{InitError, propose};

const EXAMPLES: &str = "\
Examples:
  git orc init                        Look at the repository and propose; nothing is written unasked
  git orc init --yes                  Write it
  git orc init --json                 What was found and is proposed, as one document

Looks at manifests, lock files, settings of linters and tests, makefiles, and the endings of files. Nothing of it is run, and a file that is
there already is never overwritten: what would be different is shown.";

/// Look at a repository and propose its profile and its gates: what it is, and the commands that build, check and test it
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// Write what is proposed, without a question
    #[arg(long, short)]
    pub yes: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl InitArgs {
    /// Proposes the files, and writes them when that is wished.
    ///
    /// # Errors
    /// Returns a [`Failure`] when the repository can not be looked at, or something can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let proposal = propose(desk).map_err(|error| Failure::new("look at the repository", &error))?;
        let is_anything = proposal.missing().next().is_some();
        if !self.json {
            ui.result(&view::human(&proposal)).map_err(|error| Failure::new("print the proposal", &error))?;
        }
        let is_wished = is_anything && (self.yes || (!self.json && ui.asks() && ui.ask("Write it?")));
        if is_wished {
            proposal.write().map_err(|error| Failure::new("write the proposal", &InitError::File(error)))?;
        }
        let written = match (is_anything, is_wished) {
            (true, true) => Written::Done,
            (true, false) => Written::Left,
            (false, _) => Written::Nothing,
        };
        let told = if self.json { ui.text(&view::json(&proposal, written)) } else { ui.result(&view::end(&proposal, written)) };
        told.map_err(|error| Failure::new("print the proposal", &error))?;
        Ok(Exit::Done)
    }
}
