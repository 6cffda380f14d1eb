//! `git orc detect`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::findings::{self, Shape};
use crate::cli::view::styled::{Role, Styled};
use crate::domain::finding::chooser::formats;
use crate::domain::finding::model::Level;
use crate::ops::context::Desk;
use crate::ops::detect::{DetectRequest, Source, detect};

const EXAMPLES: &str = "\
Examples:
  git orc detect -- cargo clippy                        Run a command and list what it found
  git orc detect --from report.sarif                    Read the output of a command that has run
  pytest | git orc detect --from -                      The same, from a pipe
  git orc detect --format sarif -- npx eslint . >out.sarif
  git orc detect --format github -- ruff check          Notes beside the lines, on GitHub
  git orc detect --json -- cargo clippy >base.json      Keep what there is, and later list only what is new:
  git orc detect --baseline base.json -- cargo clippy
  git orc detect --readers                              Every output that is understood

An output that is not understood is a finding of its own. Exit codes: 0 when there is no error, 1 when there is one; with a baseline only new
ones count.";

/// List what a linter, compiler or test runner found, in one form
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct DetectArgs {
    /// The command to run, and its arguments
    #[arg(value_name = "COMMAND", last = true, required_unless_present_any = ["from", "readers"], conflicts_with_all = ["from", "readers"])]
    pub command: Vec<OsString>,
    /// Read this output instead of running anything; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "readers")]
    pub from: Option<PathBuf>,
    /// The exit code of the command that printed the file
    #[arg(long, value_name = "CODE", requires = "from")]
    pub exit: Option<i32>,
    /// Ask this reader only
    #[arg(long, value_name = "READER", conflicts_with = "readers")]
    pub reader: Option<String>,
    /// Ask these patterns first: a file of problem matchers, as GitHub and VS Code read them
    #[arg(long, value_name = "FILE", conflicts_with = "readers")]
    pub matcher: Vec<PathBuf>,
    /// Let this plugin read the output: the manifest of a program that answers with rdjsonl
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reader", "readers"])]
    pub plugin: Vec<PathBuf>,
    /// List only what is new: compare with these findings, of `--json` or any output that is understood
    #[arg(long, value_name = "FILE", conflicts_with = "readers")]
    pub baseline: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, conflicts_with = "readers")]
    pub format: Shape,
    /// Print one JSON document
    #[arg(long, conflicts_with_all = ["format", "readers"])]
    pub json: bool,
    /// List the readers
    #[arg(long)]
    pub readers: bool,
}

impl DetectArgs {
    /// Reads the output and lists the findings.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is nothing to look at or the answer can not be written.
    pub async fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.readers {
            ui.result(&readers()).map_err(|error| Failure::new("print the readers", &error))?;
            return Ok(Exit::Done);
        }
        let source = match &self.from {
            Some(path) if path == Path::new("-") => Source::Stdin,
            Some(path) => Source::File(path.clone()),
            None => Source::Command(self.command.clone()),
        };
        let request = DetectRequest {
            source,
            reader: self.reader.clone(),
            matchers: self.matcher.clone(),
            plugins: self.plugin.clone(),
            baseline: self.baseline.clone(),
            exit: self.exit,
        };
        let one = detect(desk, &request).await.map_err(|error| Failure::new("find out what was found", &error))?;
        ui.detail(&one.output);
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

fn readers() -> Styled {
    let mut out = Styled::default();
    for format in formats() {
        out.put(Role::Strong, format!("{:24}", format.name)).add(format.about).line();
    }
    out
}
