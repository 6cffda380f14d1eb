//! `git orc resume`.

use clap::Args;

use super::control::{note, told};
use super::drive;
use super::starting::SandboxFlag;
use super::trust::{ask, before_running};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::progress::mode::ProgressWish;
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::run::control::Verb;
use crate::engine::signals::listen;
use crate::io::settings::overlay::Overlay;
use crate::ops::context::Context;
use crate::ops::control::ControlRequest;
use crate::ops::resume::{ResumeRequest, resume};
use crate::ops::trust::{Decision, TrustError};

const EXAMPLES: &str = "\
Examples:
  git orc resume                      The newest run that is not over
  git orc resume tour                 The newest run of the plan `tour`
  git orc resume 01JD8Z               The run that begins with 01JD8Z
  git orc resume tour -w ws-auth --reason 'looked at it'  A workstream that waits goes on, also while the run is driven
  git orc resume --budget run.usd=10  With more to spend, when it was paused because its budget was used up

It needs the ledger alone, so it works in another clone that fetched refs/orc/* as well. There it asks once whether the plan, which came
with the ledger, may run programs.";

/// Continue a run that was stopped, killed or paused
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResumeArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// A workstream that waits and shall go on; a run that somebody drives goes on with it by itself
    #[arg(short, long, value_name = "WORKSTREAM", requires = "reason")]
    pub workstream: Option<String>,
    /// Why; it stays in the ledger, and takes back what the run was told before
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Print one JSON document at the end
    #[arg(long)]
    pub json: bool,
    /// Trust the plan of a run that another clone started, and the repository's profiles, if they came with a commit
    #[arg(long)]
    pub trust: bool,
    /// How progress is shown
    #[arg(long, value_name = "FORM", value_enum)]
    pub progress: Option<ProgressWish>,
    /// How tightly tools, checks and gates are held; never looser than when the run was started
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub sandbox: Option<SandboxFlag>,
    /// A budget to set anew: SCOPE.WHAT=AMOUNT, with attempt, workstream, run or day, and usd, tokens or minutes; repeatable
    #[arg(long, value_name = "BUDGET", value_parser = BudgetWish::parse)]
    pub budget: Vec<BudgetWish>,
}

impl ResumeArgs {
    /// Returns what the options say about the settings.
    #[must_use]
    pub fn flags(&self) -> Overlay {
        Overlay { sandbox: self.sandbox.map(SandboxFlag::setting), ..Overlay::default() }
    }

    /// Continues the run.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is nothing to resume, it can not go on, or the result can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if let Some(reason) = &self.reason {
            let (run, workstream) = (self.run.clone(), self.workstream.clone());
            let request = ControlRequest { run, workstream, verb: Verb::Resume, reason: reason.clone() };
            let recorded = note(cx, &request)?;
            if recorded.driver.is_some() {
                return told(&recorded, self.form(), ui);
            }
        }
        let wish = if self.trust { Decision::Trust } else { Decision::Refuse };
        before_running(cx, None, wish, ui)?;
        let signals = listen().map_err(drive::no_signals)?;
        let sinks = drive::sinks(self.progress, cx.settings.progress.value, drive::asks(cx), ui);
        let decide = |untrusted: &TrustError| match wish {
            Decision::Refuse if ui.asks() => ask(untrusted, ui),
            Decision::Refuse | Decision::Trust => wish,
        };
        let request =
            ResumeRequest { run: self.run.clone(), budgets: self.budget.clone(), sinks, stop: signals.stop, decide: Box::new(decide) };
        let resumed = resume(cx, request).await.map_err(|error| Failure::new("resume", &error))?;
        for sentence in &resumed.found {
            ui.note(&format!("found: {sentence}"));
        }
        drive::report(cx, resumed.ending, &signals.first, self.form(), ui)
    }

    const fn form(&self) -> drive::Form {
        if self.json { drive::Form::Json } else { drive::Form::Human }
    }
}
