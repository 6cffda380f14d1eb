//! Brings runs back from the ledger: the newest checkpoint, and the entries after it folded on top.
//!
//! A checkpoint is only a shortcut. One that is missing, damaged, or not followed by the entries that it should be followed by is left
//! aside, and the run is folded from its first entry.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::domain::id::{ObjectId, RepoPath, RunId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::fold::{FoldError, Past, bring_back};
use crate::domain::run::state::{RunState, RunStatus, WorkstreamStatus};
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};
use crate::io::git::objects::Commit;

/// The error of bringing a run back.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The ledger holds no entry of this run.
    #[error("the ledger holds no run {0}")]
    UnknownRun(RunId),
    /// An entry does not follow from those before it.
    #[error(transparent)]
    Illegal(#[from] FoldError),
}

/// A run as the ledger tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Its state after its newest entry.
    pub state: RunState,
    /// The entries that were folded on top of the checkpoint, oldest first; all entries when there was none.
    pub entries_since: Vec<Entry>,
    /// The idempotency keys of all its entries.
    pub keys: HashSet<String>,
}

impl Loaded {
    /// Returns whether a commit of the ledger is an entry of this run that was not there when it was brought back.
    #[must_use]
    pub fn lacks(&self, commit: &Commit) -> bool {
        codec::from_message(&commit.message).is_ok_and(|entry| entry.run == self.state.run && !self.keys.contains(&entry.key))
    }
}

/// What a list of runs tells about one.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHead {
    /// The run.
    pub run: RunId,
    /// The plan's name.
    pub name: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it stands there.
    pub reason: Option<String>,
    /// The integration branch, without `refs/heads/`.
    pub target: String,
    /// The tip of the integration.
    pub tip: ObjectId,
    /// How many workstreams it has.
    pub workstreams: usize,
    /// How many of them are merged.
    pub merged: usize,
    /// When it was planned.
    pub started: Option<Timestamp>,
    /// When its newest entry was written.
    pub updated: Option<Timestamp>,
}

/// Returns the path of a file of a run in the ledger's tree.
#[must_use]
pub fn run_file(run: RunId, name: &str) -> RepoPath {
    RepoPath::from(format!("runs/{}/{name}", run.lower()).as_str())
}

/// Brings a run back, with everything that a driver needs to go on with it.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read, holds no such run, or its entries do not follow from each other.
pub fn load_run(ledger: &LedgerRef, run: RunId) -> Result<Loaded, LoadError> {
    let entries = run_entries(ledger, run)?;
    let keys = entries.iter().map(|entry| entry.key.clone()).collect();
    let tip = ledger.tip()?.ok_or(LoadError::UnknownRun(run))?;
    let checkpoint = checkpoint(ledger, tip, run)?;
    let (state, entries_since) = bring_back(run, checkpoint, entries)?;
    Ok(Loaded { state, entries_since, keys })
}

/// Brings the state of a run back, without looking further into the past than needed.
///
/// # Errors
/// Returns [`LoadError`] as [`load_run`] does.
pub fn load_state(ledger: &LedgerRef, run: RunId) -> Result<RunState, LoadError> {
    state_at(ledger, ledger.tip()?.ok_or(LoadError::UnknownRun(run))?, run)
}

/// Brings the state of a run back as it was at an entry of the ledger.
///
/// # Errors
/// Returns [`LoadError`] as [`load_run`] does.
pub fn state_at(ledger: &LedgerRef, tip: ObjectId, run: RunId) -> Result<RunState, LoadError> {
    states_at(ledger, tip, &[run])?.next().ok_or(LoadError::UnknownRun(run))?
}

/// Brings the states of several runs back, in this order, as they were at an entry of the ledger: in one pass, where one for each would read
/// the newest entries as often as there are runs. One that can not be brought back keeps nobody from the others.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read; what is wrong with a run takes the place of its state.
pub fn states_at(
    ledger: &LedgerRef,
    tip: ObjectId,
    runs: &[RunId],
) -> Result<impl Iterator<Item = Result<RunState, LoadError>>, LoadError> {
    let mut wanted = BTreeMap::new();
    for run in runs {
        wanted.insert(*run, Past::new(checkpoint(ledger, tip, *run)?));
    }
    collect(ledger, tip, &mut wanted)?;
    Ok(runs.iter().map(move |run| {
        let past = wanted.remove(run).filter(|past| !past.is_empty()).ok_or(LoadError::UnknownRun(*run))?;
        Ok(past.finish(*run)?)
    }))
}

