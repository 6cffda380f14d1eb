//! Progress on a terminal: what runs is redrawn at the bottom, what is over scrolls away above it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::asks::Asks;
use super::news::{News, Weight, facts, news, words};
use crate::cli::view::color::Color;
use crate::cli::view::state::{glyph, word};
use crate::cli::view::styled::{Role, Styled};
use crate::domain::id::WorkstreamId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamState, WorkstreamStatus};
use crate::domain::text::{clip, one_line};
use crate::engine::sink::Sink;

/// How many workstreams are shown at once; the others are counted.
const MOST_ROWS: usize = 8;
/// How often what runs is redrawn, for its clocks.
const TICK: Duration = Duration::from_millis(250);
/// How much of a line of news is shown.
const MOST_FACTS: usize = 100;

/// Redraws what runs.
pub struct Bar {
    screen: MultiProgress,
    head: ProgressBar,
    rows: BTreeMap<WorkstreamId, ProgressBar>,
    more: Option<ProgressBar>,
    color: Color,
    asks: Asks,
}

impl Bar {
    /// Returns a sink that draws on standard error.
    #[must_use]
    pub fn new(color: Color, asks: Asks) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let head = screen.add(ProgressBar::new(0));
        head.set_style(style("orc {prefix}  ▕{bar:12}▏ {pos}/{len} merged  {elapsed}{msg}"));
        Self { screen, head, rows: BTreeMap::new(), more: None, color, asks }
    }

    fn draw(&mut self, state: &RunState, now: Timestamp) {
        let merged = state.workstreams.values().filter(|one| matches!(one.status, WorkstreamStatus::Merged { .. })).count();
        if self.head.prefix().is_empty() {
            self.head.set_elapsed(since(state.started, now));
            self.head.enable_steady_tick(TICK);
        }
        self.head.set_length(state.workstreams.len() as u64);
        self.head.set_position(merged as u64);
        self.head.set_prefix(head(state));
        self.head.set_message("  (Ctrl-C stops gently, twice at once)");
        let running: Vec<(&WorkstreamId, &WorkstreamState)> = state.workstreams.iter().filter(|(_, one)| is_running(one)).collect();
        let shown: Vec<&(&WorkstreamId, &WorkstreamState)> = running.iter().take(MOST_ROWS).collect();
        let gone: Vec<WorkstreamId> = self.rows.keys().filter(|id| shown.iter().all(|(other, _)| other != id)).cloned().collect();
        for row in gone.iter().filter_map(|id| self.rows.remove(id)) {
            self.screen.remove(&row);
        }
        let width = shown.iter().map(|(id, _)| id.as_str().len()).max().unwrap_or(0);
        for (id, one) in shown {
            let text = row(id, one, width).render(self.color);
            let bar = self.rows.entry((*id).clone()).or_insert_with(|| fresh_row(&self.screen, since(one.since, now)));
            bar.set_message(text);
        }
        self.count_rest(running.len().saturating_sub(MOST_ROWS));
    }

    fn count_rest(&mut self, rest: usize) {
        if let Some(more) = self.more.take() {
            self.screen.remove(&more);
        }
        if rest > 0 {
            let more = self.screen.add(ProgressBar::new_spinner());
            more.set_style(style("   {msg}"));
            more.set_message(format!("and {rest} more"));
            self.more = Some(more);
        }
    }

    fn clear(&mut self) {
        for row in std::mem::take(&mut self.rows).into_values().chain(self.more.take()) {
            self.screen.remove(&row);
        }
        self.head.finish_and_clear();
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// A template of ours is a sound one; the plain style stands in for the error that a typing mistake would be.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("██ ")
}

fn fresh_row(screen: &MultiProgress, elapsed: Duration) -> ProgressBar {
    let bar = screen.add(ProgressBar::new_spinner().with_elapsed(elapsed));
    bar.set_style(style(" {msg}  {elapsed}"));
    bar.enable_steady_tick(TICK);
    bar
}

fn since(start: Option<Timestamp>, now: Timestamp) -> Duration {
    start.and_then(|start| Duration::try_from(now.duration_since(start)).ok()).unwrap_or_default()
}

