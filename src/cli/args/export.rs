//! `git orc export`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::domain::text::one_line;
use crate::ops::context::Context;
use crate::ops::export::{Existing, View, export};

const EXAMPLES: &str = "\
Examples:
  git orc export --to .state          All views of the newest run
  git orc export --to out cost.json --run tour
  git orc export --to out execution.jsonl --force

Views:
  routing_decisions.json   which tool was chosen for what, and why
  execution.jsonl          one line per entry of the ledger: ulid, task_id, status, ts
  cost.json                what the workstreams cost, as `git orc cost --json` tells it";

/// Write views of a run as files, in the formats of the original systems
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// The views; all of them when none is named
    #[arg(value_name = "NAME", value_parser = view)]
    pub views: Vec<View>,
    /// The folder that they are written into
    #[arg(long, value_name = "DIR", required = true)]
    pub to: PathBuf,
    /// The run: its id, the beginning of it, or the name of its plan; the newest one when absent
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
}

impl ExportArgs {
    /// Writes the views, and tells the files.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run, or a file can not be written or is there already.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let views = if self.views.is_empty() { View::ALL.to_vec() } else { self.views.clone() };
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let files =
            export(cx, self.run.as_deref(), &views, (&self.to, existing)).map_err(|error| Failure::new("export the run", &error))?;
        for file in files {
            ui.text(&format!("{}\n", one_line(&file.display().to_string()))).map_err(|error| Failure::new("name the files", &error))?;
        }
        Ok(Exit::Done)
    }
}

/// Reads the name of a view, with or without the ending of its file.
fn view(text: &str) -> Result<View, String> {
    let fits = |view: &View| view.file() == text || view.file().split('.').next() == Some(text);
    View::ALL.into_iter().find(fits).ok_or_else(|| format!("the views are {}", View::ALL.map(View::file).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_go_by_their_files() {
        assert_eq!(view("cost.json"), Ok(View::Cost));
        assert_eq!(view("execution"), Ok(View::Execution));
        assert_eq!(view("routing_decisions"), Ok(View::RoutingDecisions));
        assert_eq!(view("costs").unwrap_err(), "the views are routing_decisions.json, execution.jsonl, cost.json");
    }
}
