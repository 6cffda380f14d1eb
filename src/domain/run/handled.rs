//! What a workstream that can not go on by itself does next, by the handlings of its plan.

use jiff::{SignedDuration, Timestamp};

use super::escalation::{Escalated, Held, Trigger};
use super::event::Event;
use super::fact::{RunMoved, StepOutcome, StepRole, WorkstreamMoved};
use super::handling::{Cause, Handling, Patience, Response};
use super::limits::{Growth, RetryLimits};
use super::retry;
use super::state::{RunState, WorkstreamState};
use crate::domain::id::WorkstreamId;

/// Returns what is recorded when a handling answers: another round, or the end of the work until a person comes.
#[must_use]
pub fn events(answer: &Answer<'_>, run: &RunState, (id, one): (&WorkstreamId, &WorkstreamState), reason: &str) -> Vec<Event> {
    let moved = |reason: String| WorkstreamMoved { reason: Some(reason), ..WorkstreamMoved::new(id.clone(), one.round) };
    let handling = match answer {
        Answer::Again(handling, at) => {
            let policy = Some(handling.name.clone());
            return vec![Event::WorkstreamRetrying(WorkstreamMoved { at: Some(*at), policy, ..moved(reason.to_owned()) })];
        }
        Answer::Done(handling) => handling,
    };
    let told = if handling.notify.is_empty() { String::new() } else { format!("; for {}", handling.notify.join(", ")) };
    let said = format!("{}: {reason}", handling.name);
    let back = if handling.response == Response::Halt {
        format!("; `git orc rollback {}` takes back what it merged", run.run)
    } else {
        String::new()
    };
    let held = Held {
        workstream: id.clone(),
        condition: handling.name.clone(),
        response: handling.response,
        notify: handling.notify.clone(),
        round: one.round,
    };
    let message = format!("{id} is {} ({said}){told}{back}", handling.response.word());
    let escalated = Escalated { trigger: Trigger::WorkHeld, round: run.drivers, tool: None, held: Some(held), message };
    let mut events = vec![Event::Escalated(escalated), Event::WorkstreamPaused(moved(said.clone()))];
    if handling.response == Response::Halt {
        let reason = Some(format!("{id}: {said}{back}"));
        events.push(Event::RunHalted(RunMoved { round: run.round, tip: run.tip, reason }));
    }
    events
}

/// What a handling answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The step is tried again at this time.
    Again(&'a Handling, Timestamp),
    /// Something is done.
    Done(&'a Handling),
}

/// Returns what follows at once, whatever else could be tried: what the last check told of, or the time that ran out.
#[must_use]
pub fn at_once<'a>(all: &'a [Handling], one: &WorkstreamState, now: Timestamp) -> Option<Answer<'a>> {
    let last = one.last.as_ref().filter(|last| !last.outcome.lets_go_on())?;
    let is_check = matches!(last.role, StepRole::Static | StepRole::Runtime);
    let is_due = |handling: &&Handling| match &handling.cause {
        Cause::Found(names) => is_check && last.findings.iter().any(|f| f.rule.as_ref().is_some_and(|rule| names.contains(rule))),
        Cause::TimedOut => last.outcome == StepOutcome::TimedOut,
        Cause::Lacking | Cause::Unmended => false,
    };
    all.iter().find(is_due).map(|handling| answer(handling, one, now))
}

/// Returns what follows when nothing is left that could mend the work.
#[must_use]
pub fn at_last<'a>(all: &'a [Handling], one: &WorkstreamState, now: Timestamp) -> Option<Answer<'a>> {
    let lacks = one.phased.lacks.is_some();
    let is_due = |handling: &&Handling| match handling.cause {
        Cause::Lacking => lacks,
        Cause::Unmended => true,
        Cause::Found(_) | Cause::TimedOut => false,
    };
    all.iter().find(is_due).map(|handling| answer(handling, one, now))
}

fn answer<'a>(handling: &'a Handling, one: &WorkstreamState, now: Timestamp) -> Answer<'a> {
    let rounds = &one.rounds;
    match handling.patience {
        Patience::None => Answer::Done(handling),
        Patience::Rounds { most, .. } if rounds.done + 1 >= most => Answer::Done(handling),
        Patience::Rounds { first_wait_sec, factor, .. } => {
            let limits = RetryLimits {
                max_attempts: u32::MAX,
                initial_delay_sec: first_wait_sec,
                factor,
                max_delay_sec: 86_400.0,
                jitter: 0.0,
                growth: Growth::Exponential,
            };
            Answer::Again(handling, retry::due(now, &limits, rounds.done + 1, &handling.name))
        }
        Patience::Until { most_sec, every_sec } => {
            let end = rounds.since.unwrap_or(now).checked_add(seconds(most_sec)).unwrap_or(now);
            let at = now.checked_add(seconds(every_sec)).unwrap_or(now);
            // A last look at the very end is worth more than one that comes too late.
            if now >= end { Answer::Done(handling) } else { Answer::Again(handling, at.min(end)) }
        }
    }
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(SignedDuration::ZERO)
}
