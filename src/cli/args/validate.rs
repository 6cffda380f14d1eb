//! `git orc validate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::findings::{self, Shape};
use crate::cli::view::{diagnostics, validated};
use crate::domain::document::diagnostic::Severity;
use crate::domain::finding::model::Level;
use crate::ops::context::Desk;
use crate::ops::spec::{SpecRequest, validate_specs};
use crate::ops::validate::validate;

const EXAMPLES: &str = "\
Examples:
  git orc validate plan.yaml
  git orc validate plans/*.yaml
  git orc validate workstreams/       A folder of bundle files
  git orc validate --json plan.yaml   One document, for editors and programs
  git orc validate --spec docs/*.md   Specifications in place of plans
  git orc validate --spec --schema api.schema.json api.yaml
  git orc validate --spec --format sarif docs/*.md >out.sarif

A specification in YAML or JSON is held against the schema of `--schema`, of its key `$schema`, or of its comment
`# yaml-language-server: $schema=FILE`: a file, or the name of a shipped schema. One in Markdown is held against the structure of `--structure`, or
of a comment `<!-- git-orc: structure=FILE -->` at its head; without one, headings, ids and links are looked at. Nothing is fetched.

Ends with 0 when every plan can run and no specification has errors, and with 1 otherwise.";

/// Report every error of plans or specifications, with file, line, column and a hint
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ValidateArgs {
    /// Plan files, or folders of bundle files; with `--spec`, documents in YAML, JSON or Markdown
    #[arg(value_name = "FILE", required = true)]
    pub plans: Vec<PathBuf>,
    /// Look at specifications in place of plans
    #[arg(long)]
    pub spec: bool,
    /// The JSON Schema of specifications in YAML or JSON: a file, or the name of a shipped one
    #[arg(long, value_name = "SCHEMA", requires = "spec")]
    pub schema: Option<String>,
    /// The structure of specifications in Markdown
    #[arg(long, value_name = "FILE", requires = "spec")]
    pub structure: Option<PathBuf>,
    /// How findings in specifications are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, requires = "spec")]
    pub format: Shape,
    /// Print one JSON document
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl ValidateArgs {
    /// Looks at the plans or specifications and says what is wrong with them.
    ///
    /// # Errors
    /// Returns a [`Failure`] when one can not be read or the result can not be written.
    pub fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.spec {
            return self.specs(desk, ui);
        }
        let all = validate(desk, &self.plans).map_err(|error| Failure::new("validate the plans", &error))?;
        let written = if self.json {
            ui.text(&validated::json(&all))
        } else {
            let found = all.iter().map(|one| diagnostics::render(&one.diagnostics, &one.files, ui.out_color()));
            let found = found.filter(|text| !text.is_empty()).map(|text| text + "\n").collect::<String>();
            ui.text(&found).and_then(|()| ui.result(&validated::human(&all)))
        };
        written.map_err(|error| Failure::new("print the result", &error))?;
        let is_bad = all.iter().any(|one| one.count(Severity::Error) > 0);
        Ok(if is_bad { Exit::Negative } else { Exit::Done })
    }

    fn specs(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let request = SpecRequest { paths: self.plans.clone(), schema: self.schema.clone(), structure: self.structure.clone() };
        let one = validate_specs(desk, &request).map_err(|error| Failure::new("validate the specifications", &error))?;
        let shape = if self.json { Shape::Json } else { self.format };
        let written = match findings::document(&one, shape) {
            Some(text) => ui.text(&text),
            None => ui.result(&findings::human(&one)),
        };
        written.map_err(|error| Failure::new("print what was found", &error))?;
        let is_bad = findings::of(&one.found.findings, Level::Error) > 0;
        Ok(if is_bad { Exit::Negative } else { Exit::Done })
    }
}
