//! `export`: views of a run as files, for programs that read the formats of the original systems.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::id::RunId;
use crate::domain::ledger::entry::Entry;
use crate::domain::report::cost::{CostQuestion, Grouping, cost_report};
use crate::domain::report::export::{RoutingCandidate, RoutingFact, execution_lines, routing_decisions};
use crate::domain::run::event::Event;
use crate::domain::run::routed::{Candidate, ToolRouted};
use crate::io::fs::{self, Durability, FsError};
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};
use crate::ops::load::{LoadError, run_entries};

/// The error of writing views.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// A file can not be written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A view has no JSON form.
    #[error("a view could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// A view of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Which tool was chosen for what.
    RoutingDecisions,
    /// A line per entry.
    Execution,
    /// What the workstreams cost.
    Cost,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RoutingDecisions, Self::Execution, Self::Cost];

    /// Returns the name of its file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::RoutingDecisions => "routing_decisions.json",
            Self::Execution => "execution.jsonl",
            Self::Cost => "cost.json",
        }
    }
}

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// It is replaced.
    Replace,
}

/// Writes views of a run into a folder, which is made when it is not there; without a name of a run, of the newest one. Returns the files.
/// Nothing is written when one of them is there already and must stay.
///
/// # Errors
/// Returns [`ExportError`] when there is no such run, it can not be read, or a file can not be written.
pub fn export(cx: &Context, run: Option<&str>, views: &[View], (folder, existing): (&Path, Existing)) -> Result<Vec<PathBuf>, ExportError> {
    let ledger = cx.ledger();
    let run = find_run(&ledger, run)?;
    let entries = run_entries(&ledger, run)?;
    let folder = cx.cwd.join(folder);
    let files = views.iter().map(|view| Ok((folder.join(view.file()), content(cx, *view, (run, &entries))?)));
    let files: Vec<(PathBuf, Vec<u8>)> = files.collect::<Result<_, ExportError>>()?;
    if let Some((path, _)) = files.iter().find(|(path, _)| existing == Existing::Keep && path.symlink_metadata().is_ok()) {
        return Err(ExportError::Exists(path.clone()));
    }
    fs::create_dir_all(&folder)?;
    for (path, bytes) in &files {
        match existing {
            Existing::Keep => fs::write_new(path, bytes, Durability::Relaxed)?,
            Existing::Replace => fs::write_atomic(path, bytes, Durability::Relaxed)?,
        }
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn content(cx: &Context, view: View, (run, entries): (RunId, &[Entry])) -> Result<Vec<u8>, ExportError> {
    match view {
        View::RoutingDecisions => pretty(&routing_decisions(run, entries.iter().filter_map(routed).collect())),
        View::Execution => {
            let mut lines = Vec::new();
            for line in execution_lines(entries) {
                serde_json::to_writer(&mut lines, &line)?;
                lines.push(b'\n');
            }
            Ok(lines)
        }
        View::Cost => {
            let question = CostQuestion { by: Grouping::Workstream, zone: &TimeZone::UTC, since: None, own: &cx.settings.prices.value };
            pretty(&cost_report(entries, &question))
        }
    }
}

/// Returns how a tool was chosen, when that is what an entry says.
fn routed(entry: &Entry) -> Option<RoutingFact> {
    let Event::ToolRouted(ToolRouted { workstream, step, attempt, tool, routing }) = entry.event()?.clone() else { return None };
    let candidate = |one: Candidate| RoutingCandidate {
        tool: one.tool,
        verdict: one.verdict.name().to_owned(),
        reason: one.reason,
        score: one.score.map(|score| f64::from(score) / 1000.0),
    };
    Some(RoutingFact {
        ts: entry.ts,
        workstream,
        step,
        attempt,
        tool,
        capability: routing.capability,
        strategy: routing.strategy.word().to_owned(),
        candidates: routing.candidates.into_iter().map(candidate).collect(),
        reason: routing.reason,
    })
}

fn pretty(document: &impl Serialize) -> Result<Vec<u8>, ExportError> {
    let mut bytes = serde_json::to_vec_pretty(document)?;
    bytes.push(b'\n');
    Ok(bytes)
}
