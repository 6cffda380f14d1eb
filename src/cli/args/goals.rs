//! `git orc goals`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::goals as view;
use crate::ops::context::Context;
use crate::ops::goals::goals;

const EXAMPLES: &str = "\
Examples:
  git orc goals                       The newest run
  git orc goals tour                  The newest run of the plan `tour`
  git orc goals --json | jq '.workstreams[].settled.message'";

/// Show how near the workstreams of a run came to their goals, round by round
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct GoalsArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl GoalsArgs {
    /// Shows the goals.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run, the ledger can not be read, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let told = goals(cx, self.run.as_deref()).map_err(|error| Failure::new("find the goals", &error))?;
        let written = if self.json { ui.text(&view::json(&told)) } else { ui.result(&view::human(&told)) };
        written.map_err(|error| Failure::new("print the goals", &error))?;
        Ok(Exit::Done)
    }
}
