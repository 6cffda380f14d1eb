//! From stored entries back to the state of a run. A checkpoint is only a shortcut: one that is not followed by the entries that it should
//! be followed by is left aside, and the run is folded from its first entry.

use super::entry::Entry;
use crate::domain::id::{EntryId, RunId};
use crate::domain::run::event::Event;
use crate::domain::run::machine::apply;
use crate::domain::run::machine_error::IllegalTransition;
use crate::domain::run::state::RunState;

/// The error for an entry that does not follow from those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} of run {run} does not follow from those before it")]
pub struct FoldError {
    /// The run.
    pub run: RunId,
    /// The entry.
    pub entry: EntryId,
    /// Why not.
    #[source]
    pub source: Box<IllegalTransition>,
}

/// Folds entries on top of a state.
///
/// # Errors
/// Returns [`FoldError`] for the first entry that does not follow.
pub fn fold(mut state: RunState, entries: &[Entry]) -> Result<RunState, FoldError> {
    for entry in entries {
        apply(&mut state, entry).map_err(|source| FoldError { run: entry.run, entry: entry.id, source: Box::new(source) })?;
    }
    Ok(state)
}

/// Brings a run back from all of its entries, oldest first. Returns its state and the entries that were folded on top of the checkpoint;
/// these are all entries when there is no checkpoint, or one of another past.
///
/// # Errors
/// Returns [`FoldError`] for the first entry that does not follow.
pub fn bring_back(run: RunId, checkpoint: Option<RunState>, entries: Vec<Entry>) -> Result<(RunState, Vec<Entry>), FoldError> {
    let since = checkpoint.as_ref().and_then(|state| entries.iter().position(|entry| Some(entry.id) == state.last));
    let (state, since) = match (checkpoint, since) {
        (Some(state), Some(at)) => (state, entries.into_iter().skip(at + 1).collect()),
        (Some(_) | None, _) => (RunState::new(run), entries),
    };
    Ok((fold(state, &since)?, since))
}

/// What is known of a run while its entries are collected from the newest to the oldest, no further back than needed.
#[derive(Debug)]
pub struct Past {
    checkpoint: Option<RunState>,
    /// Newest first.
    entries: Vec<Entry>,
    is_complete: bool,
}

impl Past {
    /// Returns an empty past of a run with this checkpoint.
    #[must_use]
    pub const fn new(checkpoint: Option<RunState>) -> Self {
        Self { checkpoint, entries: Vec::new(), is_complete: false }
    }

    /// Returns whether no older entry is needed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns whether nothing at all is known of the run.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.checkpoint.is_none()
    }

    /// Takes the next older entry.
    pub fn take(&mut self, entry: Entry) {
        let is_checkpoint = self.checkpoint.as_ref().is_some_and(|state| state.last == Some(entry.id));
        let is_first = matches!(entry.event(), Some(Event::RunPlanned(_)));
        self.is_complete = is_checkpoint || is_first;
        if !is_checkpoint {
            // The first entry was reached and the checkpoint's was not: the checkpoint belongs to another past.
            self.checkpoint = if is_first { None } else { self.checkpoint.take() };
            self.entries.push(entry);
        }
    }

    /// Returns the entries that were taken, oldest first.
    #[must_use]
    pub fn into_entries(mut self) -> Vec<Entry> {
        self.entries.reverse();
        self.entries
    }

    /// Returns the state of the run.
    ///
    /// # Errors
    /// Returns [`FoldError`] for the first entry that does not follow.
    pub fn finish(mut self, run: RunId) -> Result<RunState, FoldError> {
        let checkpoint = self.checkpoint.take().filter(|_| self.is_complete);
        fold(checkpoint.unwrap_or_else(|| RunState::new(run)), &self.into_entries())
    }
}
