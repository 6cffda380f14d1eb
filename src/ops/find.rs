//! Finds what a user means by a few characters: a run, a workstream or a patch.

use crate::domain::id::{PatchId, RunId, WorkstreamId};
use crate::domain::run::state::RunState;
use crate::domain::tool::suggest::closest;
use crate::io::git::ledger_ref::LedgerRef;
use crate::ops::load::{LoadError, RunHead, load_state, newest_run, runs, states_at};

/// The fewest characters that count as the beginning of an id.
const SHORTEST_PREFIX: usize = 4;

/// The error when nothing, or too much, is meant.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The ledger holds no run at all.
    #[error("there is no run in this repository")]
    NoRuns,
    /// Nothing has this name.
    #[error("there is no {expected} `{text}`")]
    Unknown {
        /// What was looked for.
        expected: &'static str,
        /// What the user wrote.
        text: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
    /// More than one thing has this name.
    #[error("`{text}` may mean {}", meant.join(" or "))]
    Ambiguous {
        /// What the user wrote.
        text: String,
        /// What it may mean.
        meant: Vec<String>,
    },
    /// A run can not be brought back.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// What a user means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meant {
    /// A run.
    Run(RunId),
    /// A workstream of a run.
    Workstream(Box<RunState>, WorkstreamId),
    /// A patch of a workstream.
    Patch(Box<RunState>, WorkstreamId, PatchId),
}

/// Finds a run: by its id, by the beginning of its id, or by its plan's name, of which the newest run counts. Without a text it is the
/// newest run of all.
///
/// # Errors
/// Returns [`FindError`] when there is no such run, or more than one.
pub fn find_run(ledger: &LedgerRef, text: Option<&str>) -> Result<RunId, FindError> {
    let Some(text) = text else { return newest_run(ledger)?.ok_or(FindError::NoRuns) };
    let heads = runs(ledger)?;
    match among(&heads, text)? {
        Some(run) => Ok(run),
        None if heads.is_empty() => Err(FindError::NoRuns),
        None => Err(FindError::Unknown {
            expected: "run",
            text: text.to_owned(),
            suggestion: closest(text, heads.iter().map(|head| head.name.as_str())).map(str::to_owned),
        }),
    }
}

fn among(heads: &[RunHead], text: &str) -> Result<Option<RunId>, FindError> {
    if let Some(named) = heads.iter().filter(|head| head.name == text).map(|head| head.run).max() {
        return Ok(Some(named));
    }
    if text.len() < SHORTEST_PREFIX {
        return Ok(None);
    }
    let fitting: Vec<&RunHead> = heads.iter().filter(|head| begins(&head.run.lower(), text)).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.run)),
        more => Err(ambiguous(text, more.iter().map(|head| format!("run {}", head.run)))),
    }
}

fn ambiguous(text: &str, meant: impl Iterator<Item = String>) -> FindError {
    FindError::Ambiguous { text: text.to_owned(), meant: meant.collect() }
}

fn begins(id: &str, text: &str) -> bool {
    text.len() >= SHORTEST_PREFIX && id.starts_with(&text.to_ascii_lowercase())
}

/// Finds a run, a workstream or a patch. `RUN/WORKSTREAM` names a workstream of a run; a workstream alone is one of the newest run that has
/// it; a patch goes by its id, its commit, or the beginning of one of them. A run comes before a workstream of the same name.
///
/// # Errors
/// Returns [`FindError`] when there is no such thing, or more than one.
pub fn find(ledger: &LedgerRef, text: &str) -> Result<Meant, FindError> {
    if let Some((run, workstream)) = text.split_once('/') {
        let state = load_state(ledger, find_run(ledger, Some(run))?)?;
        return workstream_of(state, workstream);
    }
    let heads = runs(ledger)?;
    if let Some(run) = among(&heads, text)? {
        return Ok(Meant::Run(run));
    }
    let Some((first, others)) = heads.split_first() else { return Err(FindError::NoRuns) };
    let newest = load_state(ledger, first.run)?;
    if let Some(meant) = within(&newest, text)? {
        return Ok(meant);
    }
    // Mostly the newest run is meant. All others are brought back together, or each would be a walk through the ledger of its own.
    let others: Vec<RunId> = others.iter().map(|head| head.run).collect();
    let tip = ledger.tip().map_err(LoadError::from)?.ok_or(FindError::NoRuns)?;
    for state in states_at(ledger, tip, &others)? {
        if let Some(meant) = within(&state?, text)? {
            return Ok(meant);
        }
    }
    let suggestion = closest(text, newest.workstreams.keys().map(WorkstreamId::as_str)).map(str::to_owned);
    Err(FindError::Unknown { expected: "run, workstream or patch", text: text.to_owned(), suggestion })
}

fn workstream_of(state: RunState, text: &str) -> Result<Meant, FindError> {
    match state.workstreams.keys().find(|id| id.as_str() == text).cloned() {
        Some(id) => Ok(Meant::Workstream(Box::new(state), id)),
        None => {
            let suggestion = closest(text, state.workstreams.keys().map(WorkstreamId::as_str)).map(str::to_owned);
            Err(FindError::Unknown { expected: "workstream", text: text.to_owned(), suggestion })
        }
    }
}

/// Looks for a workstream, then for a patch, in one run.
fn within(state: &RunState, text: &str) -> Result<Option<Meant>, FindError> {
    if let Some(id) = state.workstreams.keys().find(|id| id.as_str() == text) {
        return Ok(Some(Meant::Workstream(Box::new(state.clone()), id.clone())));
    }
    let patches = state.workstreams.iter().flat_map(|(id, one)| one.patches.iter().map(move |patch| (id, patch)));
    let fits: Vec<(&WorkstreamId, PatchId)> = patches
        .filter(|(_, patch)| begins(&patch.id.lower(), text) || begins(&patch.commit.to_string(), text))
        .map(|(id, patch)| (id, patch.id))
        .collect();
    match fits.as_slice() {
        [] => Ok(None),
        [(id, patch)] => Ok(Some(Meant::Patch(Box::new(state.clone()), (*id).clone(), *patch))),
        more => Err(ambiguous(text, more.iter().map(|(id, patch)| format!("patch {patch} of {id}")))),
    }
}