const fn is_running(one: &WorkstreamState) -> bool {
    match one.status {
        WorkstreamStatus::InProgress | WorkstreamStatus::Validating | WorkstreamStatus::Retrying { .. } => true,
        WorkstreamStatus::Planned
        | WorkstreamStatus::Ready
        | WorkstreamStatus::Blocked { .. }
        | WorkstreamStatus::Skipped { .. }
        | WorkstreamStatus::Paused { .. }
        | WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Aborted { .. }
        | WorkstreamStatus::Quarantined { .. }
        | WorkstreamStatus::Verified { .. }
        | WorkstreamStatus::Conflicted { .. }
        | WorkstreamStatus::Merged { .. }
        | WorkstreamStatus::Reverted { .. } => one.open.is_some(),
    }
}

/// Returns the beginning of the first line: the run, the plan, the wave.
#[must_use]
pub fn head(state: &RunState) -> String {
    let wave = (state.wave + 1).min(state.waves.len());
    one_line(&format!("{}…  plan {}  wave {wave}/{}", clip(&state.run.to_string(), 8).trim_end_matches('…'), state.name, state.waves.len()))
}

/// Returns the line of a workstream that runs: glyph, name, state, step and attempt, tool.
#[must_use]
pub fn row(id: &WorkstreamId, one: &WorkstreamState, width: usize) -> Styled {
    let (glyph, role) = glyph(&one.status);
    let mut out = Styled::of(role, glyph.to_string());
    out.add(format!(" {:width$}  ", id.as_str())).put(role, word(&one.status));
    if let Some(open) = &one.open {
        let of = open.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        out.add(format!("  {} #{}{of}", open.step, open.attempt));
        out.add(open.tool.as_ref().map(|tool| format!("  {tool}")).unwrap_or_default());
    }
    if !one.fix.findings.is_empty() {
        out.put(Role::Faint, format!("  {} findings", one.fix.findings.len()));
    }
    out
}

/// Returns the line that stays when something is over.
#[must_use]
pub fn lasting(entry: &Entry, state: &RunState) -> Option<Styled> {
    let news = news(entry, state).filter(|news| news.weight == Weight::Lasting)?;
    let glyph = entry
        .event()
        .and_then(|event| event.workstream_moved())
        .and_then(|moved| state.workstreams.get(&moved.workstream))
        .map_or('·', |one| glyph(&one.status).0);
    let mut out = Styled::of(news.role, format!(" {glyph} "));
    out.add(format!("{} ", news.who)).put(news.role, &news.what);
    out.put(Role::Faint, format!("  {}", clip(&words(&news), MOST_FACTS)));
    Some(out)
}

/// Returns what is asked of a person: paths and a command, which are of no use when they are cut.
fn asked(news: &News) -> Styled {
    let mut out = Styled::of(news.role, " » ");
    out.add(format!("{} ", news.who)).put(news.role, &news.what).add(format!("  {}", facts(news)));
    out
}

impl Sink for Bar {
    fn told(&mut self, entry: &Entry, state: &RunState) {
        let asked = self.asks.told(entry, state).map(|news| asked(&news));
        for line in lasting(entry, state).into_iter().chain(asked) {
            // Progress that nobody can read is no reason to stop a run.
            let _shown = self.screen.println(line.render(self.color));
        }
        match state.status {
            RunStatus::Planned => {}
            RunStatus::Running => self.draw(state, entry.ts),
            RunStatus::Paused | RunStatus::Halted | RunStatus::Completed | RunStatus::Failed | RunStatus::Aborted => self.clear(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::sample::{Sample, id};

    #[test]
    fn what_is_over_stays() {
        let sample = Sample::failed();
        let lines = sample.entries.iter().zip(&sample.states).filter_map(|(entry, state)| lasting(entry, state));
        let text: String = lines.map(|line| line.render(Color::Never) + "\n").collect();
        insta::assert_snapshot!(text, @r#"
        · ui static failed  #1  1 finding  1.5s  `cargo check` failed with exit code 101
        ✗ ui failed  7.0s  static fails: `x` is \u{1b}[31mred
        ‼ docs quarantined  4.0s  `etc/passwd` is outside the scope
        ✓ api merged  bbbbbbbbbb  23s
        ⊘ site blocked  waits for ui
        "#);
    }

    #[test]
    fn what_runs_is_one_line() {
        let mut sample = Sample::started();
        sample.check_starts("api");
        assert_eq!(head(&sample.state), "01JD8ZK…  plan tour  wave 1/2");
        let api = id("api");
        assert_eq!(row(&api, &sample.state.workstreams[&api], 5).render(Color::Never), "● api    validating  static #1");
    }
}
