//! `git orc validate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, validated};
use crate::domain::document::diagnostic::Severity;
use crate::ops::context::Desk;
use crate::ops::validate::validate;

const EXAMPLES: &str = "\
Examples:
  git orc validate plan.yaml
  git orc validate plans/*.yaml
  git orc validate workstreams/       A folder of bundle files
  git orc validate --json plan.yaml   One document, for editors and programs

Ends with 0 when every plan can run, and with 1 when one has errors.";

/// Report every error of plans, with file, line, column and a hint
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ValidateArgs {
    /// Plan files, or folders of bundle files
    #[arg(value_name = "PLAN", required = true)]
    pub plans: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ValidateArgs {
    /// Looks at the plans and says what is wrong with them.
    ///
    /// # Errors
    /// Returns a [`Failure`] when a plan can not be read or the result can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let all = validate(desk, &self.plans).map_err(|error| Failure::new("validate the plans", &error))?;
        let written = if self.json {
            ui.text(&validated::json(&all))
        } else {
            let found = all.iter().map(|one| diagnostics::render(&one.diagnostics, &one.source.files, ui.out_color()));
            let found = found.filter(|text| !text.is_empty()).map(|text| text + "\n").collect::<String>();
            ui.text(&found).and_then(|()| ui.result(&validated::human(&all)))
        };
        written.map_err(|error| Failure::new("print the result", &error))?;
        let is_bad = all.iter().any(|one| one.count(Severity::Error) > 0);
        Ok(if is_bad { Exit::Negative } else { Exit::Done })
    }
}
