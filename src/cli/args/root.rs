//! The whole command line, and the options that every command has.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::config::ConfigArgs;
use super::cost::CostArgs;
use super::create::CreateArgs;
use super::decide::DecideArgs;
use super::demo::DemoArgs;
use super::detect::DetectArgs;
use super::doctor::DoctorArgs;
use super::done::DoneArgs;
use super::export::ExportArgs;
use super::gate::GateArgs;
use super::gc::GcArgs;
use super::graph::GraphArgs;
use super::hook::HookArgs;
use super::init::InitArgs;
use super::list::ListArgs;
use super::log::LogArgs;
use super::pipeline::PipelineArgs;
use super::plan::PlanArgs;
use super::prompt::PromptArgs;
use super::resume::ResumeArgs;
use super::run::RunArgs;
use super::show::ShowArgs;
use super::status::StatusArgs;
use super::tools::ToolsArgs;
use super::trust::TrustArgs;
use super::validate::ValidateArgs;
use super::verify::VerifyArgs;
use crate::cli::ui::{ColorWish, Loudness, Paging, UiOptions};
use crate::io::settings::overlay::Overlay;

const EXAMPLES: &str = "\
Examples:
  git orc demo                    See what it does, in a scratch repository
  git orc validate plan.yaml      Find every mistake of a plan
  git orc run plan.yaml           Run a plan
  git orc status                  See where the newest run stands
  git orc resume                  Go on after a stop, a crash or a pause

Exit codes:
  0    done
  1    finished, and something was not merged, a gate failed, or a plan has errors
  3    a person is needed: the run is paused, or work lies in quarantine
  4    another process has the run
  128  nothing could be done: no usable repository, a full disk
  129  the command line is wrong
  130  stopped by Ctrl-C; `git orc resume` continues
  143  stopped by SIGTERM; `git orc resume` continues";

/// Run a plan of workstreams in git worktrees, keep every patch in a ledger ref, and merge wave by wave behind gates
#[derive(Debug, Parser)]
#[command(name = "git-orc", bin_name = "git orc", version, after_help = EXAMPLES, arg_required_else_help = true)]
#[command(help_template = "{about}\n\n{usage-heading} {usage}\n\n{all-args}{after-help}")]
pub struct Root {
    #[command(flatten)]
    /// The options that every command has.
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The options that every command has.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true, hide_possible_values = false)]
    pub color: ColorWish,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what is going on
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Do not show long results in a pager
    #[arg(long, global = true)]
    pub no_pager: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum Command {
    Validate(ValidateArgs),
    Plan(PlanArgs),
    Prompt(PromptArgs),
    Graph(GraphArgs),
    Run(RunArgs),
    Create(CreateArgs),
    Pipeline(PipelineArgs),
    Resume(ResumeArgs),
    Decide(DecideArgs),
    Done(DoneArgs),
    Status(StatusArgs),
    List(ListArgs),
    Log(LogArgs),
    Show(ShowArgs),
    Cost(CostArgs),
    Export(ExportArgs),
    Verify(VerifyArgs),
    Detect(DetectArgs),
    Gate(GateArgs),
    Hook(HookArgs),
    Doctor(DoctorArgs),
    Gc(GcArgs),
    Tools(ToolsArgs),
    Trust(TrustArgs),
    Config(ConfigArgs),
    Init(InitArgs),
    Demo(DemoArgs),
}

impl Command {
    /// Returns what the command's options say about the settings.
    #[must_use]
    pub fn flags(&self) -> Overlay {
        match self {
            Self::Run(args) => args.flags(),
            Self::Create(args) => args.flags(),
            Self::Resume(args) => args.flags(),
            Self::Validate(_)
            | Self::Pipeline(_)
            | Self::Plan(_)
            | Self::Prompt(_)
            | Self::Graph(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Log(_)
            | Self::Show(_)
            | Self::Cost(_)
            | Self::Export(_)
            | Self::Verify(_)
            | Self::Decide(_)
            | Self::Done(_)
            | Self::Detect(_)
            | Self::Gate(_)
            | Self::Hook(_)
            | Self::Doctor(_)
            | Self::Gc(_)
            | Self::Tools(_)
            | Self::Trust(_)
            | Self::Config(_)
            | Self::Init(_)
            | Self::Demo(_) => Overlay::default(),
        }
    }
}

impl Globals {
    /// Returns what they say about printing.
    #[must_use]
    pub fn ui_options(&self) -> UiOptions {
        let loudness = match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (false, true) => Loudness::Verbose,
            (false, false) => Loudness::Normal,
        };
        UiOptions { color: self.color, loudness, paging: if self.no_pager { Paging::Off } else { Paging::Allowed } }
    }
}

/// Returns the description of the whole command line.
#[must_use]
pub fn command() -> clap::Command {
    Root::command()
}
