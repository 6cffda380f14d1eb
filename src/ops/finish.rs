//! What is told and tidied around the driving of a run.

use super::issues::{self, IssuesError};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;
use crate::engine::closing;
use crate::engine::context::RunContext;
use crate::engine::dispatcher::Ending;
use crate::engine::sink::Sink;
use crate::engine::workflow_file::WorkflowFile;
use crate::io::fs::{self, Durability};
use crate::io::git::ledger_ref::LedgerRef;
use crate::ops::load::run_entries;

/// Writes every entry as a line of `execution.jsonl` in the run's folder: a copy for tools that read files.
struct ExecutionLog {
    cx: RunContext,
}

impl Sink for ExecutionLog {
    fn told(&mut self, entry: &Entry, _state: &RunState) {
        let line = codec::to_json(entry).map_err(|e| e.to_string());
        let path = self.cx.folder.path().join("execution.jsonl");
        let written = line.and_then(|line| fs::append_line(&path, line.as_bytes(), Durability::Relaxed).map_err(|e| e.to_string()));
        if let Err(error) = written {
            tracing::warn!(error, "the copy of the ledger could not be written; the ledger has it all");
        }
    }
}

/// Returns the sinks of a run: those of the caller, and the local copy of the entries.
#[must_use]
pub fn sinks(cx: &RunContext, mut sinks: Vec<Box<dyn Sink>>) -> Vec<Box<dyn Sink>> {
    sinks.push(Box::new(ExecutionLog { cx: cx.clone() }));
    let ledger = || LedgerRef::new(&cx.repo, cx.identity.clone(), cx.durability);
    // A run that begins has no entries yet.
    if let Some(file) = WorkflowFile::new(cx, || run_entries(&ledger(), cx.run).unwrap_or_default()) {
        sinks.push(Box::new(file));
    }
    sinks
}

/// Removes the worktrees that are left where the loop ended without doing so.
pub async fn tidy(cx: &RunContext, ending: Option<&Ending>) {
    if !matches!(ending, Some(Ending::Killed(_))) {
        closing::leave(cx).await;
    }
    if let Some(Ending::Settled(_) | Ending::Stopped(_)) = ending
        && let Err(error) = write_issues(cx)
    {
        tracing::warn!(%error, "the records of what was given up could not be written; `git orc issues --write` makes them again");
    }
    cx.hold.clear();
}

/// Writes a record of everything that the run gave up: a copy for people and tools that read files.
fn write_issues(cx: &RunContext) -> Result<(), IssuesError> {
    let ledger = LedgerRef::new(&cx.repo, cx.identity.clone(), cx.durability);
    issues::write(&cx.repo, &issues::of(&ledger, Some(cx.run))?).map(|_files| ())
}
