//! What an entry means to somebody who watches: most entries mean nothing.

use crate::cli::view::log::role;
use crate::cli::view::styled::Role;
use crate::cli::view::time::span;
use crate::domain::integrity::wording;
use crate::domain::ledger::entry::Entry;
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::report::log_line::{log_line, outcome_word};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{Integration, StepFinished, StepOutcome, Verdict};
use crate::domain::run::state::RunState;
use crate::domain::text::one_line;

/// Facts by name.
pub type Facts = Vec<(&'static str, String)>;

/// Something worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The workstream, or `run`, `wave 2`, `gate wave-1`.
    pub who: String,
    /// What happened.
    pub what: String,
    /// Whether that is good.
    pub role: Role,
    /// Facts by name.
    pub facts: Facts,
    /// Whether it stays on the screen when what runs is redrawn.
    pub weight: Weight,
}

/// How much a piece of news weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is over when the next thing happens.
    Passing,
    /// It should be seen later, too.
    Lasting,
}

/// Returns the news in an entry that led to `state`, if there is any.
#[must_use]
pub fn news(entry: &Entry, state: &RunState) -> Option<News> {
    let event = entry.event()?;
    let line = log_line(entry);
    let told = |who: String, what: &str, facts: Facts, weight: Weight| {
        Some(News { who, what: what.to_owned(), role: role(line.tone), facts, weight })
    };
    if let Event::StepStarted(m) = event {
        let mut facts = vec![("attempt", m.attempt.to_string())];
        facts.extend(m.tool.as_ref().map(|tool| ("tool", tool.to_string())));
        return told(m.workstream.to_string(), &format!("{} started", m.step), facts, Weight::Passing);
    }
    if let Event::StepFinished(m) = event {
        let weight = if m.outcome == StepOutcome::Passed { Weight::Passing } else { Weight::Lasting };
        return told(m.workstream.to_string(), &format!("{} {}", m.step, outcome_word(m.outcome)), step_facts(m), weight);
    }
    if let Some(m) = event.workstream_moved() {
        let mut facts = Vec::new();
        facts.extend(m.merge.map(|merge| ("commit", merge.short())));
        facts.extend(took(entry, state));
        facts.extend(line.detail.clone().map(|detail| ("reason", detail)));
        let word = event.kind().strip_prefix("workstream_").unwrap_or_default().replace('_', " ");
        let weight = if matches!(event, Event::WorkstreamVerified(_)) { Weight::Passing } else { Weight::Lasting };
        return told(m.workstream.to_string(), &word, facts, weight);
    }
    if let Event::PatchCreated(m) = event {
        let facts =
            vec![("commit", m.commit.short()), ("files", m.files.to_string()), ("lines", format!("+{}-{}", m.insertions, m.deletions))];
        return told(m.workstream.to_string(), "patch captured", facts, Weight::Passing);
    }
    let (who, what, facts) = rest(event, state)?;
    told(who, &what, facts, weight(event))
}

/// What the first line, the rows or the summary tell anyway need not stay.
fn weight(event: &Event) -> Weight {
    let is_passed_gate = matches!(event, Event::GateFinished(gate) if gate.verdict == Verdict::Passed && gate.remark().is_none());
    let is_frame = matches!(event, Event::RunStarted(_) | Event::RunResumed(_) | Event::WaveStarted(_) | Event::IntegrationAdvanced(_));
    // What was not to be had must be seen.
    let is_frame = is_frame && !matches!(event, Event::RunStarted(m) | Event::RunResumed(m) if !m.sandbox_notes.is_empty());
    if is_passed_gate || is_frame || event.run_moved().is_some() { Weight::Passing } else { Weight::Lasting }
}

