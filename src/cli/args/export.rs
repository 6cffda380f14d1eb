//! `git orc export`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::domain::report::views::View;
use crate::domain::text::one_line;
use crate::ops::context::Context;
use crate::ops::export::{Existing, ExportError, export, view};

const EXAMPLES: &str = "\
Examples:
  git orc export --to .state                  All views of the newest run
  git orc export tour --to out                All views of the newest run of the plan `tour`
  git orc export --to out cost.json --run tour
  git orc export workflow_state               One view, printed
  git orc export executor tour | jq .event

Views:
  execution_results.json   how every attempt ended
  patch_ledger.jsonl       the patches and the states that they went through
  execution.jsonl          one line per entry of the ledger: ulid, task_id, status, ts, event, severity
  executor.jsonl           TASK_STARTED, TASK_COMPLETED, TASK_SKIPPED, TASK_FAILED, TASK_CANCELLED, EXECUTION_FINISHED
  resilience.jsonl         breakers, retries, the recovery ladder, escalations, budgets, what people told the run
  routing_decisions.json   which tool was chosen for what, and why
  task_queue.json          what is left to do, with dependencies and priorities
  gate_results.json        what gates said, and what followed
  handoff_log.json         what was handed from workstream to workstream
  workflow_state.json      the state of the whole: IDLE, DEVELOPMENT, TESTING, BLOCKED, ...
  cost.json                what the workstreams cost, as `git orc cost --json` tells it";

/// Write views of a run as files, in the formats of the original systems
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// The views, all of them when none is named, and the run, the newest one when none is named
    #[arg(value_name = "VIEW|RUN")]
    pub names: Vec<String>,
    /// The folder that they are written into; without it, one view is printed
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// The run, for one that has the name of a view: its id, the beginning of it, or the name of its plan
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Replace files that are there and are no exports of git-orc
    #[arg(long, requires = "to")]
    pub force: bool,
}

/// What is exported.
struct Wish {
    views: Vec<View>,
    run: Option<String>,
}

impl ExportArgs {
    /// Writes the views, and tells the files; or prints one view.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run, or a file can not be written or is there already.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let wish = self.wish()?;
        let Some(to) = &self.to else { return Self::print(cx, ui, &wish) };
        let views = if wish.views.is_empty() { View::ALL.to_vec() } else { wish.views };
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let files = export(cx, wish.run.as_deref(), &views, (to, existing)).map_err(|error| failed(&error))?;
        for file in files {
            ui.text(&format!("{}\n", one_line(&file.display().to_string()))).map_err(|error| Failure::new("name the files", &error))?;
        }
        Ok(Exit::Done)
    }

    fn print(cx: &Context, ui: &mut Ui, wish: &Wish) -> Result<Exit, Failure> {
        let [one] = wish.views.as_slice() else { return Err(failed(&ExportError::NoFolder)) };
        let text = view(cx, wish.run.as_deref(), *one).map_err(|error| failed(&error))?;
        ui.text(&text).map_err(|error| Failure::new("print the view", &error))?;
        Ok(Exit::Done)
    }

    /// Tells views from the run.
    fn wish(&self) -> Result<Wish, Failure> {
        let (mut views, mut run) = (Vec::new(), self.run.clone());
        for name in &self.names {
            match View::named(name) {
                Some(view) => views.push(view),
                None if run.is_none() => run = Some(name.clone()),
                None => return Err(failed(&ExportError::NoView(one_line(name)))),
            }
        }
        Ok(Wish { views, run })
    }
}

fn failed(error: &ExportError) -> Failure {
    Failure::new("export the run", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(names: &[&str], run: Option<&str>) -> Result<(Vec<View>, Option<String>), Exit> {
        let args = ExportArgs {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            to: None,
            run: run.map(str::to_owned),
            force: false,
        };
        args.wish().map(|wish| (wish.views, wish.run)).map_err(|failure| failure.exit)
    }

    #[test]
    fn views_are_told_from_the_run() {
        let tour = Some("tour".to_owned());
        assert_eq!(wish(&[], None), Ok((vec![], None)));
        assert_eq!(wish(&["tour"], None), Ok((vec![], tour.clone())));
        assert_eq!(wish(&["cost.json", "tour", "executor"], None), Ok((vec![View::Cost, View::Executor], tour.clone())));
        assert_eq!(wish(&["cost"], Some("tour")), Ok((vec![View::Cost], tour)));
        assert_eq!(wish(&["costs"], Some("tour")), Err(Exit::Usage));
        assert_eq!(wish(&["a", "b"], None), Err(Exit::Usage));
    }
}
