//! The subject of an entry's commit: one line that reads well in plain `git log`.

use super::entry::{Body, Entry};
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{PatchMoved, StepOutcome, Verdict, WorkstreamMoved};
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

fn run_subject(event: &Event) -> Option<String> {
    if let Some(m) = event.run_moved() {
        let word = if matches!(event, Event::RunPaused(_)) {
            "paused"
        } else if matches!(event, Event::RunHalted(_)) {
            "halted"
        } else if matches!(event, Event::RunCompleted(_)) {
            "completed"
        } else if matches!(event, Event::RunFailed(_)) {
            "failed"
        } else {
            "aborted"
        };
        return Some(format!("run {word} at {}{}", m.tip.short(), because(m.reason.as_ref())));
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
    let line = |word: &str, m: &PatchMoved| {
        let size = format!("{}, +{} -{}", count(m.files as usize, "file"), m.insertions, m.deletions);
        Some(format!("patch {word}: {} {} #{} by {} ({size}){}", m.workstream, m.step, m.attempt, m.tool, because(m.reason.as_ref())))
    };
    if let Event::PatchValidated(m) = event {
        return line("validated", m);
    }
    if let Event::PatchRejected(m) = event {
        return line("rejected", m);
    }
    if let Event::PatchApplied(m) = event {
        return line("applied", m);
    }
    if let Event::PatchVerified(m) = event {
        return line("verified", m);
    }
    if let Event::PatchSuperseded(m) = event {
        return line("superseded", m);
    }
    if let Event::PatchQuarantined(m) = event {
        return line("quarantined", m);
    }
    if let Event::PatchMerged(m) = event {
        return line("merged", m);
    }
    if let Event::PatchReverted(m) = event {
        return line("reverted", m);
    }
    if let Event::PatchDropped(m) = event {
        return line("dropped", m);
    }
    None
}

fn workstream_word(event: &Event) -> &'static str {
    if matches!(event, Event::WorkstreamBlocked(_)) {
        "blocked"
    } else if matches!(event, Event::WorkstreamSkipped(_)) {
        "skipped"
    } else if matches!(event, Event::WorkstreamRetrying(_)) {
        "retrying"
    } else if matches!(event, Event::WorkstreamVerified(_)) {
        "verified"
    } else if matches!(event, Event::WorkstreamConflicted(_)) {
        "conflicted"
    } else if matches!(event, Event::WorkstreamMerged(_)) {
        "merged"
    } else if matches!(event, Event::WorkstreamFailed(_)) {
        "failed"
    } else if matches!(event, Event::WorkstreamTimedOut(_)) {
        "timed out"
    } else if matches!(event, Event::WorkstreamQuarantined(_)) {
        "quarantined"
    } else if matches!(event, Event::WorkstreamAborted(_)) {
        "aborted"
    } else {
        "paused"
    }
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

fn rest(event: &Event) -> String {
    if let Some(m) = event.workstream_moved() {
        return format!("workstream {}: {}{}", workstream_word(event), m.workstream, workstream_tail(m));
    }
    if let Event::WaveStarted(m) = event {
        return format!("wave {} started at {}: {}", m.wave, m.tip.short(), names(&m.workstreams));
    }
    if let Event::WaveFinished(m) = event {
        return format!("wave {} finished at {}", m.wave, m.tip.short());
    }
    if let Event::IntegrationPrepared(m) = event {
        return format!("integration prepared: wave {}, {} as {}", m.wave, count(m.merges.len(), "merge"), m.commit.short());
    }
    if let Event::IntegrationAdvanced(m) = event {
        return format!("integration advanced: wave {}, {} as {}", m.wave, count(m.merges.len(), "merge"), m.commit.short());
    }
    if let Event::IntegrationDropped(m) = event {
        return format!("integration dropped: wave {}, the branch had moved", m.wave);
    }
    if let Event::GateFinished(m) = event {
        let word = match m.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Error => "could not run",
        };
        return format!("gate {word}: {} on wave {} ({})", m.gate, m.wave, names(&m.workstreams));
    }
    if let Event::WorktreeCreated(m) = event {
        return format!("worktree created: {}", m.workstream);
    }
    if let Event::WorktreeRemoved(m) = event {
        return format!("worktree removed: {}{}", m.workstream, because(m.reason.as_ref()));
    }
    if let Event::WorktreeKept(m) = event {
        return format!("worktree kept: {}{}", m.workstream, because(m.reason.as_ref()));
    }
    if let Event::RecoveryClimbed(m) = event {
        return format!("recovery climbed: {} with {}: {}", m.workstream, m.tool, m.reason);
    }
    if let Event::BreakerOpened(m) = event {
        return format!("breaker opened: {}", m.tool);
    }
    if let Event::BreakerClosed(m) = event {
        return format!("breaker closed: {}", m.tool);
    }
    String::from("event")
}
