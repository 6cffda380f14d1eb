//! `git orc workstream`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{diagnostics, diff, workstreams};
use crate::ops::context::Context;
use crate::ops::workstream::{NewWorkstream, Where, WorkstreamError, Writing, create, list, show};

const CREATE: &str = "\
Examples:
  git orc workstream create plan.yaml api --tool aider --scope 'src/api/**' --task 'Add an endpoint for users'
  git orc workstream create plan.yaml ui --capability code_generation --scope 'src/ui/**' --depends-on api --dry-run
  git orc workstream create plan.yaml fmt --tool command --command 'cargo fmt' --scope 'src/**'

The workstream comes behind the last one of the plan; everything else stays as it is, byte for byte. Nothing is written when the plan would
not be valid. An entry of the ledger says who planned it and keeps the plan's text: its first checkpoint.";

const LIST: &str = "\
Examples:
  git orc workstream list                  Of the newest run
  git orc workstream list plan.yaml        Of a plan
  git orc workstream list tour --json      Of the newest run of the plan `tour`";

const SHOW: &str = "\
Examples:
  git orc workstream show api              In the newest run that has it
  git orc workstream show api --run tour
  git orc workstream show api --plan plan.yaml --json";

/// Put a workstream into a plan, list workstreams, show one
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct WorkstreamArgs {
    /// What to do
    #[command(subcommand)]
    pub command: WorkstreamCommand,
}

/// What can be done with workstreams.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum WorkstreamCommand {
    Create(CreateWorkstream),
    List(ListWorkstreams),
    Show(ShowWorkstream),
}

/// Put a workstream into a plan, and record its first checkpoint
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = CREATE)]
pub struct CreateWorkstream {
    /// The plan file; made when it is not there
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The id of the workstream
    #[arg(value_name = "ID")]
    pub id: String,
    /// A title for people
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// The tool that does the work
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<String>,
    /// What the tool must be able to do
    #[arg(long, value_name = "NAME")]
    pub capability: Option<String>,
    /// What the embedded tool `command` runs, split into words; no shell
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<String>,
    /// Globs of the files that it may change
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub scope: Vec<String>,
    /// Globs of the files that it may create
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub create: Vec<String>,
    /// What must be merged before it begins
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub depends_on: Vec<String>,
    /// What it is to do
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    pub task: Vec<String>,
    /// The prompt
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// List the workstreams of a plan or a run
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = LIST)]
pub struct ListWorkstreams {
    /// The plan file or folder, or the run; the newest run when absent
    #[arg(value_name = "PLAN|RUN")]
    pub what: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Show all that is known of a workstream
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SHOW)]
pub struct ShowWorkstream {
    /// The workstream
    #[arg(value_name = "WORKSTREAM")]
    pub id: String,
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// The plan file or folder
    #[arg(long, value_name = "PLAN", conflicts_with = "run")]
    pub plan: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl WorkstreamArgs {
    /// Does it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be done, or the result can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            WorkstreamCommand::Create(args) => args.execute(cx, ui),
            WorkstreamCommand::List(args) => args.execute(cx, ui),
            WorkstreamCommand::Show(args) => args.execute(cx, ui),
        }
    }
}

impl CreateWorkstream {
    fn wish(&self) -> NewWorkstream {
        let texts = [("title", &self.title), ("tool", &self.tool), ("capability", &self.capability), ("command", &self.command)];
        let texts = texts.into_iter().chain([("prompt", &self.prompt)]);
        NewWorkstream {
            id: self.id.clone(),
            texts: texts.filter_map(|(key, text)| Some((key, text.clone()?))).collect(),
            lists: vec![
                ("depends_on", self.depends_on.clone()),
                ("files_scope", self.scope.clone()),
                ("files_create", self.create.clone()),
                ("tasks", self.task.clone()),
            ],
        }
    }

    fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let writing = if self.dry_run { Writing::Show } else { Writing::Do };
        let created = match create(cx, &self.plan, &self.wish(), writing) {
            Ok(created) => created,
            Err(error) => return Err(failed("create the workstream", &error, ui)),
        };
        let written = if self.json {
            ui.text(&workstreams::created_json(&created))
        } else if self.dry_run {
            ui.result(&diff::coloured(created.diff.as_bytes()))
        } else {
            ui.result(&workstreams::created(&created))
        };
        written.map_err(|error| Failure::new("print the result", &error))?;
        Ok(Exit::Done)
    }
}

impl ListWorkstreams {
    fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let listing = match list(cx, self.what.as_deref()) {
            Ok(listing) => listing,
            Err(error) => return Err(failed("list the workstreams", &error, ui)),
        };
        let written = if self.json { ui.text(&workstreams::list_json(&listing)) } else { ui.result(&workstreams::list(&listing)) };
        written.map_err(|error| Failure::new("print the list", &error))?;
        Ok(Exit::Done)
    }
}

impl ShowWorkstream {
    fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let place = match (&self.plan, &self.run) {
            (Some(plan), _) => Where::Plan(plan),
            (None, Some(run)) => Where::Run(run),
            (None, None) => Where::Anywhere,
        };
        let known = match show(cx, &self.id, place) {
            Ok(known) => known,
            Err(error) => return Err(failed("show the workstream", &error, ui)),
        };
        let written = if self.json {
            ui.text(&workstreams::known_json(&known))
        } else {
            let text = workstreams::known(&known, ui.zone());
            ui.result(&text)
        };
        written.map_err(|error| Failure::new("print the workstream", &error))?;
        Ok(Exit::Done)
    }
}

/// Every mistake of a plan is shown first.
fn failed(purpose: &str, error: &WorkstreamError, ui: &Ui) -> Failure {
    if let WorkstreamError::Invalid { diagnostics, files } = error {
        ui.complaint(&diagnostics::render(diagnostics, files, ui.err_color()));
    }
    Failure::new(purpose, error)
}
