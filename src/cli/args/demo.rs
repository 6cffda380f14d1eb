//! `git orc demo`.

use std::path::PathBuf;

use clap::Args;

use super::drive;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::demo as view;
use crate::cli::view::progress::asks::Asks;
use crate::cli::view::progress::mode::ProgressWish;
use crate::engine::signals::listen;
use crate::ops::context::Desk;
use crate::ops::demo::story::OrcProgram;
use crate::ops::demo::{DemoError, DemoRequest, demo};

const EXAMPLES: &str = "\
Examples:
  git orc demo
  git orc demo --folder /tmp/greeter

It needs no network, no account and no repository, and touches nothing but the folder that it makes. The folder is kept, to look around.

Ends with 0 when everything ended as the demo foretells.";

/// Run a plan in a scratch repository, with a failing check, a scope violation and a red merge in it
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// The folder to make the repository in, in place of a new temporary one
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// How progress is shown
    #[arg(long, value_name = "FORM", value_enum)]
    pub progress: Option<ProgressWish>,
}

impl DemoArgs {
    /// Runs the demo.
    ///
    /// # Errors
    /// Returns a [`Failure`] when the scratch repository can not be made, the run ends in another way than foretold, or the story can not be
    /// written.
    pub async fn execute(&self, desk: &Desk, ui: &mut Ui) -> Result<Exit, Failure> {
        let failed = |error: &DemoError| Failure::new("run the demo", error);
        let signals = listen().map_err(drive::no_signals)?;
        let settings = desk.settings().map_err(|error| failed(&error.into()))?;
        ui.note(view::OPENING);
        let sinks = drive::sinks(self.progress, settings.progress.value, Asks::default(), ui);
        let request = DemoRequest { folder: self.folder.clone(), sinks, stop: signals.stop };
        let report = match demo(desk, request).await {
            Ok(report) => report,
            Err(error @ DemoError::Stopped(_)) => return Err(Failure { exit: drive::stopped(&signals.first), ..failed(&error) }),
            Err(error) => return Err(failed(&error)),
        };
        ui.result(&view::human(&report, &program(desk))).map_err(|error| Failure::new("print the story", &error))?;
        Ok(Exit::Done)
    }
}

/// Returns how the user calls this program.
fn program(desk: &Desk) -> OrcProgram {
    match std::env::current_exe() {
        Ok(path) if !desk.environment.finds("git-orc") => OrcProgram::At(path),
        Ok(_) | Err(_) => OrcProgram::GitCommand,
    }
}