/// Returns all entries of a run, oldest first.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read or holds no such run.
pub fn run_entries(ledger: &LedgerRef, run: RunId) -> Result<Vec<Entry>, LoadError> {
    entries_at(ledger, ledger.tip()?.ok_or(LoadError::UnknownRun(run))?, run)
}

/// Returns all entries of a run up to an entry of the ledger, oldest first.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read or holds no such run.
pub fn entries_at(ledger: &LedgerRef, tip: ObjectId, run: RunId) -> Result<Vec<Entry>, LoadError> {
    entries_of(ledger, tip, &[run])?.remove(&run).ok_or(LoadError::UnknownRun(run))
}

/// Returns all entries of several runs up to an entry of the ledger, oldest first of each: in one pass, as [`states_at`] does. A run of which
/// there is nothing is left out.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read.
pub fn entries_of(ledger: &LedgerRef, tip: ObjectId, runs: &[RunId]) -> Result<BTreeMap<RunId, Vec<Entry>>, LoadError> {
    let mut wanted: BTreeMap<RunId, Past> = runs.iter().map(|run| (*run, Past::new(None))).collect();
    collect(ledger, tip, &mut wanted)?;
    Ok(wanted.into_iter().filter(|(_, past)| !past.is_empty()).map(|(run, past)| (run, past.into_entries())).collect())
}

/// Returns the runs that the ledger holds, newest first.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read or the entries of a run do not follow from each other.
pub fn runs(ledger: &LedgerRef) -> Result<Vec<RunHead>, LoadError> {
    let Some(tip) = ledger.tip()? else { return Ok(Vec::new()) };
    let (mut heads, mut open) = (Vec::new(), BTreeMap::new());
    for run in run_ids(ledger, tip)? {
        match checkpoint(ledger, tip, run)? {
            // What is over does not change, so what came after the checkpoint need not be read.
            Some(state) if state.status.is_terminal() => heads.push(head(&state)),
            other => {
                open.insert(run, Past::new(other));
            }
        }
    }
    collect(ledger, tip, &mut open)?;
    for (run, one) in open {
        heads.push(head(&one.finish(run)?));
    }
    heads.sort_by_key(|head| std::cmp::Reverse(head.run));
    Ok(heads)
}

/// Returns the names of the runs in the ledger's tree, oldest first.
fn run_ids(ledger: &LedgerRef, tip: ObjectId) -> Result<Vec<RunId>, LoadError> {
    let folder = ledger.list_tree_folder(tip, &RepoPath::from("runs"))?;
    Ok(folder.iter().filter_map(|entry| RunId::parse(entry.name.to_str().ok()?).ok()).collect())
}

/// Returns the newest run in the ledger.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read.
pub fn newest_run(ledger: &LedgerRef) -> Result<Option<RunId>, LoadError> {
    let Some(tip) = ledger.tip()? else { return Ok(None) };
    Ok(run_ids(ledger, tip)?.into_iter().max())
}

/// Reads the checkpoint of a run; one that can not be understood counts as missing.
fn checkpoint(ledger: &LedgerRef, tip: ObjectId, run: RunId) -> Result<Option<RunState>, LoadError> {
    let bytes = ledger.read_tree_file(tip, &run_file(run, "checkpoint.json"))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice::<RunState>(&bytes).ok()).filter(|state| state.run == run))
}

/// Collects the entries of some runs, from the tip back to their checkpoints or first entries.
fn collect(ledger: &LedgerRef, tip: ObjectId, wanted: &mut BTreeMap<RunId, Past>) -> Result<(), LoadError> {
    let mut open = wanted.len();
    if open == 0 {
        return Ok(());
    }
    let only = if open == 1 { wanted.keys().next().map(ToString::to_string) } else { None };
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for the name of the one run that is asked for.
        if only.as_ref().is_some_and(|run| !commit.message.contains_str(run)) {
            return ControlFlow::Continue(());
        }
        let Ok(entry) = codec::from_message(&commit.message) else { return ControlFlow::Continue(()) };
        if let Some(one) = wanted.get_mut(&entry.run).filter(|one| !one.is_complete()) {
            one.take(entry);
            open -= usize::from(one.is_complete());
        }
        if open == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}

fn head(state: &RunState) -> RunHead {
    let merged = |status: &WorkstreamStatus| matches!(status, WorkstreamStatus::Merged { .. });
    RunHead {
        run: state.run,
        name: state.name.clone(),
        status: state.status,
        reason: state.reason.clone(),
        target: state.target.clone(),
        tip: state.tip,
        workstreams: state.workstreams.len(),
        merged: state.workstreams.values().filter(|one| merged(&one.status)).count(),
        started: state.started,
        updated: state.updated,
    }
}
