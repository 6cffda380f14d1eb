//! `git orc rollback`.

use clap::Args;

use super::trust::ask;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::rollback as view;
use crate::ops::context::Context;
use crate::ops::rollback::outline::Cascade;
use crate::ops::rollback::{Compensate, Effect, RollbackRequest, rollback};
use crate::ops::trust::{Decision, TrustError};

const EXAMPLES: &str = "\
Examples:
  git orc rollback tour/ws-auth --dry-run                       What it would undo, and what depends on it
  git orc rollback tour/ws-auth --reason 'the login is broken'  Undo one workstream
  git orc rollback tour/ws-auth --cascade --reason 'not now'    With the merged work that depends on it
  git orc rollback tour --reason 'wrong release'                Everything that the newest run of `tour` merged
  git orc rollback tour/ws-auth --compensate-only               Run again the commands that failed

Each merge is undone by a new commit with the tree that `git revert` gives, the last one first; nothing is rewritten, and no checkout is
touched. The gates of the run are asked before the branch moves. Then the `compensation_actions` of the plan run. It is refused when merged
work depends on it, or when somebody changed the same lines later; the answer names both.";

/// Undo merged work by new commits, behind the gates of its run
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct RollbackArgs {
    /// A run, a workstream (RUN/WORKSTREAM), or a patch: its id, its commit, or the beginning of one of them
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// Why; it stays in the commits and in the ledger
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["dry_run", "compensate_only"])]
    pub reason: Option<String>,
    /// Undo the merged work that depends on it as well
    #[arg(long, conflicts_with = "compensate_only")]
    pub cascade: bool,
    /// Say what would be undone, what depends on it, and what would be run
    #[arg(short = 'n', long, conflicts_with = "compensate_only")]
    pub dry_run: bool,
    /// Do not run the commands that undo effects outside of the repository
    #[arg(long, conflicts_with = "compensate_only")]
    pub no_compensation: bool,
    /// Undo nothing more; run those commands of what was undone before that have not passed
    #[arg(long)]
    pub compensate_only: bool,
    /// Trust the plan of a run that another clone started
    #[arg(long)]
    pub trust: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl RollbackArgs {
    /// Rolls back.
    ///
    /// # Errors
    /// Returns a [`Failure`] when nothing is undone, or the answer can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let wish = if self.trust { Decision::Trust } else { Decision::Refuse };
        let decide = |untrusted: &TrustError| match wish {
            Decision::Refuse if ui.asks() => ask(untrusted, ui),
            Decision::Refuse | Decision::Trust => wish,
        };
        let request = RollbackRequest {
            what: self.what.clone(),
            reason: self.reason.clone().unwrap_or_default(),
            cascade: if self.cascade { Cascade::TakeAlong } else { Cascade::Refuse },
            effect: if self.dry_run { Effect::Tell } else { Effect::Undo },
            compensate: match (self.compensate_only, self.no_compensation) {
                (true, _) => Compensate::Only,
                (false, true) => Compensate::Leave,
                (false, false) => Compensate::After,
            },
            decide: Box::new(decide),
        };
        let report = rollback(cx, request).await.map_err(|error| Failure::new("roll back", &error))?;
        if let Some(settled) = &report.settled {
            ui.note(&format!("found: {}", settled.sentence()));
        }
        let written = if self.json { ui.text(&view::json(&report)) } else { ui.result(&view::human(&report)) };
        written.map_err(|error| Failure::new("print what was undone", &error))?;
        Ok(view::exit(&report))
    }
}
