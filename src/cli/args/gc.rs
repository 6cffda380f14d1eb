//! `git orc gc`.

use std::time::Duration;

use clap::Args;
use jiff::{Span, SpanRelativeTo};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::gc as view;
use crate::ops::context::Context;
use crate::ops::gc::{Effect, GcRequest, Packing, Spared, gc};
use crate::ops::give_up::give_up;

const EXAMPLES: &str = "\
Examples:
  git orc gc                          Everything but the newest ten runs
  git orc gc --dry-run                Say what would go, and what stays and why
  git orc gc --keep 0                 Every run that is over
  git orc gc --older-than 30d         Runs of which nothing was written for thirty days
  git orc gc --drop 01JD90T5 --reason 'superseded by hand'

Of a run that is over go its local files (prompts and outputs; their digests stay in the ledger), worktrees in which everything is recorded,
and refs whose commits are part of what was merged; one ref keeps all of that. The ledger and patches that were not merged stay, unless one
is named. What went is recorded. Git's own garbage collection is not run.";

/// Take away what runs that are over no longer need
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct GcArgs {
    /// Say what would go
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Spare so many of the newest runs
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub keep: usize,
    /// Spare the runs that were written to within this time, such as 12h, 30d or 2w
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "keep")]
    pub older_than: Option<Duration>,
    /// Pack the ledger's loose objects, however few they are
    #[arg(long)]
    pub pack: bool,
    /// Give up this patch, which was put aside, and nothing else
    #[arg(long, value_name = "PATCH", requires = "reason", conflicts_with_all = ["keep", "older_than", "pack"])]
    pub drop: Option<String>,
    /// Why the patch is given up
    #[arg(long, value_name = "TEXT", requires = "drop")]
    pub reason: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "a time is a number and a unit, such as 12h, 30d or 2w".to_owned())?;
    let signed =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| "months and years have no fixed length; use days".to_owned())?;
    Duration::try_from(signed).map_err(|_| "a time can not be negative".to_owned())
}

impl GcArgs {
    /// Collects the garbage, or gives up the patch that is named.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be done or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let effect = if self.dry_run { Effect::Tell } else { Effect::Take };
        let written = if let (Some(patch), Some(reason)) = (&self.drop, &self.reason) {
            let given_up = give_up(cx, effect, (patch, reason)).map_err(|error| Failure::new("give the patch up", &error))?;
            if self.json { ui.text(&view::given_up_json(&given_up, effect)) } else { ui.result(&view::given_up(&given_up, effect)) }
        } else {
            let spared = self.older_than.map_or(Spared::Newest(self.keep), Spared::Within);
            let packing = if self.pack { Packing::Always } else { Packing::WhenMany };
            let garbage = gc(cx, &GcRequest { effect, spared, packing }).map_err(|error| Failure::new("collect garbage", &error))?;
            if self.json { ui.text(&view::json(&garbage, effect)) } else { ui.result(&view::human(&garbage, effect)) }
        };
        written.map_err(|error| Failure::new("print what was taken away", &error))?;
        Ok(Exit::Done)
    }
}
