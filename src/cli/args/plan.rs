//! `git orc plan`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::plan_import::PlanImportArgs;
use super::plan_split::PlanSplitArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, plan};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::schedule::waves::Schedule;
use crate::ops::context::Desk;
use crate::ops::validate::validate;

const EXAMPLES: &str = "\
Examples:
  git orc plan show plan.yaml
  git orc plan show --json plan.yaml | jq '.waves[].workstreams[].id'";

/// Look at a plan, take it apart, import one
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PlanArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: PlanCommand,
}

/// What can be done with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum PlanCommand {
    Show(PlanShowArgs),
    Split(PlanSplitArgs),
    Import(PlanImportArgs),
}

/// Show the waves of a plan, what keeps workstreams apart, the critical path, and the speed-up to expect
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct PlanShowArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl PlanArgs {
    /// Does it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be read or the result can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            PlanCommand::Show(args) => args.execute(desk, ui),
            PlanCommand::Split(args) => args.execute(desk, ui),
            PlanCommand::Import(args) => args.execute(desk, ui),
        }
    }
}

impl PlanShowArgs {
    fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let Some((checked, schedule)) = sound_plan(&self.plan, desk, ui)? else { return Ok(Exit::Negative) };
        if !self.json {
            ui.page(None);
        }
        let text = if self.json { plan::json(&checked, &schedule) } else { plan::human(&checked, &schedule) };
        ui.text(&text).map_err(|error| Failure::new("print the plan", &error))?;
        Ok(Exit::Done)
    }
}

/// Reads a plan that must be sound; says what is wrong with it, and returns `None`, when it is not.
///
/// # Errors
/// Returns a [`Failure`] when it can not be read at all.
pub(super) fn sound_plan(path: &Path, desk: &Desk, ui: &Ui) -> Result<Option<(CheckedPlan, Schedule)>, Failure> {
    let read = validate(desk, &[path.to_owned()]).map_err(|error| Failure::new("read the plan", &error))?;
    let Some(one) = read.into_iter().next() else { return Ok(None) };
    if one.plan.is_none() {
        ui.complaint(&diagnostics::render(&one.diagnostics, &one.files, ui.err_color()));
    }
    Ok(one.plan)
}
