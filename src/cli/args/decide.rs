//! `git orc decide`.

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::styled::{Role, Styled};
use crate::domain::run::tending::Choice;
use crate::ops::context::Context;
use crate::ops::decide::{DecideRequest, decide};

const EXAMPLES: &str = "\
Examples:
  git orc decide tour ws-auth approve --reason 'read it, and ran it by hand'
  git orc decide tour looked-at reject --reason 'the new page is unreadable'
  git orc decide 01JD90T5 ws-auth adjust --reason 'keep the old names'

`git orc status` tells what waits for a person. What is decided holds for exactly the commit, or the merged tree, that waits now. `git orc
resume` then goes on: what was approved is merged, what was not is kept aside with the reason.";

/// Decide about a workstream that needs a review, or about what a gate asks
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct DecideArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The workstream, or the gate
    #[arg(value_name = "ID")]
    pub about: String,
    /// The decision
    #[arg(value_name = "DECISION", value_enum)]
    pub choice: ChoiceName,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChoiceName {
    /// It may land
    Approve,
    /// It must not land
    Reject,
    /// It must not land as it is; the reason says what is to be done
    Adjust,
}

impl DecideArgs {
    /// Records the decision.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be recorded or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let choice = match self.choice {
            ChoiceName::Approve => Choice::Approve,
            ChoiceName::Reject => Choice::Reject,
            ChoiceName::Adjust => Choice::Adjust,
        };
        let request = DecideRequest { run: self.run.clone(), about: self.about.clone(), choice, reason: self.reason.clone() };
        let (run, decided) = decide(cx, &request).map_err(|error| Failure::new("record the decision", &error))?;
        let role = if choice == Choice::Approve { Role::Good } else { Role::Caution };
        let mut told = Styled::of(role, choice.done());
        told.add(format!(" {} on {}", decided.about, decided.on.short())).line();
        told.put(Role::Faint, format!("git orc resume {run}")).add("  goes on with it").line();
        ui.result(&told).map_err(|error| Failure::new("print the decision", &error))?;
        Ok(Exit::Done)
    }
}
