//! What the log tells about one entry.

use jiff::Timestamp;

use crate::domain::gate::judge::GateOutcome;
use crate::domain::id::{Attempt, ObjectId, PatchId, StepId, ToolId, WorkstreamId};
use crate::domain::integrity::wording;
use crate::domain::ledger::entry::{Body, Entry};
use crate::domain::policy::sandbox::{Network, SandboxLevel};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{GateRun, RunPlanned, StepOutcome, Verdict};
use crate::domain::run::rollback_wording;
use crate::domain::text::one_line;

/// Whether an entry is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was reached.
    Good,
    /// Something went wrong.
    Bad,
    /// Something needs a look.
    Caution,
    /// Neither.
    Neutral,
}

/// The size of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many files it changes.
    pub files: u32,
    /// How many lines it adds.
    pub insertions: u32,
    /// How many lines it removes.
    pub deletions: u32,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub time: Timestamp,
    /// What happened, in two or three words: `patch verified`.
    pub what: String,
    /// Whether that is good.
    pub tone: Tone,
    /// The workstream.
    pub workstream: Option<WorkstreamId>,
    /// The step and its attempt.
    pub step: Option<(StepId, Attempt)>,
    /// The tool.
    pub tool: Option<ToolId>,
    /// The patch.
    pub patch: Option<PatchId>,
    /// The commit.
    pub commit: Option<ObjectId>,
    /// The size of the change.
    pub size: Option<Size>,
    /// Why, or what is said about it.
    pub detail: Option<String>,
}

/// Returns the line for an entry.
#[must_use]
pub fn log_line(entry: &Entry) -> LogLine {
    let event = match &entry.body {
        Body::Known(event) => event,
        Body::Unknown { kind, .. } => return unknown(entry, kind),
    };
    let about = event.about();
    LogLine {
        time: entry.ts,
        what: what(event),
        tone: tone(event),
        workstream: about.workstream.cloned(),
        step: about.step.cloned().zip(about.attempt),
        tool: about.tool.cloned(),
        patch: about.patch,
        commit: about.commit,
        size: size(event),
        detail: detail(event),
    }
}

fn unknown(entry: &Entry, kind: &str) -> LogLine {
    LogLine {
        time: entry.ts,
        what: one_line(&kind.replace('_', " ")),
        tone: Tone::Neutral,
        workstream: None,
        step: None,
        tool: None,
        patch: None,
        commit: None,
        size: None,
        detail: Some("written by a newer git-orc".to_owned()),
    }
}

/// Returns the word for how a step ended.
#[must_use]
pub const fn outcome_word(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Passed => "passed",
        StepOutcome::Failed => "failed",
        StepOutcome::TimedOut => "timed out",
        StepOutcome::NoChange => "changed nothing",
        StepOutcome::Rejected => "rejected",
        StepOutcome::NotStarted => "not started",
        StepOutcome::Cancelled => "cancelled",
        StepOutcome::Interrupted => "interrupted",
        StepOutcome::Skipped => "skipped",
    }
}

/// Returns whether it is good that a step ended so.
#[must_use]
pub const fn outcome_tone(outcome: StepOutcome) -> Tone {
    match outcome {
        StepOutcome::Passed | StepOutcome::Skipped => Tone::Good,
        StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::Rejected | StepOutcome::NotStarted => Tone::Bad,
        StepOutcome::NoChange | StepOutcome::Cancelled | StepOutcome::Interrupted => Tone::Caution,
    }
}

fn what(event: &Event) -> String {
    if let Event::StepFinished(step) = event {
        return format!("step {}", outcome_word(step.outcome));
    }
    if let Event::GateFinished(gate) = event {
        return format!("gate {}", gate.word());
    }
    if let Event::Controlled(control) = event {
        return control.what();
    }
    if let Event::GateChecked(gate) = event {
        return format!("gate {}", gate.outcome.as_str());
    }
    if matches!(event, Event::IntegrityNoted(_)) {
        return "changed meanwhile".to_owned();
    }
    event.kind().replace('_', " ")
}

const fn gate_tone(gate: &GateRun) -> Tone {
    match gate.verdict {
        Verdict::Passed => Tone::Good,
        Verdict::Failed | Verdict::Error if gate.asks => Tone::Caution,
        Verdict::Failed | Verdict::Error => Tone::Bad,
    }
}

