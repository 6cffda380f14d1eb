//! `git orc tools`.

use clap::{Args, Subcommand};

use super::tools_add::ToolsAddArgs;
use super::tools_check::ToolsCheckArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::{tool_list, tool_show};
use crate::domain::id::ToolId;
use crate::ops::context::Desk;
use crate::ops::tools::check::passed;
use crate::ops::tools::example::command_line;
use crate::ops::tools::ground::Ground;
use crate::ops::tools::list::{list, routes};
use crate::ops::tools::reach::reach;
use crate::ops::tools::version::Asking;

const EXAMPLES: &str = "\
Examples:
  git orc tools list                  What there is, and what of it is installed
  git orc tools show aider            One profile, and the command line that comes of it
  git orc tools check aider --try     Whether it works, with a tiny task
  git orc tools add mine --binary my-agent --arg {prompt_file}
  git orc tools routes                Which tools do what, and in which order

A tool is described by a profile. The program ships some; your own go to `tool_profiles.json` in your configuration folder `git-orc`, and
those of a repository to `.git-orc/tool_profiles.json`.";

const LIST_EXAMPLES: &str = "\
Examples:
  git orc tools list
  git orc tools list --capability refactoring
  git orc tools list --no-version --json

Programs are asked for their versions, all at once and for 30 seconds at most; what they answer is kept until they change. A program that
only the repository's profiles name is asked when they are trusted.";

const SHOW_EXAMPLES: &str = "\
Examples:
  git orc tools show claude
  git orc tools show claude --json

Shows the profile as it holds, with everything that files say about it laid on top of each other. The value of a key is never shown.";

const ROUTES_EXAMPLES: &str = "\
Examples:
  git orc tools routes
  git orc tools routes --json

A capability that the registry has (`.git-orc/aim_registry.json`, your own `aim_registry.json`, or what `aim_registry` names) is done by the
tools of its chain; any other by every tool whose profile has it, in the order of `git orc tools list`.";

/// List, show, check and add the tools that do the work
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct ToolsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ToolsCommand,
}

/// What can be done with tools.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum ToolsCommand {
    List(ToolsListArgs),
    Show(ToolsShowArgs),
    Check(ToolsCheckArgs),
    Add(ToolsAddArgs),
    Routes(ToolsRoutesArgs),
}

/// List the tools, with the versions that are installed
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ToolsListArgs {
    /// Only those that can do this
    #[arg(long, value_name = "CAPABILITY")]
    pub capability: Option<String>,
    /// Start no program to ask for its version
    #[arg(long)]
    pub no_version: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Show a profile as it holds, the command line that comes of it, and what the tool may reach
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct ToolsShowArgs {
    /// The id of the tool
    #[arg(value_name = "ID")]
    pub id: ToolId,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Show which tools do what: the primary, what follows when it fails, and what of it is installed
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = ROUTES_EXAMPLES)]
pub struct ToolsRoutesArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ToolsArgs {
    /// Does it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when files hold mistakes, there is no such tool, or the answer can not be written.
    pub async fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let ground = Ground::open(desk).map_err(|error| Failure::new("read the tools", &error))?;
        match &self.command {
            ToolsCommand::List(args) => args.execute(&ground, ui).await,
            ToolsCommand::Show(args) => args.execute(&ground, ui).await,
            ToolsCommand::Check(args) => args.execute(&ground, ui).await,
            ToolsCommand::Add(args) => args.execute(&ground, ui),
            ToolsCommand::Routes(args) => args.execute(&ground, ui),
        }
    }
}

impl ToolsListArgs {
    async fn execute(&self, ground: &Ground, ui: &mut Ui) -> Result<Exit, Failure> {
        let asking = if self.no_version { Asking::Nothing } else { Asking::Versions };
        let tools = list(ground, self.capability.as_deref(), asking).await;
        let mut routes = routes(ground);
        routes.retain(|route| self.capability.as_ref().is_none_or(|capability| route.capability == *capability));
        let written = if self.json { ui.text(&tool_list::json(&tools, &routes)) } else { ui.result(&tool_list::human(&tools, &routes)) };
        written.map_err(|error| Failure::new("print the tools", &error))?;
        Ok(Exit::Done)
    }
}

impl ToolsShowArgs {
    async fn execute(&self, ground: &Ground, ui: &mut Ui) -> Result<Exit, Failure> {
        let tool = ground.tool(&self.id).map_err(|error| Failure::new("show the tool", &error))?;
        let profile = &tool.profile;
        let reach = reach(ground, profile).await;
        let shown = tool_show::Shown {
            profile,
            author: ground.author(tool),
            files: &tool.origins,
            command_line: command_line(profile, reach.level),
            reach,
            key_is_set: profile.key_env.as_ref().map(|name| ground.desk.environment.var(name).is_some()),
            passed: passed(ground, profile),
        };
        let written = if self.json { ui.text(&tool_show::json(&shown)) } else { ui.result(&tool_show::human(&shown)) };
        written.map_err(|error| Failure::new("print the tool", &error))?;
        Ok(Exit::Done)
    }
}

impl ToolsRoutesArgs {
    fn execute(&self, ground: &Ground, ui: &mut Ui) -> Result<Exit, Failure> {
        let routes = routes(ground);
        let written = if self.json { ui.text(&tool_list::routes_json(&routes)) } else { ui.result(&tool_list::routes_human(&routes)) };
        written.map_err(|error| Failure::new("print the chains", &error))?;
        Ok(Exit::Done)
    }
}
