//! Progress as lines: one per change, no cursor is moved.

use std::fmt;
use std::io::Write;

use jiff::tz::TimeZone;

use super::asks::Asks;
use super::news::{News, facts, news};
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
    asks: Asks,
}

impl Plain {
    /// Returns a sink that writes to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, (color, zone): (Color, TimeZone), asks: Asks) -> Self {
        Self { out, color, zone, asks }
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
    Some(shown(entry, &news(entry, state)?, zone))
}

fn shown(entry: &Entry, news: &News, zone: &TimeZone) -> Styled {
    let mut out = Styled::of(Role::Faint, clock(entry.ts, zone));
    out.add(format!(" {} ", news.who)).put(news.role, &news.what);
    let facts = facts(news);
    if !facts.is_empty() {
        out.add(" ").put(Role::Faint, facts);
    }
    out.line();
    out
}

impl Sink for Plain {
    fn told(&mut self, entry: &Entry, state: &RunState) {
        let asked = self.asks.told(entry, state).map(|news| shown(entry, &news, &self.zone));
        for line in line(entry, state, &self.zone).into_iter().chain(asked) {
            // Progress that nobody can read is no reason to stop a run.
            let _shown = self.out.write_all(line.render(self.color).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::sample::Sample;

    #[test]
    fn a_line_per_change() {
        let sample = Sample::failed();
        let lines = sample.entries.iter().zip(&sample.states).filter_map(|(entry, state)| line(entry, state, &TimeZone::UTC));
        let text: String = lines.map(|line| line.render(Color::Never)).collect();
        insta::assert_snapshot!(text, @r#"
        12:00:01 run started id=01JD8ZK3V7Q2M4N6P8R0S2T4V6 plan=tour workstreams=4
        12:00:02 wave 1 started of=2 workstreams=3
        12:00:03 api edit started attempt=1 tool=command
        12:00:04 api patch captured commit=1111111111 files=2 lines=+10-3
        12:00:07 api edit passed attempt=1 took=1.5s
        12:00:09 api verified
        12:00:10 ui edit started attempt=1 tool=command
        12:00:11 ui patch captured commit=2222222222 files=2 lines=+10-3
        12:00:14 ui edit passed attempt=1 took=1.5s
        12:00:15 ui static started attempt=1
        12:00:16 ui static failed attempt=1 findings=1 took=1.5s message="`cargo check` failed with exit code 101"
        12:00:17 ui failed took=7.0s reason="static fails: `x` is \u{1b}[31mred"
        12:00:18 docs edit started attempt=1 tool=command
        12:00:19 docs patch captured commit=3333333333 files=2 lines=+10-3
        12:00:20 docs edit passed attempt=1 took=1.5s
        12:00:22 docs quarantined took=4.0s reason="`etc/passwd` is outside the scope"
        12:00:24 wave 1 merged commit=bbbbbbbbbb merges=1
        12:00:26 api merged commit=bbbbbbbbbb took=23s
        12:00:27 site blocked reason="waits for ui"
        12:00:29 run failed commit=bbbbbbbbbb reason="3 of 4 workstreams not merged"
        "#);
    }
}
