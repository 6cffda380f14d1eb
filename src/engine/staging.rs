//! One turn of the loop on a copy of the state: nothing is believed before it is written down.

use std::collections::HashSet;

use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::machine::apply;
use crate::domain::run::machine_error::IllegalTransition;
use crate::domain::run::state::RunState;
use crate::io::clock::Clock;

/// The error for an event that does not fit the state.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// The machines do not list the move.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
}

/// The entries of one turn and the state that they lead to.
#[derive(Debug)]
pub struct Staging<'a> {
    /// The state after the staged entries.
    pub state: RunState,
    /// The staged entries, in order.
    pub entries: Vec<Entry>,
    known: &'a HashSet<String>,
    new: HashSet<String>,
    clock: &'a Clock,
}

impl<'a> Staging<'a> {
    /// Begins a turn. `known` are the keys of the entries that the ledger already has of this run.
    #[must_use]
    pub fn new(state: &RunState, known: &'a HashSet<String>, clock: &'a Clock) -> Self {
        Self { state: state.clone(), entries: Vec::new(), known, new: HashSet::new(), clock }
    }

    /// Stages an event, unless the same fact was told before. Returns whether it is new.
    ///
    /// # Errors
    /// Returns an error when the event does not fit the state.
    pub fn push(&mut self, event: Event) -> Result<Told, StagingError> {
        let entry = codec::entry(crate::domain::id::EntryId::new(self.clock.ulid()), self.clock.now(), self.state.run, event);
        if self.known.contains(&entry.key) || self.new.contains(&entry.key) {
            return Ok(Told::Before);
        }
        apply(&mut self.state, &entry)?;
        self.new.insert(entry.key.clone());
        self.entries.push(entry);
        Ok(Told::Now)
    }
}

/// Whether a fact is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is staged.
    Now,
    /// The ledger has it.
    Before,
}
