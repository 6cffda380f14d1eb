//! `git orc prompt`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::prompt as view;
use crate::domain::text::block;
use crate::ops::context::Context;
use crate::ops::prompt::{PromptRequest, Which, sent, show, templates};

const SHOW_EXAMPLES: &str = "\
Examples:
  git orc prompt show api                          The first EDIT step of the workstream `api` of plan.yaml
  git orc prompt show api --plan other.yaml --fix  What a FIX step would be told, with nothing found yet
  git orc prompt show api --run 01JD8Z             What was sent in that run

A line on standard error tells the kind of work, the tokens, and what the tool can take in.";

const LIST_EXAMPLES: &str = "\
Examples:
  git orc prompt list

A template `edit.md.j2`, `fix.md.j2` or `resolve.md.j2` in `$XDG_CONFIG_HOME/git-orc/prompts/`, or in `.git-orc/prompts/` of the repository, stands
in place of the shipped one.";

/// Look at what tools are told
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PromptArgs {
    /// What to look at.
    #[command(subcommand)]
    pub command: PromptCommand,
}

/// What can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum PromptCommand {
    Show(PromptShowArgs),
    List(PromptListArgs),
}

/// Show exactly what a tool would be told, or what it was told in a run
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct PromptShowArgs {
    /// The workstream
    #[arg(value_name = "WORKSTREAM")]
    pub workstream: String,
    /// The plan file, or a folder of bundle files
    #[arg(long, value_name = "PLAN", default_value = "plan.yaml")]
    pub plan: PathBuf,
    /// The step, in place of the first one; with `--fix` the check that fails
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Show the prompt of a FIX step in place of that of an EDIT step
    #[arg(long)]
    pub fix: bool,
    /// The tool, in place of the plan's
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<String>,
    /// Show what was sent in this run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["plan", "tool"])]
    pub run: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// List the templates that prompts are made with, and where each comes from
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct PromptListArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl PromptArgs {
    /// Shows it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is nothing to show or it can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            PromptCommand::Show(args) => args.execute(cx, ui),
            PromptCommand::List(args) => args.execute(cx, ui),
        }
    }
}

impl PromptShowArgs {
    fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let which = if self.fix { Which::Fix } else { Which::Edit };
        let request = PromptRequest { workstream: self.workstream.clone(), step: self.step.clone(), which, tool: self.tool.clone() };
        let shown = match &self.run {
            Some(run) => sent(cx, run, &request),
            None => show(cx, &self.plan, &request),
        };
        let shown = shown.map_err(|error| Failure::new("show the prompt", &error))?;
        ui.note(&view::line(&shown));
        shown.coming.iter().flat_map(|coming| &coming.notes).for_each(|note| ui.warning(note));
        let text = match () {
            () if self.json => view::json(&shown),
            // A file or a program gets every byte; a terminal none that moves its cursor.
            () if ui.out_is_terminal() => block(&shown.text),
            () => shown.text,
        };
        ui.text(&text).map_err(|error| Failure::new("print the prompt", &error))?;
        Ok(Exit::Done)
    }
}

impl PromptListArgs {
    fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let templates = templates(cx).map_err(|error| Failure::new("list the templates", &error))?;
        let written = if self.json { ui.text(&view::templates_json(&templates)) } else { ui.result(&view::templates(&templates)) };
        written.map_err(|error| Failure::new("print the templates", &error))?;
        Ok(Exit::Done)
    }
}
