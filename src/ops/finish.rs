//! What is told and tidied around the driving of a run.

use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;
use crate::engine::bench::with_sources;
use crate::engine::context::{Live, RunContext, Since};
use crate::engine::dispatcher::Ending;
use crate::engine::failure::blocking;
use crate::engine::sink::Sink;
use crate::engine::{notes, place};
use crate::io::fs::{self, Durability};

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
    sinks
}

/// Removes the worktree of the gates and writes the notes of patches that were not merged. What does not work out is a warning: the ledger
/// has it all, and the next resume tries again.
pub async fn tidy(cx: &RunContext, ending: Option<&Ending>) {
    if let Some(Ending::Settled(state) | Ending::Stopped(state)) = ending {
        notes::write_rest(cx, state).await;
    }
    if matches!(ending, Some(Ending::Killed(_))) {
        return;
    }
    let Some(worktree) = cx.gate.lock().await.take() else { return };
    let own = cx.clone();
    let removed = blocking(move || {
        let mut live = Live { captured: worktree.tree(), worktree, since: Since::Checks };
        let proof = place::proof(&own.worktrees, &mut live)?;
        own.worktrees.remove(live.worktree, &proof)?;
        Ok(())
    });
    if let Err(error) = removed.await {
        tracing::warn!(error = with_sources(&error), "the worktree of the gates could not be removed");
    }
}
