//! `git orc graph`.

use std::path::PathBuf;

use clap::Args;

use super::plan::sound_plan;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::graph::model::Graph;
use crate::cli::view::graph::{GraphFormat, render};
use crate::io::fs::{Durability, write_atomic};
use crate::ops::context::Desk;

const EXAMPLES: &str = "\
Examples:
  git orc graph plan.yaml
  git orc graph plan.yaml --format svg -o plan.svg
  git orc graph plan.yaml --format mermaid";

/// Draw a plan: for the terminal, or as dot, mermaid, svg or json
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct GraphArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
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
        let Some((plan, schedule)) = sound_plan(&self.plan, desk, ui)? else { return Ok(Exit::Negative) };
        let picture = render(&Graph::of_plan(&plan, &schedule), self.format);
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
}
