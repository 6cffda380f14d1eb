//! `git orc graph`.

use std::path::PathBuf;

use clap::Args;

use super::plan::sound_plan;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::graph::model::Graph;
use crate::cli::view::graph::{GraphFormat, render};
use crate::cli::view::run_graph::of_run;
use crate::io::fs::{Durability, write_atomic};
use crate::ops::context::{Context, Desk};
use crate::ops::graph::plan_of_run;

const EXAMPLES: &str = "\
Examples:
  git orc graph plan.yaml
  git orc graph plan.yaml --format svg -o plan.svg
  git orc graph plan.yaml --format mermaid
  git orc graph --run tour            The newest run of the plan `tour`, with where each workstream stands";

/// Draw a plan or a run: for the terminal, or as dot, mermaid, svg or json
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct GraphArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN", required_unless_present = "run", conflicts_with = "run")]
    pub plan: Option<PathBuf>,
    /// Draw a run instead, with where each workstream stands
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// How to draw it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "term")]
    pub format: GraphFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl GraphArgs {
    /// Draws the graph.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is nothing to draw or the picture can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let Some(graph) = self.graph(desk, ui)? else { return Ok(Exit::Negative) };
        let picture = render(&graph, self.format);
        if let Some(file) = &self.output {
            let written = write_atomic(&desk.path(file), picture.as_bytes(), Durability::Relaxed);
            written.map_err(|error| Failure::new("write the picture", &error))?;
            return Ok(Exit::Done);
        }
        if self.format == GraphFormat::Term {
            ui.page(None);
        }
        ui.text(&picture).map_err(|error| Failure::new("print the picture", &error))?;
        Ok(Exit::Done)
    }

    /// Returns what is to be drawn; `None` when the plan has errors, which have been told.
    fn graph(&self, desk: &Desk, ui: &Ui) -> Result<Option<Graph>, Failure> {
        if let Some(run) = &self.run {
            let cx = Context::open(desk).map_err(|error| Failure::new("use the repository", &error))?;
            let (plan, schedule, state) = plan_of_run(&cx, run).map_err(|error| Failure::new("draw the run", &error))?;
            return Ok(Some(of_run(&plan, &schedule, &state)));
        }
        let Some(plan) = &self.plan else { return Ok(None) };
        Ok(sound_plan(plan, desk, ui)?.map(|(plan, schedule)| Graph::of_plan(&plan, &schedule)))
    }
}
