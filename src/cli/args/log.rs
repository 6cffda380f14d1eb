//! `git orc log`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::ui_error::UiError;
use crate::cli::view::diff::coloured;
use crate::cli::view::log;
use crate::cli::view::show::GONE;
use crate::cli::view::styled::{Role, Styled};
use crate::domain::run::event::Event;
use crate::ops::context::Context;
use crate::ops::log::{Logged, log as entries};
use crate::ops::show::diff;

const EXAMPLES: &str = "\
Examples:
  git orc log                         Everything, newest first
  git orc log tour                    The newest run of the plan `tour`
  git orc log api -p                  What happened to the workstream `api`, with its patches
  git orc log 01JD8Z/api              The same, in the run that begins with 01JD8Z
  git orc log --json -n 20            One JSON object per line, as the ledger holds them

With plain git: git log refs/orc/ledger";

/// Show the entries of the ledger, newest first
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct LogArgs {
    /// A run, a workstream or a patch
    #[arg(value_name = "RUN|WORKSTREAM|PATCH")]
    pub about: Option<String>,
    /// Show the change of each captured patch
    #[arg(short, long, conflicts_with = "json")]
    pub patch: bool,
    /// Show at most this many entries
    #[arg(short = 'n', long, value_name = "N")]
    pub max_count: Option<usize>,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}

impl LogArgs {
    /// Shows the entries.
    ///
    /// # Errors
    /// Returns a [`Failure`] when nothing has that name, the ledger can not be read, or the entries can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let all = entries(cx, self.about.as_deref(), self.max_count).map_err(|error| Failure::new("show the log", &error))?;
        if !self.json {
            ui.page(cx.git_setting("core.pager"));
        }
        let widths = log::Widths::of(&all);
        for one in &all {
            let written = if self.json { ui.text(&log::json(one)) } else { ui.result(&log::human(one, widths, &ui.zone().clone())) };
            written.map_err(|error| Failure::new("print the log", &error))?;
            if self.patch {
                print_patch(one, cx, ui)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn print_patch(one: &Logged, cx: &Context, ui: &mut Ui) -> Result<(), Failure> {
    let Some(Event::PatchCreated(created)) = one.entry.event() else { return Ok(()) };
    let change = diff(cx, created.commit).map_err(|error| Failure::new("show a patch", &error))?;
    let failed = |error: UiError| Failure::new("print a patch", &error);
    let shown = change.map_or_else(|| Styled::of(Role::Faint, format!("{GONE}\n")), |bytes| coloured(&bytes));
    ui.result(&shown).map_err(failed)?;
    ui.text("\n").map_err(failed)
}