fn rest(event: &Event, state: &RunState) -> Option<(String, String, Facts)> {
    if let Event::RunStarted(m) | Event::RunResumed(m) = event {
        let what = if matches!(event, Event::RunStarted(_)) { "started" } else { "resumed" };
        let mut facts =
            vec![("id", state.run.to_string()), ("plan", state.name.clone()), ("workstreams", state.workstreams.len().to_string())];
        facts.extend(m.sandbox.filter(|level| *level > SandboxLevel::None).map(|level| ("sandbox", level.to_string())));
        facts.extend(m.sandbox_notes.iter().map(|note| ("note", note.clone())));
        return Some(("run".to_owned(), what.to_owned(), facts));
    }
    if let Some(m) = event.run_moved() {
        let mut facts = vec![("commit", m.tip.short())];
        facts.extend(m.reason.clone().map(|reason| ("reason", reason)));
        return Some(("run".to_owned(), state.status.word().to_owned(), facts));
    }
    if let Event::WaveStarted(m) = event {
        let facts = vec![("of", state.waves.len().to_string()), ("workstreams", m.workstreams.len().to_string())];
        return Some((format!("wave {}", m.wave), "started".to_owned(), facts));
    }
    if let Event::IntegrationAdvanced(Integration { wave, commit, merges, .. }) = event {
        return Some((format!("wave {wave}"), "merged".to_owned(), vec![("commit", commit.short()), ("merges", merges.len().to_string())]));
    }
    if let Event::GateFinished(m) = event {
        let mut facts =
            vec![("wave", m.wave.to_string()), ("workstreams", m.workstreams.len().to_string()), ("took", milliseconds(m.duration_ms))];
        facts.extend(m.remark().map(|why| ("reason", why.clone())));
        return Some((format!("gate {}", m.gate), m.word().to_owned(), facts));
    }
    if let Event::RecoveryClimbed(m) = event {
        return Some((
            m.workstream.to_string(),
            "tries otherwise".to_owned(),
            vec![("tool", m.tool.to_string()), ("reason", m.reason.clone())],
        ));
    }
    if let Event::IntegrityViolated(m) | Event::IntegrityNoted(m) = event {
        return Some((m.who(), "changed what is not its own".to_owned(), vec![("what", wording::reason(m))]))
            .filter(|_| matches!(event, Event::IntegrityViolated(_)));
    }
    if let Event::WorktreeKept(m) = event {
        return Some((m.workstream.to_string(), "worktree kept".to_owned(), vec![("path", m.path.clone())]));
    }
    if let Event::BreakerOpened(m) | Event::BreakerClosed(m) = event {
        let what = if matches!(event, Event::BreakerOpened(_)) { "is left alone for a while" } else { "works again" };
        return Some((format!("tool {}", m.tool), what.to_owned(), Vec::new()));
    }
    if let Event::ToolRouted(m) = event {
        if m.routing.is_first_choice() {
            return None;
        }
        let facts = vec![("tool", m.tool.to_string()), ("reason", m.routing.reason.clone())];
        return Some((m.workstream.to_string(), format!("{} goes to", m.step), facts));
    }
    if let Event::BudgetWarned(m) = event {
        return Some(("budget".to_owned(), "comes to its end".to_owned(), vec![("spent", m.to_string())]));
    }
    if let Event::Escalated(m) = event {
        return Some(("attention".to_owned(), m.trigger.name().replace('_', " "), vec![("reason", m.message.clone())]));
    }
    None
}

fn step_facts(m: &StepFinished) -> Facts {
    let mut facts = vec![("attempt", m.attempt.to_string())];
    if !m.findings.is_empty() {
        facts.push(("findings", m.findings.len().to_string()));
    }
    facts.push(("took", milliseconds(m.duration_ms)));
    if m.outcome != StepOutcome::Passed {
        facts.push(("message", m.message.clone()));
    }
    facts
}

fn took(entry: &Entry, state: &RunState) -> Option<(&'static str, String)> {
    let one = state.workstreams.get(entry.event()?.about().workstream?)?;
    let seconds = entry.ts.duration_since(one.since?).as_secs_f64();
    one.until.map(|_| ("took", span(seconds)))
}

fn milliseconds(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a duration is shown with two or three digits")]
    let seconds = ms as f64 / 1000.0;
    span(seconds)
}

/// Returns the facts as `name=value`, with quotes around values that have spaces.
#[must_use]
pub fn facts(news: &News) -> String {
    let one = |(name, value): &(&'static str, String)| {
        let value = one_line(value);
        if value.contains(' ') || value.is_empty() { format!("{name}=\"{}\"", value.replace('"', "'")) } else { format!("{name}={value}") }
    };
    news.facts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Returns the facts for a person who reads along: what explains itself goes without its name.
#[must_use]
pub fn words(news: &News) -> String {
    let one = |(name, value): &(&'static str, String)| match *name {
        "attempt" => format!("#{value}"),
        "findings" | "files" | "merges" | "workstreams" => {
            format!("{value} {}", if value == "1" { name.trim_end_matches('s') } else { name })
        }
        _ => one_line(value),
    };
    news.facts.iter().map(one).collect::<Vec<_>>().join("  ")
}