fn rollback_tone(event: &Event) -> Tone {
    match event.compensation() {
        Some(action) if action.message.is_none() => Tone::Neutral,
        Some(action) if action.exit_code == Some(0) => Tone::Good,
        Some(_) => Tone::Bad,
        None if matches!(event, Event::RolledBack(_) | Event::RollbackDropped(_)) => Tone::Caution,
        None => Tone::Neutral,
    }
}

#[expect(clippy::too_many_lines, reason = "a table with a line for each kind")]
fn tone(event: &Event) -> Tone {
    match event {
        Event::StepFinished(step) => outcome_tone(step.outcome),
        Event::GateFinished(gate) => gate_tone(gate),
        Event::GoalsMeasured(_) | Event::GoalRound(_) | Event::GoalsSettled(_) => goals_tone(event),
        Event::GateChecked(gate) if gate.outcome == GateOutcome::Passed => Tone::Good,
        Event::RollbackStarted(_) | Event::RollbackPrepared(_) | Event::RolledBack(_) | Event::RollbackDropped(_) => rollback_tone(event),
        Event::CompensationStarted(_) | Event::CompensationFinished(_) => rollback_tone(event),
        Event::RunCompleted(_)
        | Event::IntegrationAdvanced(_)
        | Event::PatchVerified(_)
        | Event::PatchMerged(_)
        | Event::WorkstreamVerified(_)
        | Event::WorkstreamMerged(_)
        | Event::BreakerClosed(_) => Tone::Good,
        Event::GateChecked(_)
        | Event::RunFailed(_)
        | Event::RunAborted(_)
        | Event::PatchRejected(_)
        | Event::PatchQuarantined(_)
        | Event::WorkstreamFailed(_)
        | Event::WorkstreamTimedOut(_)
        | Event::WorkstreamQuarantined(_)
        | Event::WorkstreamAborted(_)
        | Event::IntegrityViolated(_) => Tone::Bad,
        Event::RunPaused(_)
        | Event::RunHalted(_)
        | Event::IntegrationDropped(_)
        | Event::WorktreeKept(_)
        | Event::PatchReverted(_)
        | Event::PatchDropped(_)
        | Event::WorkstreamBlocked(_)
        | Event::WorkstreamRetrying(_)
        | Event::WorkstreamConflicted(_)
        | Event::WorkstreamPaused(_)
        | Event::RecoveryClimbed(_)
        | Event::BreakerOpened(_)
        | Event::IntegrityNoted(_)
        | Event::GateWaived(_)
        | Event::BudgetWarned(_)
        | Event::Escalated(_)
        | Event::Controlled(_)
        | Event::DecisionMade(_) => Tone::Caution,
        Event::RunPlanned(_)
        | Event::RunStarted(_)
        | Event::RunResumed(_)
        | Event::WaveStarted(_)
        | Event::WaveFinished(_)
        | Event::IntegrationPrepared(_)
        | Event::WorktreeCreated(_)
        | Event::WorktreeRemoved(_)
        | Event::StepStarted(_)
        | Event::PatchCreated(_)
        | Event::PatchValidated(_)
        | Event::PatchApplied(_)
        | Event::PatchSuperseded(_)
        | Event::WorkstreamSkipped(_)
        | Event::GarbageCollected(_)
        | Event::ToolRouted(_)
        | Event::BudgetSet(_)
        | Event::SettingsReread(_)
        | Event::StartMoved(_)
        | Event::WorkstreamCreated(_)
        | Event::RunMended(_) => Tone::Neutral,
    }
}

/// Returns whether it is good news how goals stand: it is when each of them is reached, and a caution when they are pursued no further without that.
fn goals_tone(event: &Event) -> Tone {
    if let Event::GoalsSettled(goals) = event {
        return if goals.met == goals.of { Tone::Good } else { Tone::Caution };
    }
    Tone::Neutral
}

fn size(event: &Event) -> Option<Size> {
    if let Event::PatchCreated(m) = event {
        return Some(Size { files: m.files, insertions: m.insertions, deletions: m.deletions });
    }
    event.patch_moved().map(|m| Size { files: m.files, insertions: m.insertions, deletions: m.deletions })
}

