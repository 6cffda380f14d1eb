//! Who is told of what happened, after it was written down.

use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;

/// Something that is told of every entry after it was appended and folded: progress, logs, metrics.
pub trait Sink: Send {
    /// Tells of an entry and of the state that it led to.
    fn told(&mut self, entry: &Entry, state: &RunState);
}
