//! `issues`: what kept failing, as the ledger tells it, and its records as files.

use std::ops::ControlFlow;
use std::path::PathBuf;

use bstr::ByteSlice as _;

use super::context::Context;
use super::find::{FindError, find_run};
use crate::domain::id::RunId;
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::report::issue_summary::summary;
use crate::domain::report::issues::{IssueRecord, Pattern, episodes, patterns, records};
use crate::domain::run::event::Event;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};
use crate::io::git::repo::Repo;

/// What stands in the entries that are read.
const KINDS: [&str; 7] = [
    "step_started",
    "step_finished",
    "workstream_failed",
    "workstream_timed_out",
    "workstream_paused",
    "workstream_quarantined",
    "controlled",
];
/// What stands in the first entry of a run, before which none of its entries is.
const FIRST: &str = "run_planned";

/// The error of telling what kept failing.
#[derive(Debug, thiserror::Error)]
pub enum IssuesError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record can not be written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A record has no JSON form.
    #[error("a record could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Which runs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// This one; the newest without a name.
    One(Option<&'a str>),
    /// All of them.
    All,
}

/// What kept failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issues {
    /// The run, when only one counts.
    pub run: Option<RunId>,
    /// What was given up.
    pub records: Vec<IssueRecord>,
    /// What is to be seen over all that counts.
    pub patterns: Vec<Pattern>,
}

/// Returns what kept failing.
///
/// # Errors
/// Returns [`IssuesError`] when there is no such run or the ledger can not be read.
pub fn issues(cx: &Context, which: Which<'_>) -> Result<Issues, IssuesError> {
    let ledger = cx.ledger();
    let run = match which {
        Which::One(text) => Some(find_run(&ledger, text)?),
        Which::All => None,
    };
    of(&ledger, run)
}

/// Writes the records of what counts, and a summary of each run that has any; returns the files.
///
/// # Errors
/// Returns [`IssuesError`] when a file can not be written.
pub fn write(repo: &Repo, issues: &Issues) -> Result<Vec<PathBuf>, IssuesError> {
    let folder = repo.orc_dir().join("issues");
    let mut files = Vec::new();
    if issues.records.is_empty() {
        return Ok(files);
    }
    fs::create_dir_all(&folder)?;
    let mut runs: Vec<RunId> = Vec::new();
    for record in &issues.records {
        let mut text = serde_json::to_vec_pretty(record)?;
        text.push(b'\n');
        files.push(folder.join(record.file()));
        fs::write_atomic(&folder.join(record.file()), &text, Durability::Relaxed)?;
        if !runs.contains(&record.run) {
            runs.push(record.run);
        }
    }
    for run in runs {
        let path = folder.join(format!("{}-summary.md", run.lower()));
        let of_run: Vec<&IssueRecord> = issues.records.iter().filter(|record| record.run == run).collect();
        fs::write_atomic(&path, summary(run, &of_run).as_bytes(), Durability::Relaxed)?;
        files.push(path);
    }
    Ok(files)
}

/// Returns what kept failing in a run, or in all.
///
/// # Errors
/// Returns [`IssuesError`] when the ledger can not be read.
pub fn of(ledger: &LedgerRef, run: Option<RunId>) -> Result<Issues, IssuesError> {
    let entries = entries(ledger, run)?;
    let episodes = episodes(&entries);
    Ok(Issues { run, records: records(&episodes), patterns: patterns(&episodes) })
}

fn entries(ledger: &LedgerRef, run: Option<RunId>) -> Result<Vec<Entry>, LedgerError> {
    let mut entries = Vec::new();
    let Some(tip) = ledger.tip()? else { return Ok(entries) };
    let name = run.map(|run| run.to_string());
    ledger.walk_back(tip, |commit| {
        let message = &commit.message;
        // Decoding costs more than looking for a few words.
        let is_named = name.as_ref().is_none_or(|name| message.contains_str(name));
        let is_wanted = KINDS.iter().any(|kind| message.contains_str(kind)) || (run.is_some() && message.contains_str(FIRST));
        if !is_named || !is_wanted {
            return ControlFlow::Continue(());
        }
        let Some(entry) = codec::from_message(message).ok().filter(|entry| run.is_none_or(|run| entry.run == run)) else {
            return ControlFlow::Continue(());
        };
        let is_first = run.is_some() && matches!(entry.event(), Some(Event::RunPlanned(_)));
        entries.push(entry);
        if is_first { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    entries.reverse();
    Ok(entries)
}
