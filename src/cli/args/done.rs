//! `git orc done`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::styled::{Role, Styled};
use crate::domain::tool::hand::Said;
use crate::ops::context::Context;
use crate::ops::done::{DoneRequest, done};

const EXAMPLES: &str = "\
Examples:
  git orc done ws-auth                               It is done, in the run that waits for it
  git orc done ws-auth tour --message 'by pairing'   In the newest run of the plan `tour`
  git orc done ws-auth --give-up 'needs a decision'  It will not be done

A workstream whose tool is a person (a profile with `\"kind\": \"manual\"`, such as the tool `manual`) waits until somebody says so. `git orc
status` tells what waits, where its worktree is and where its instructions are. What is in the worktree by then is the patch; commits that
were made there are folded into it. Whoever gives up leaves the work to the next tool, or the step fails with the reason; what is in the
worktree is kept.";

/// Say that the work of a step that was left to a person is done, or given up
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoneArgs {
    /// The workstream
    #[arg(value_name = "WORKSTREAM")]
    pub workstream: String,
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Something to add; it stays in the ledger
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Say that it will not be done, and why
    #[arg(long, value_name = "REASON", conflicts_with = "message")]
    pub give_up: Option<String>,
}

impl DoneArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when nothing waits under that name or the answer can not be given.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let said = if self.give_up.is_some() { Said::GivenUp } else { Said::Done };
        let message = self.give_up.clone().or_else(|| self.message.clone());
        let request = DoneRequest { workstream: self.workstream.clone(), run: self.run.clone(), said, message };
        let run = done(cx, &request).map_err(|error| Failure::new("tell the run", &error))?;
        let mut told = match said {
            Said::Done => Styled::of(Role::Good, "done"),
            Said::GivenUp => Styled::of(Role::Caution, "given up"),
        };
        told.add(format!(" {} in run {run}, which goes on with it", self.workstream)).line();
        ui.result(&told).map_err(|error| Failure::new("print the answer", &error))?;
        Ok(Exit::Done)
    }
}
