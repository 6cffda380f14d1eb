//! `git orc plan import`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, plan_import as view};
use crate::domain::import::shell::Shell;
use crate::ops::context::Desk;
use crate::ops::import::{ImportError, ImportRequest, import};

const EXAMPLES: &str = "\
Examples:
  git orc plan import workstreams/ --output plan.yaml    A folder of bundles
  git orc plan import plans/test.json --allow-shell      A JSON plan of steps
  git orc plan import phases/ --json | jq .losses        Phase plans, and what became of their keys

What has no counterpart is listed with its place, and nothing is dropped without a word. Nothing is written when the plan would not be
valid, or when a command needs a shell that is not allowed.";

/// Make a plan of bundles, a JSON plan, or phase plans of the original systems
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct PlanImportArgs {
    /// The file, or a folder of files
    #[arg(value_name = "SOURCE")]
    pub source: PathBuf,
    /// Write the plan into a file that is not there yet, in place of printing it
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Give commands that only a shell understands to `sh -c`
    #[arg(long)]
    pub allow_shell: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl PlanImportArgs {
    /// Imports the plan.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be read or written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let shell = if self.allow_shell { Shell::Allow } else { Shell::Refuse };
        let made = match import(desk, ImportRequest { source: &self.source, shell, output: self.output.as_deref() }) {
            Ok(made) => made,
            Err(error) => {
                if let ImportError::Unreadable { diagnostics: found, files } = &error {
                    ui.complaint(&diagnostics::render(found, files, ui.err_color()));
                }
                return Err(Failure::new("import the plan", &error));
            }
        };
        let exit = if made.is_valid && !made.imported.is_refused { Exit::Done } else { Exit::Negative };
        let written = if self.json {
            ui.text(&view::json(&made))
        } else {
            ui.complaint(&diagnostics::render(&made.diagnostics, std::slice::from_ref(&made.file), ui.err_color()));
            ui.say(&view::told(&made));
            if self.output.is_none() {
                let text = ui.as_file(&made.file.text);
                ui.text(&text)
            } else {
                Ok(())
            }
        };
        written.map_err(|error| Failure::new("print the plan", &error))?;
        Ok(exit)
    }
}
