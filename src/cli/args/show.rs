//! `git orc show`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::show;
use crate::ops::context::Context;
use crate::ops::show::show as known;

const EXAMPLES: &str = "\
Examples:
  git orc show                        The newest run
  git orc show api                    The workstream `api` of the newest run that has one
  git orc show 01JD8Z/api             The same, in the run that begins with 01JD8Z
  git orc show 01JD90T5               A patch, by the beginning of its id
  git orc show 4f1c2ab                A patch, by the beginning of its commit";

/// Show all that is known about a run, a workstream or a patch
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// What to show
    #[arg(value_name = "PATCH|WORKSTREAM|RUN")]
    pub what: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ShowArgs {
    /// Shows it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when nothing has that name or it can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let shown = known(cx, self.what.as_deref()).map_err(|error| Failure::new("show it", &error))?;
        let written = if self.json {
            ui.text(&show::json(&shown))
        } else {
            ui.page(cx.git_setting("core.pager"));
            let text = show::human(&shown, ui.zone());
            ui.result(&text)
        };
        written.map_err(|error| Failure::new("print it", &error))?;
        Ok(Exit::Done)
    }
}
