//! `git orc create`.

use std::path::PathBuf;

use clap::Args;

use super::run::{NetworkFlag, RunArgs, SandboxFlag};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::progress::mode::ProgressWish;
use crate::domain::policy::budget::word::BudgetWish;
use crate::io::settings::overlay::Overlay;
use crate::ops::context::Context;
use crate::ops::create::{CreateRequest, forget, keep, make};

const EXAMPLES: &str = "\
Examples:
  git orc create code \"Add a --json option to the report\" --tool claude
  git orc create fiction \"A lighthouse keeper who is afraid of the sea\"
  git orc create code \"Add a cache\" --scope 'src/**' --dry-run
  git orc create fiction \"A novel of 50k words\" --goals --fluid
  git orc create docs \"Document the API\" --print >plan.yaml

The plan is kept below `orc/plans/` in the git directory, and runs as `git orc run` would run it. `git orc resume` goes on with it.
`git orc pipeline list` shows the pipelines.";

/// Make a plan from a request in words, and run it through a pipeline
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct CreateArgs {
    /// The pipeline that the work goes through
    #[arg(value_name = "PIPELINE")]
    pub pipeline: String,
    /// What to do, in words
    #[arg(value_name = "REQUEST")]
    pub request: String,
    /// The tool; without it one that can write code
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<String>,
    /// Globs of the files that may be changed and created, in place of those of the pipeline; repeatable
    #[arg(long, value_name = "GLOB")]
    pub scope: Vec<String>,
    /// Say what would run, and touch nothing
    #[arg(long, conflicts_with = "print")]
    pub dry_run: bool,
    /// Print the plan, and run nothing
    #[arg(long)]
    pub print: bool,
    /// Keep the plan in this file, which must not be there yet
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print one JSON document at the end
    #[arg(long, conflicts_with = "print")]
    pub json: bool,
    /// The commit to start from
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The branch to build, without `refs/heads/`
    #[arg(long, value_name = "BRANCH")]
    pub target: Option<String>,
    /// Trust the repository's pipelines, prompts and profiles as they are now, if they came with a commit
    #[arg(long)]
    pub trust: bool,
    /// How progress is shown
    #[arg(long, value_name = "FORM", value_enum)]
    pub progress: Option<ProgressWish>,
    /// How tightly tools, checks and gates are held
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub sandbox: Option<SandboxFlag>,
    /// What they may reach over the network
    #[arg(long, value_name = "REACH", value_enum)]
    pub network: Option<NetworkFlag>,
    /// Check every phase, let former runs decide how failures are answered, and read the settings again between waves
    #[arg(long)]
    pub fluid: bool,
    /// Pursue the goals that the request names, such as `50k words`
    #[arg(long)]
    pub goals: bool,
    /// Take results of phases from the cache, and keep new ones in it
    #[arg(long)]
    pub cache: bool,
    /// How much may be spent: SCOPE.WHAT=AMOUNT, as for `git orc run`; repeatable
    #[arg(long, value_name = "BUDGET", value_parser = BudgetWish::parse)]
    pub budget: Vec<BudgetWish>,
}

impl CreateArgs {
    /// Returns what the options say about the settings.
    #[must_use]
    pub fn flags(&self) -> Overlay {
        self.run(PathBuf::new()).flags()
    }

    fn run(&self, plan: PathBuf) -> RunArgs {
        RunArgs {
            plan,
            dry_run: self.dry_run,
            json: self.json,
            base: self.base.clone(),
            target: self.target.clone(),
            trust: self.trust,
            progress: self.progress,
            sandbox: self.sandbox,
            network: self.network,
            budget: self.budget.clone(),
            fluid: self.fluid,
            goals: self.goals,
            cache: self.cache.then_some(true),
            ..RunArgs::default()
        }
    }

    /// Makes the plan and runs it, or prints it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be made, started or printed.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let request = CreateRequest {
            pipeline: self.pipeline.clone(),
            request: self.request.clone(),
            tool: self.tool.clone(),
            scope: self.scope.clone(),
        };
        let made = make(cx, &request).map_err(|error| Failure::new("make a plan", &error))?;
        if self.print && self.output.is_none() {
            ui.text(&made.text).map_err(|error| Failure::new("print the plan", &error))?;
            return Ok(Exit::Done);
        }
        let path = keep(cx, &made, self.output.as_deref()).map_err(|error| Failure::new("keep the plan", &error))?;
        if self.print {
            return Ok(Exit::Done);
        }
        ui.detail(&format!("plan {}", path.display()));
        let ended = self.run(path.clone()).execute(cx, ui).await;
        if cx.settings.dry_run.value {
            forget(&path).map_err(|error| Failure::new("remove the plan", &error))?;
        }
        ended
    }
}
