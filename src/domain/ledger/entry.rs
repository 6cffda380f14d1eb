//! One entry of the ledger.

use jiff::Timestamp;

use crate::domain::id::{EntryId, RunId};
use crate::domain::run::event::Event;

/// The version of the entry format that this program writes.
pub const VERSION: u64 = 1;

/// One entry: an event of a run, with its name and time.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name of the entry.
    pub id: EntryId,
    /// When it was written.
    pub ts: Timestamp,
    /// The run; [`RunId::NONE`] for what belongs to the repository and to no run.
    pub run: RunId,
    /// The idempotency key inside the run.
    pub key: String,
    /// What happened.
    pub body: Body,
}

/// What happened, as far as this version understands it.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An event.
    Known(Box<Event>),
    /// An entry of a newer version: kept and shown, never interpreted.
    Unknown {
        /// Its kind.
        kind: String,
        /// The whole entry.
        raw: serde_json::Map<String, serde_json::Value>,
    },
}

impl Entry {
    /// Returns the event, when this version understands it.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Known(event) => Some(event),
            Body::Unknown { .. } => None,
        }
    }
}
