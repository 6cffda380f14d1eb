//! `git orc pause`, `halt`, `retry`, `skip` and `override`: what a person tells a run or a workstream, from whatever terminal.

use clap::Args;

use super::drive::Form;
use super::run::RunArgs;
use super::starting::StartingArgs;
use super::trust::ask;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::control;
use crate::domain::run::control::Verb;
use crate::ops::again::{Again, again};
use crate::ops::context::Context;
use crate::ops::control::{ControlRequest, Told as Recorded, control as tell};

const PAUSE: &str = "\
Examples:
  git orc pause --reason 'the server is down'          The newest run that is not over
  git orc pause tour -w ws-auth --reason 'look first'  One workstream of it; the others go on

What is under way comes to its end, and nothing more is started. `git orc resume` goes on.";

const HALT: &str = "\
Examples:
  git orc halt --reason 'it spends too much'               The newest run that is not over
  git orc halt tour -w ws-auth --reason 'wrong direction'  One workstream of it; the others go on

The programs are asked to end at once, and what they have done by then is kept. `git orc resume` goes on.";

const RETRY: &str = "\
Examples:
  git orc retry -w ws-auth --reason 'the server is up again'       In the newest run that is not over
  git orc retry tour -w ws-auth --reason 'the scope was mended'    In the newest run of the plan `tour`
  git orc retry tour --reason 'the model is back'                  A run that is over: another one does what was not merged

The workstream begins anew, with new attempts, in a wave behind the others; those that were blocked by it come along. What it did before is
kept. Without a driver, `git orc resume` goes on with it. A run that is over stays as it is: another run does the rest of its frozen plan, onto
the same branch, and names it.";

const SKIP: &str = "\
Examples:
  git orc skip -w docs --reason 'not needed any more'
  git orc skip tour -w docs --reason 'done by hand'

The run is completed without it. Workstreams that depend on it are blocked; `git orc override` lets one go on all the same.";

const OVERRIDE: &str = "\
Examples:
  git orc override -w ws-auth --reason 'the finding is about the test'  A check that failed counts as passed, on exactly this commit
  git orc override tour -w site --reason 'it needs the docs no more'    A blocked workstream goes on without what it waits for

You answer for it: that stands in the ledger, in `git orc show`, and in the note of the merge. Scopes, protected paths, secrets, and the
gates of a wave are judged as ever; what needs a review is decided about with `git orc decide`.";

/// The words that all of them take.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Told {
    /// The run: its id, the beginning of it, or the name of its plan; without it the newest one that is not over
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Why; it stays in the ledger
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl Told {
    const fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Human }
    }
}

/// Let a run, or one workstream of it, wait after what is under way
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = PAUSE)]
pub struct PauseArgs {
    #[command(flatten)]
    /// What is told.
    pub told: Told,
    /// One workstream of the run
    #[arg(short, long, value_name = "WORKSTREAM")]
    pub workstream: Option<String>,
}

/// Stop a run, or one workstream of it, at once; what was done is kept
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = HALT)]
pub struct HaltArgs {
    #[command(flatten)]
    /// What is told.
    pub told: Told,
    /// One workstream of the run
    #[arg(short, long, value_name = "WORKSTREAM")]
    pub workstream: Option<String>,
}

/// Let a workstream that failed or waits begin anew, or do what a run that is over did not merge
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = RETRY)]
pub struct RetryArgs {
    #[command(flatten)]
    /// What is told.
    pub told: Told,
    /// The workstream; without it a run that is over is done again
    #[arg(short, long, value_name = "WORKSTREAM")]
    pub workstream: Option<String>,
}

/// Leave a workstream out
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SKIP)]
pub struct SkipArgs {
    #[command(flatten)]
    /// What is told.
    pub told: Told,
    /// The workstream
    #[arg(short, long, value_name = "WORKSTREAM")]
    pub workstream: String,
}

/// Answer for a check that failed, or for a dependency that is missing, and let the workstream go on
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = OVERRIDE)]
pub struct OverrideArgs {
    #[command(flatten)]
    /// What is told.
    pub told: Told,
    /// The workstream
    #[arg(short, long, value_name = "WORKSTREAM")]
    pub workstream: String,
}

impl PauseArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it does not fit where the run stands, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        execute(cx, Verb::Pause, (&self.told, self.workstream.as_deref()), ui)
    }
}

impl HaltArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it does not fit where the run stands, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        execute(cx, Verb::Halt, (&self.told, self.workstream.as_deref()), ui)
    }
}

impl RetryArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it does not fit where the run stands, or the answer can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.workstream.is_some() {
            return execute(cx, Verb::Retry, (&self.told, self.workstream.as_deref()), ui);
        }
        let what = (self.told.run.as_deref(), self.told.reason.as_str());
        let Again { plan, overrides } =
            again(cx, what, |untrusted| ask(untrusted, ui)).map_err(|error| Failure::new("do the run again", &error))?;
        let starting = StartingArgs { json: self.told.json, ..StartingArgs::default() };
        RunArgs { plan, starting, again: Some(overrides), ..RunArgs::default() }.execute(cx, ui).await
    }
}

impl SkipArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it does not fit where the run stands, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        execute(cx, Verb::Skip, (&self.told, Some(&self.workstream)), ui)
    }
}

impl OverrideArgs {
    /// Tells the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it does not fit where the run stands, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        execute(cx, Verb::Override, (&self.told, Some(&self.workstream)), ui)
    }
}

fn execute(cx: &Context, verb: Verb, (told, workstream): (&Told, Option<&str>), ui: &mut Ui) -> Result<Exit, Failure> {
    let request = ControlRequest { run: told.run.clone(), workstream: workstream.map(str::to_owned), verb, reason: told.reason.clone() };
    let recorded = note(cx, &request)?;
    if verb == Verb::Override {
        ui.warning(&format!("{} answers for {}: {}", recorded.control.who, recorded.control.what(), recorded.control.reason));
    }
    self::told(&recorded, told.form(), ui)
}

/// Records what a run is told.
///
/// # Errors
/// Returns a [`Failure`] when it does not fit where the run stands.
pub(super) fn note(cx: &Context, request: &ControlRequest) -> Result<Recorded, Failure> {
    tell(cx, request).map_err(|error| Failure::new(request.verb.name(), &error))
}

/// Prints what was recorded.
///
/// # Errors
/// Returns a [`Failure`] when it can not be written.
pub(super) fn told(recorded: &Recorded, form: Form, ui: &mut Ui) -> Result<Exit, Failure> {
    let written = match form {
        Form::Json => ui.text(&control::json(recorded)),
        Form::Human => ui.result(&control::human(recorded)),
    };
    written.map_err(|error| Failure::new("print what was recorded", &error))?;
    Ok(Exit::Done)
}
