//! The subject of an entry's commit: one line that reads well in plain `git log`.

use super::entry::{Body, Entry};
use crate::domain::gate::judge::GateOutcome;
use crate::domain::id::WorkstreamId;
use crate::domain::integrity::wording::headline;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, WorkstreamMoved};
use crate::domain::run::rollback_wording;
use crate::domain::text::{clip, count, one_line};

/// Returns the subject, at most 120 characters, safe to show.
#[must_use]
pub fn subject(entry: &Entry) -> String {
    let text = match &entry.body {
        Body::Unknown { kind, .. } => format!("{}: (written by a newer git-orc)", kind.replace('_', " ")),
        Body::Known(event) => {
            run_subject(event).or_else(|| step_subject(event)).or_else(|| patch_subject(event)).unwrap_or_else(|| rest(event))
        }
    };
    clip(&one_line(&text), 120)
}

fn because(reason: Option<&String>) -> String {
    reason.map(|r| format!(": {r}")).unwrap_or_default()
}

fn names(list: &[WorkstreamId]) -> String {
    list.iter().map(WorkstreamId::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns the words of a kind: `workstream_timed_out` are `workstream` and `timed out`.
fn words(event: &Event) -> (&'static str, String) {
    let kind = event.kind();
    let (noun, verb) = kind.split_once('_').unwrap_or((kind, ""));
    (noun, verb.replace('_', " "))
}

fn run_subject(event: &Event) -> Option<String> {
    if let Some(m) = event.run_moved() {
        return Some(format!("run {} at {}{}", words(event).1, m.tip.short(), because(m.reason.as_ref())));
    }
    if let Event::RunPlanned(m) = event {
        let all: usize = m.waves.iter().map(Vec::len).sum();
        return Some(format!(
            "run planned: {}, {} in {} onto {}",
            m.name,
            count(all, "workstream"),
            count(m.waves.len(), "wave"),
            m.target
        ));
    }
    if let Event::RunStarted(m) = event {
        return Some(format!("run started by git-orc {}", m.version));
    }
    if let Event::RunResumed(m) = event {
        return Some(format!("run resumed by git-orc {} ({})", m.version, count(m.found.len(), "thing") + " mended"));
    }
    None
}

fn step_subject(event: &Event) -> Option<String> {
    if let Event::StepStarted(m) = event {
        let by = m.tool.as_ref().map(|t| format!(" by {t}")).unwrap_or_default();
        let of = m.of.as_ref().map(|s| format!(" of {s}")).unwrap_or_default();
        return Some(format!("step started: {} {} #{}{of}{by}", m.workstream, m.step, m.attempt));
    }
    if let Event::StepFinished(m) = event {
        let word = match m.outcome {
            StepOutcome::Passed => "passed",
            StepOutcome::Failed => "failed",
            StepOutcome::TimedOut => "timed out",
            StepOutcome::NoChange => "changed nothing",
            StepOutcome::Rejected => "was rejected",
            StepOutcome::NotStarted => "could not start",
            StepOutcome::Cancelled => "was cancelled",
            StepOutcome::Interrupted => "was interrupted",
            StepOutcome::Skipped => "skipped",
        };
        let tail = if m.outcome == StepOutcome::Passed { String::new() } else { because(Some(&m.message)) };
        return Some(format!("step {word}: {} {} #{}{tail}", m.workstream, m.step, m.attempt));
    }
    None
}

fn patch_subject(event: &Event) -> Option<String> {
    if let Event::PatchCreated(m) = event {
        return Some(format!(
            "patch created: {} {} #{} by {} ({}, +{} -{})",
            m.workstream,
            m.step,
            m.attempt,
            m.tool,
            count(m.files as usize, "file"),
            m.insertions,
            m.deletions
        ));
    }
    let m = event.patch_moved()?;
    let size = format!("{}, +{} -{}", count(m.files as usize, "file"), m.insertions, m.deletions);
    Some(format!(
        "patch {}: {} {} #{} by {} ({size}){}",
        words(event).1,
        m.workstream,
        m.step,
        m.attempt,
        m.tool,
        because(m.reason.as_ref())
    ))
}

fn workstream_tail(m: &WorkstreamMoved) -> String {
    let mut out = because(m.reason.as_ref());
    if !m.on.is_empty() {
        out.push_str(&format!(" (waits for {})", names(&m.on)));
    }
    if !m.paths.is_empty() {
        out.push_str(&format!(" ({})", m.paths.join(", ")));
    }
    if let Some(merge) = m.merge {
        out.push_str(&format!(" as {}", merge.short()));
    }
    out
}

/// Returns the subject of what is told about tools as such, and about what they may cost.
fn tools_subject(event: &Event) -> Option<String> {
    if let Event::ToolRouted(m) = event {
        return Some(format!("tool routed: {} {} #{} to {}: {}", m.workstream, m.step, m.attempt, m.tool, m.routing.reason));
    }
    if let Event::Escalated(m) = event {
        return Some(format!("escalated: {}: {}", m.trigger.name().replace('_', " "), m.message));
    }
    if let Event::BudgetWarned(m) = event {
        return Some(format!("budget warned: {m}"));
    }
    if let Event::BudgetSet(m) = event {
        return Some(format!("budget set: {m}"));
    }
    if let Event::SettingsReread(m) = event {
        return Some(format!("settings reread: {m}"));
    }
    if let Event::StartMoved(m) = event {
        return Some(format!("start moved: {} {m}", m.workstream));
    }
    if let Event::WorkstreamCreated(m) = event {
        return Some(format!("workstream created: {} in {}", m.workstream, m.plan));
    }
    if let Event::GoalsMeasured(m) = event {
        return Some(format!("goals measured: {} {}", m.workstream, m.line()));
    }
    if let Event::GoalRound(m) = event {
        return Some(format!("goal round: {} {}", m.workstream, m.line()));
    }
    if let Event::GoalsSettled(m) = event {
        return Some(format!("goals settled: {}: {}", m.workstream, m.message));
    }
    None
}

fn rest(event: &Event) -> String {
    let (noun, verb) = words(event);
    if let Some(m) = event.workstream_moved() {
        return format!("workstream {verb}: {}{}", m.workstream, workstream_tail(m));
    }
    if let Event::WaveStarted(m) | Event::WaveFinished(m) = event {
        let tail = if matches!(event, Event::WaveStarted(_)) { format!(": {}", names(&m.workstreams)) } else { String::new() };
        return format!("wave {} {verb} at {}{tail}", m.wave, m.tip.short());
    }
    if let Event::IntegrationPrepared(m) | Event::IntegrationAdvanced(m) | Event::IntegrationDropped(m) = event {
        return format!("integration {verb}: wave {}, {} as {}", m.wave, count(m.merges.len(), "merge"), m.commit.short());
    }
    if let Event::GateFinished(m) = event {
        return format!("gate {}: {} on {} ({}){}", m.word(), m.gate, m.subject(), names(&m.workstreams), because(m.remark()));
    }
    if let Event::GateChecked(m) = event {
        let why = if m.outcome == GateOutcome::Passed { String::new() } else { format!(": {}", m.reason) };
        return format!("gate {}: {} on {}{why}", m.outcome.as_str(), m.gate, m.commit.short());
    }
    if let Event::GateWaived(m) = event {
        return format!("gate waived: {} on {}: {}", m.gate, m.commit.short(), m.reason);
    }
    if let Event::WorktreeCreated(m) | Event::WorktreeRemoved(m) | Event::WorktreeKept(m) = event {
        return format!("worktree {verb}: {}{}", m.workstream, because(m.reason.as_ref()));
    }
    if let Event::RecoveryClimbed(m) = event {
        return format!("recovery climbed: {} with {}: {}", m.workstream, m.tool, m.reason);
    }
    if let Event::GarbageCollected(m) = event {
        let dropped: Vec<String> = m.dropped.iter().map(|one| format!(", patch {}", one.commit.short())).collect();
        let files = count(usize::try_from(m.files).unwrap_or(usize::MAX), "local file");
        return format!(
            "garbage collected: {files}, {}, {}{}",
            count(m.refs.len(), "ref"),
            count(m.worktrees.len(), "worktree"),
            dropped.concat()
        );
    }
    if let Some(told) = rollback_wording::told(event) {
        return format!("{noun} {verb}: {told}");
    }
    if let Event::DecisionMade(m) = event {
        return format!("decision made: {} {} on {}: {}", m.about, m.choice.done(), m.on.short(), m.reason);
    }
    if let Event::Controlled(m) = event {
        return format!("controlled: {}: {}", m.what(), m.reason);
    }
    if let Event::RunMended(m) = event {
        return format!("run mended: {}", m.done.join("; "));
    }
    if let Event::BreakerOpened(m) | Event::BreakerClosed(m) = event {
        return format!("breaker {verb}: {}", m.tool);
    }
    if let Some(text) = tools_subject(event) {
        return text;
    }
    if let Event::IntegrityViolated(m) | Event::IntegrityNoted(m) = event {
        return format!("integrity {verb}: {}: {}", m.who(), headline(m));
    }
    format!("{noun} {verb}")
}
