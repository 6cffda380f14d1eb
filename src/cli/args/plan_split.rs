//! `git orc plan split`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, plan_split as view};
use crate::ops::context::{Context, Desk};
use crate::ops::split::{SplitError, Target, hold, write};

const EXAMPLES: &str = "\
Examples:
  git orc plan split plan.yaml                    What it would be, printed
  git orc plan split plan.yaml --check            Exit code 1 when something is too large
  git orc plan split plan.yaml --output parts.yaml
  git orc plan split plan.yaml --write --rules rules.yaml

A workstream is too large when its scope covers more files of the base commit, or it has more tasks, than decomposition_rules.yaml allows:
10 and 7 unless somebody says otherwise. Its parts may touch together exactly what it might, and never the same file; whoever depended on it
depends on all of them. Comments of the plan are not kept.";

/// Take the workstreams of a plan apart that are too large
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct PlanSplitArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Rules that are laid over those that hold here
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Replace the plan
    #[arg(long, conflicts_with = "output")]
    pub write: bool,
    /// Write the new plan into a file that is not there yet
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only say what is too large
    #[arg(long, conflicts_with_all = ["write", "output"])]
    pub check: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl PlanSplitArgs {
    /// Takes the plan apart, or says what is too large.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be read or written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let cx = Context::open(desk).map_err(|error| Failure::new("use the repository", &error))?;
        let printed = match self.done(&cx, ui) {
            Ok(done) => done,
            Err(error) => {
                if let SplitError::Invalid { diagnostics: found, files, .. } = &error {
                    ui.complaint(&diagnostics::render(found, files, ui.err_color()));
                }
                return Err(Failure::new("split the plan", &error));
            }
        };
        ui.text(&printed.0).map_err(|error| Failure::new("print the plan", &error))?;
        Ok(printed.1)
    }

    fn done(&self, cx: &Context, ui: &Ui) -> Result<(String, Exit), SplitError> {
        let held = hold(cx, &self.plan, self.rules.as_deref())?;
        if self.check {
            let found = held.exceeding();
            let exit = if found.is_empty() { Exit::Done } else { Exit::Negative };
            let text = if self.json { view::check_json(&found) } else { view::check(&found).render(ui.out_color()) };
            return Ok((text, exit));
        }
        let outcome = held.split(cx)?;
        let target = if self.write { Some(Target::Plan(&self.plan)) } else { self.output.as_deref().map(Target::File) };
        // A plan that is as it should be is not written anew, or its comments would be lost for nothing.
        let is_changed = outcome.split.is_changed();
        let path = match target {
            Some(target) if is_changed || !self.write => Some(write(&cx.cwd, target, &outcome.text)?),
            Some(_) | None => None,
        };
        if self.json {
            return Ok((view::json(&outcome, path.as_deref()), Exit::Done));
        }
        let told = view::told(&outcome, path.as_deref());
        if self.write || self.output.is_some() {
            return Ok((told.render(ui.out_color()), Exit::Done));
        }
        ui.say(&told);
        Ok((ui.as_file(&outcome.text), Exit::Done))
    }
}
