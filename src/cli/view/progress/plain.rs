//! Progress as lines: one per change, no cursor is moved.

use std::fmt;
use std::io::Write;

use jiff::tz::TimeZone;

use super::news::{facts, news};
use crate::cli::view::color::Color;
use crate::cli::view::styled::{Role, Styled};
use crate::cli::view::time::clock;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;
use crate::engine::sink::Sink;

/// Writes a line per change.
pub struct Plain {
    out: Box<dyn Write + Send>,
    color: Color,
    zone: TimeZone,
}

impl Plain {
    /// Returns a sink that writes to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, color: Color, zone: TimeZone) -> Self {
        Self { out, color, zone }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("color", &self.color).finish_non_exhaustive()
    }
}

/// Returns the line for an entry: `12:03:41 api static failed attempt=2 findings=3`.
#[must_use]
pub fn line(entry: &Entry, state: &RunState, zone: &TimeZone) -> Option<Styled> {
    let news = news(entry, state)?;
    let mut out = Styled::of(Role::Faint, clock(entry.ts, zone));
    out.add(format!(" {} ", news.who)).put(news.role, &news.what);
    let facts = facts(&news);
    if !facts.is_empty() {
        out.add(" ").put(Role::Faint, facts);
    }
    out.line();
    Some(out)
}

impl Sink for Plain {
    fn told(&mut self, entry: &Entry, state: &RunState) {
        if let Some(line) = line(entry, state, &self.zone) {
            // Progress that nobody can read is no reason to stop a run.
            let _shown = self.out.write_all(line.render(self.color).as_bytes());
        }
    }
}
