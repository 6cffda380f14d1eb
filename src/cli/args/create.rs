//! `git orc create`.

use std::path::PathBuf;

use clap::Args;

use super::run::RunArgs;
use super::starting::StartingArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
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
    /// Print the plan, and run nothing
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    pub print: bool,
    /// Keep the plan in this file, which must not be there yet
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    /// What every command takes that starts a run.
    pub starting: StartingArgs,
}

impl CreateArgs {
    /// Returns what the options say about the settings.
    #[must_use]
    pub fn flags(&self) -> Overlay {
        self.run(PathBuf::new()).flags()
    }

    fn run(&self, plan: PathBuf) -> RunArgs {
        RunArgs { plan, starting: self.starting.clone(), ..RunArgs::default() }
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
