//! `git orc verify`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::verified;
use crate::domain::ledger::flaw::Severity;
use crate::io::git::prove::Depth;
use crate::ops::context::Context;
use crate::ops::verify::{NoteCare, VerifyRequest, verify};

const EXAMPLES: &str = "\
Examples:
  git orc verify                      The whole ledger and every run in it
  git orc verify tour                 The newest run of the plan `tour`
  git orc verify --fast               Without hashing objects and without making merges again
  git orc verify --json               One document
  git orc verify --repair-notes       Write the notes again from the ledger

Nothing is changed, unless notes are repaired. Exit codes: 0 when no problem was found, 1 when one was, 128 when the ledger can not be read
at all. Warnings do not count unless --strict says so: they are about what can be rebuilt, and about a branch that its owner may have moved.";

/// Find every claim of the ledger again from the objects of the repository
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// The run: its id, the beginning of it, or the name of its plan; without it, all of them
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Look only whether objects are there, and do not make merges again
    #[arg(long)]
    pub fast: bool,
    /// Let warnings count as problems
    #[arg(long)]
    pub strict: bool,
    /// Write the notes again from the ledger
    #[arg(long)]
    pub repair_notes: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl VerifyArgs {
    /// Verifies the ledger.
    ///
    /// # Errors
    /// Returns a [`Failure`] when nothing can be verified or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let request = VerifyRequest {
            run: self.run.clone(),
            depth: if self.fast { Depth::Present } else { Depth::Hashed },
            notes: if self.repair_notes { NoteCare::Rebuild } else { NoteCare::Compare },
        };
        let mut progress = ui.meter();
        let found = verify(cx, &request, &mut |what, done, of| progress.show(what, done, of));
        progress.clear();
        let found = found.map_err(|error| Failure::new("verify the ledger", &error))?;
        let written = if self.json { ui.text(&verified::json(&found)) } else { ui.result(&verified::human(&found)) };
        written.map_err(|error| Failure::new("print what was found", &error))?;
        let is_bad = found.count(Severity::Problem) > 0 || (self.strict && !found.flaws.is_empty());
        Ok(if is_bad { Exit::Negative } else { Exit::Done })
    }
}
