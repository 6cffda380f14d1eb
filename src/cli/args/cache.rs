//! `git orc cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::cache as view;
use crate::cli::view::diagnostics;
use crate::engine::cache_store::Clear;
use crate::ops::cache::why::why;
use crate::ops::cache::{CacheError, clear, list};
use crate::ops::context::Context;
use crate::ops::run::RunError;

const EXAMPLES: &str = "\
Examples:
  git orc run plan.yaml --cache       Take results from the cache, and keep those of this run in it
  git orc cache list                  What it holds
  git orc cache why plan.yaml         What a run would find in it, and why not
  git orc cache clear                 Empty it

A result is used again when the same is asked of the same program about the same files, by this clone, within 30 minutes (`orc.cacheTtlSec`).
It is judged, checked and gated like new work.";

const LIST_EXAMPLES: &str = "\
Examples:
  git orc cache list
  git orc cache list --json | jq -r '.entries[].step'";

const CLEAR_EXAMPLES: &str = "\
Examples:
  git orc cache clear
  git orc cache clear --expired       What may no longer be used; each run does this as well";

const WHY_EXAMPLES: &str = "\
Examples:
  git orc cache why plan.yaml
  git orc cache why plan.yaml ws-auth --json

Nothing is run. What a later wave starts from is known only when all of the waves before it are in the cache.";

/// Show and empty the cache of results, and say what a run would find in it
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What can be done with the cache.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum CacheCommand {
    List(CacheListArgs),
    Clear(CacheClearArgs),
    Why(CacheWhyArgs),
}

/// List the results that can be used again
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct CacheListArgs {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Empty the cache
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = CLEAR_EXAMPLES)]
pub struct CacheClearArgs {
    /// Only what may no longer be used
    #[arg(long)]
    pub expired: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Say what a run of a plan would find in the cache, and why not
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = WHY_EXAMPLES)]
pub struct CacheWhyArgs {
    /// The plan file, or a folder of bundle files
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Only the steps of this workstream
    #[arg(value_name = "WORKSTREAM")]
    pub workstream: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl CacheArgs {
    /// Does what is asked with the cache.
    ///
    /// # Errors
    /// Returns a [`Failure`] when the cache or the plan can not be used, or the answer can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let written = match &self.command {
            CacheCommand::List(args) => {
                let listing = list(cx).map_err(|error| Failure::new("list the cache", &error))?;
                if args.json { ui.text(&view::json(&listing)) } else { ui.result(&view::human(&listing)) }
            }
            CacheCommand::Clear(args) => {
                let what = if args.expired { Clear::Expired } else { Clear::All };
                let gone = clear(cx, what).map_err(|error| Failure::new("empty the cache", &error))?;
                if args.json { ui.text(&view::cleared_json(gone)) } else { ui.result(&view::cleared(gone)) }
            }
            CacheCommand::Why(args) => {
                let found = match why(cx, &args.plan, args.workstream.as_deref()).await {
                    Ok(found) => found,
                    Err(error) => return Err(refused(&error, ui)),
                };
                if args.json { ui.text(&view::why_json(&found)) } else { ui.result(&view::why(&found)) }
            }
        };
        written.map_err(|error| Failure::new("print what is in the cache", &error))?;
        Ok(Exit::Done)
    }
}

/// Tells why nothing can be said; every mistake of a plan at once.
fn refused(error: &CacheError, ui: &Ui) -> Failure {
    if let CacheError::Run(inner) = error
        && let RunError::Plan { diagnostics: found, files } = inner.as_ref()
    {
        ui.complaint(&diagnostics::render(found, files, ui.err_color()));
    }
    Failure::new("look the plan up in the cache", error)
}
