//! Progress for programs: every entry, as the ledger holds it, on a line of its own.

use std::fmt;
use std::io::Write;

use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;
use crate::engine::sink::Sink;

/// Writes a JSON object per entry.
pub struct Json {
    out: Box<dyn Write + Send>,
}

impl Json {
    /// Returns a sink that writes to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

impl Sink for Json {
    fn told(&mut self, entry: &Entry, _state: &RunState) {
        if let Ok(line) = codec::to_json(entry) {
            // Progress that nobody can read is no reason to stop a run.
            let _shown = self.out.write_all((line + "\n").as_bytes());
        }
    }
}
