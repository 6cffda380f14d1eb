//! `git orc trust`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::styled::Styled;
use crate::ops::context::Context;
use crate::ops::trust::{Decision, TrustError, decide};

const EXAMPLES: &str = "\
Examples:
  git orc trust plan.yaml             This content of the plan may run programs here
  git orc trust                       So may the repository's own profiles of tools and the commands of its profile

What you wrote yourself needs no trust: a plan outside of the repository, one that is not committed, one that you have changed. What came
with a commit is asked about once, at a terminal; where nobody can be asked, it is refused. Trust is for content: when it changes with
another commit, it is asked about again. Look at what it would run first: `git orc plan show`, `git orc run --dry-run`.";

/// Let a plan that came with a commit run programs here, as it is now
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct TrustArgs {
    /// The plan; without one, the repository's profiles alone
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

impl TrustArgs {
    /// Notes the content as trusted.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be read or noted, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let new = decide(cx, self.plan.as_deref(), Decision::Trust).map_err(|error| Failure::new("trust the plan", &error))?;
        let mut text = Styled::default();
        for content in &new {
            text.add(format!("trusted {} {}", &content.digest[..12], content.name)).line();
        }
        if new.is_empty() {
            text.add("nothing needed trust").line();
        }
        ui.result(&text).map_err(|error| Failure::new("print what is trusted", &error))?;
        Ok(Exit::Done)
    }
}

/// Decides before anything runs: asks at a terminal, refuses where nobody can be asked.
///
/// # Errors
/// Returns a [`Failure`] when there is content that nobody has trusted, and nobody trusts it now.
pub(super) fn before_running(cx: &Context, plan: Option<&std::path::Path>, wish: Decision, ui: &Ui) -> Result<(), Failure> {
    let refused = match decide(cx, plan, wish) {
        Ok(_) => return Ok(()),
        Err(TrustError::Untrusted(contents)) if ui.asks() => contents,
        Err(error) => return Err(Failure::new("run the plan", &error)),
    };
    for content in &refused {
        ui.note(&format!("`{}` came with a commit, and runs programs of its own choice", content.name));
    }
    decide(cx, plan, answer(ui)).map(drop).map_err(|error| Failure::new("run the plan", &error))
}

/// Asks whether a run that was started in another clone may go on here.
pub(super) fn ask(untrusted: &TrustError, ui: &Ui) -> Decision {
    ui.note(&untrusted.to_string());
    if let TrustError::Elsewhere { place, .. } = untrusted {
        ui.note(&format!("`git show {place}` shows it"));
    }
    answer(ui)
}

fn answer(ui: &Ui) -> Decision {
    if ui.ask("Trust what is in it now?") { Decision::Trust } else { Decision::Refuse }
}
