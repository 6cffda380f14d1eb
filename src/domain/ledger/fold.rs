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

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::ledger::sample::{entries, run};

    /// The state after the first entries of the sample.
    fn after(count: usize) -> RunState {
        fold(RunState::new(run(7)), &entries(run(7))[..count]).unwrap()
    }

    /// A checkpoint whose newest entry is none of the sample's.
    fn foreign() -> RunState {
        RunState { last: Some(EntryId::new(Ulid::from(99))), ..after(3) }
    }

    /// Takes entries from the newest to the oldest for as long as they are needed.
    fn collect(checkpoint: Option<RunState>, entries: &[Entry]) -> Past {
        let mut past = Past::new(checkpoint);
        let mut older = entries.iter().rev();
        while !past.is_complete()
            && let Some(entry) = older.next()
        {
            past.take(entry.clone());
        }
        past
    }

    #[test]
    fn a_run_comes_back_from_its_checkpoint_and_what_followed_it() {
        let all = entries(run(7));
        for count in 1..=all.len() {
            let since = all[count..].to_vec();
            assert_eq!(bring_back(run(7), Some(after(count)), all.clone()), Ok((after(all.len()), since.clone())), "{count}");
            let past = collect(Some(after(count)), &all);
            assert!(past.is_complete() && !past.is_empty(), "{count}");
            assert_eq!(past.into_entries(), since, "{count}");
            assert_eq!(collect(Some(after(count)), &all).finish(run(7)), Ok(after(all.len())), "{count}");
        }
    }

    #[test]
    fn without_a_checkpoint_of_its_own_past_a_run_comes_back_from_its_first_entry() {
        let all = entries(run(7));
        for checkpoint in [None, Some(foreign())] {
            assert_eq!(bring_back(run(7), checkpoint.clone(), all.clone()), Ok((after(all.len()), all.clone())));
            let past = collect(checkpoint.clone(), &all);
            assert!(past.is_complete());
            assert_eq!(past.into_entries(), all);
            assert_eq!(collect(checkpoint, &all).finish(run(7)), Ok(after(all.len())));
        }
    }

    #[test]
    fn a_checkpoint_that_was_not_reached_is_left_aside() {
        let all = entries(run(7));
        let past = collect(Some(after(1)), &all[2..]);
        assert!(!past.is_complete());
        let error = past.finish(run(7)).unwrap_err();
        assert_eq!((error.run, error.entry), (run(7), all[2].id));
        assert_eq!(bring_back(run(7), Some(foreign()), all[2..].to_vec()), Err(error));
    }

    #[test]
    fn nothing_is_known_before_there_is_a_checkpoint_or_an_entry() {
        assert!(Past::new(None).is_empty());
        assert!(!Past::new(Some(after(1))).is_empty());
        assert!(!collect(None, &entries(run(7))[..1]).is_empty());
    }
}