/// Tells what programs are held to, if they are.
fn held(level: Option<SandboxLevel>, network: Option<Network>) -> Option<String> {
    let level = level.filter(|level| *level > SandboxLevel::None).map(|level| format!("sandbox {level}"));
    let parts: Vec<String> = level.into_iter().chain(network.map(|network| format!("network {}", network.name()))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn tools_detail(event: &Event) -> Option<String> {
    if let Event::ToolRouted(m) = event {
        return Some(m.routing.reason.clone());
    }
    if let Event::Escalated(m) = event {
        return Some(m.message.clone());
    }
    if let Event::BudgetWarned(m) = event {
        return Some(m.to_string());
    }
    if let Event::BudgetSet(m) = event {
        return Some(m.to_string());
    }
    if let Event::SettingsReread(m) = event {
        return Some(m.to_string());
    }
    if let Event::StartMoved(m) = event {
        return Some(m.to_string());
    }
    if let Event::WorkstreamCreated(m) = event {
        return Some(format!("in {} by {}", m.plan, m.who));
    }
    if let Event::GoalsMeasured(m) = event {
        return Some(m.line());
    }
    if let Event::GoalRound(m) = event {
        return Some(m.line());
    }
    if let Event::GoalsSettled(m) = event {
        return Some(m.message.clone());
    }
    None
}

fn planned(m: &RunPlanned) -> String {
    let again = m.retry_of.map(|run| format!(", again after {run}: {}", m.reason.as_deref().unwrap_or_default()));
    format!("{} onto {}{}", m.name, m.target, again.unwrap_or_default())
}

fn detail(event: &Event) -> Option<String> {
    let names = |ids: &[WorkstreamId]| ids.iter().map(WorkstreamId::as_str).collect::<Vec<_>>().join(", ");
    if let Some(m) = event.workstream_moved() {
        let waits = (!m.on.is_empty()).then(|| format!("waits for {}", names(&m.on)));
        let paths = (!m.paths.is_empty()).then(|| m.paths.join(", "));
        return m.reason.clone().or(waits).or(paths);
    }
    if let Event::RunPlanned(m) = event {
        return Some(planned(m));
    }
    if let Event::RunStarted(m) | Event::RunResumed(m) = event {
        let parts: Vec<String> = m.found.iter().cloned().chain(held(m.sandbox, None)).chain(m.sandbox_notes.iter().cloned()).collect();
        return (!parts.is_empty()).then(|| parts.join("; "));
    }
    if let Event::WaveStarted(m) | Event::WaveFinished(m) = event {
        return Some(format!("wave {}: {}", m.wave, names(&m.workstreams)));
    }
    if let Event::IntegrationPrepared(m) | Event::IntegrationAdvanced(m) | Event::IntegrationDropped(m) = event {
        let merged: Vec<&str> = m.merges.iter().map(|merge| merge.workstream.as_str()).collect();
        return Some(format!("wave {}: {}", m.wave, merged.join(", ")));
    }
    if let Event::StepFinished(m) = event {
        return (m.outcome != StepOutcome::Passed).then(|| m.message.clone());
    }
    if let Event::StepStarted(m) = event {
        let mends = m.of.as_ref().map(|of| format!("mends {of}"));
        let parts: Vec<String> = mends.into_iter().chain(held(m.sandbox, m.network)).collect();
        return (!parts.is_empty()).then(|| parts.join(", "));
    }
    if let Event::GateFinished(m) = event {
        let why = m.remark().map(|why| format!(": {why}")).unwrap_or_default();
        return Some(format!("{} on {}{why}", m.gate, m.subject()));
    }
    if let Event::GateChecked(m) = event {
        return Some(format!("{} on {}: {}", m.gate, m.commit.short(), m.reason));
    }
    if let Event::DecisionMade(m) = event {
        return Some(format!("{} {} by {}: {}", m.about, m.choice.done(), m.who, m.reason));
    }
    if let Event::GateWaived(m) = event {
        return Some(format!("{} by {}: {}", m.gate, m.who, m.reason));
    }
    if let Some(told) = rollback_wording::told(event) {
        return Some(told);
    }
    if let Event::Controlled(m) = event {
        return Some(m.because());
    }
    if let Event::RecoveryClimbed(m) = event {
        return Some(m.reason.clone());
    }
    if let Some(told) = tools_detail(event) {
        return Some(told);
    }
    if let Event::IntegrityViolated(m) | Event::IntegrityNoted(m) = event {
        return Some(wording::reason(m));
    }
    if let Event::WorktreeCreated(m) | Event::WorktreeRemoved(m) | Event::WorktreeKept(m) = event {
        return m.reason.clone();
    }
    event.run_moved().and_then(|m| m.reason.clone()).or_else(|| event.patch_moved().and_then(|m| m.reason.clone()))
}
