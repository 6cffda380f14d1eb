//! The moves that only a person can make: what may be told to a run or a workstream where it stands, and what it changes.
//!
//! Folding a control is total. One that does not fit any more, because something else was recorded first, changes nothing and is remembered
//! as ignored; it never makes a ledger unreadable. Work that is under way is never moved from outside: a wish is left, and whoever drives the
//! run carries it out by the ordinary moves.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::behind::comes_along;
use super::control::{Controlled, IGNORED_KEPT, Missing, Overridden, Verb, Wish};
use super::event::Event;
use super::fact::{RunMoved, StepOutcome, StepRole};
use super::oscillation::FixLoop;
use super::state::{RunState, RunStatus, WavePhase, WorkstreamState, WorkstreamStatus};
use super::workstream_machine::start_over;
use crate::domain::id::{ObjectId, StepId, WorkstreamId};

/// The error for a control that does not fit where the run or the workstream stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} can not be {}: it is {stands}", .verb.done())]
pub struct Unfitting {
    /// The run or the workstream.
    pub what: String,
    /// What it was told.
    pub verb: Verb,
    /// Where it stands.
    pub stands: String,
}

/// Returns whether a control fits where things stand.
///
/// # Errors
/// Returns [`Unfitting`] when it does not.
pub fn require(state: &RunState, verb: Verb, workstream: Option<&WorkstreamId>) -> Result<(), Unfitting> {
    let Some(id) = workstream else {
        let refused = |stands: &str| Unfitting { what: "the run".to_owned(), verb, stands: stands.to_owned() };
        return require_run(state, verb).map_err(|stands| refused(&stands));
    };
    let refused = |stands: String| Unfitting { what: format!("workstream {id}"), verb, stands };
    if state.status.is_terminal() {
        return Err(refused(format!("part of a run that is {}", state.status.word())));
    }
    let one = state.workstreams.get(id).ok_or_else(|| refused("unknown".to_owned()))?;
    if fits(one, verb) { Ok(()) } else { Err(refused(stands(one))) }
}

/// Returns what can be told to a run or a workstream where it stands.
#[must_use]
pub fn possible(state: &RunState, workstream: Option<&WorkstreamId>) -> Vec<Verb> {
    Verb::ALL.into_iter().filter(|verb| require(state, *verb, workstream).is_ok()).collect()
}

fn require_run(state: &RunState, verb: Verb) -> Result<(), String> {
    let wish = state.control.wish.as_ref().map(|wish| wish.verb);
    let fits = match verb {
        Verb::Pause => state.status == RunStatus::Running && wish.is_none(),
        Verb::Halt => state.status == RunStatus::Running && wish != Some(Verb::Halt),
        Verb::Resume => !state.status.is_terminal(),
        Verb::Retry | Verb::Skip | Verb::Override => false,
    };
    let stands = match wish {
        Some(wish) if state.status == RunStatus::Running => format!("about to be {}", wish.done()),
        Some(_) | None => state.status.word().to_owned(),
    };
    if fits { Ok(()) } else { Err(stands) }
}

fn stands(one: &WorkstreamState) -> String {
    match &one.control.wish {
        Some(wish) => format!("about to be {}", wish.verb.done()),
        None if !one.review.is_empty() && matches!(one.status, WorkstreamStatus::Verified { .. }) => {
            "waiting for a review, which is decided about".to_owned()
        }
        None => one.status.word().replace('_', " "),
    }
}

/// Returns whether a verb fits where a workstream of a run that is not over stands.
fn fits(one: &WorkstreamState, verb: Verb) -> bool {
    use WorkstreamStatus as S;
    let wish = one.control.wish.as_ref().map(|wish| wish.verb);
    let is_ahead = matches!(one.status, S::Planned | S::Ready | S::InProgress | S::Validating | S::Retrying { .. } | S::Conflicted { .. });
    let has_failed = matches!(one.status, S::Failed { .. } | S::TimedOut { .. } | S::Aborted { .. } | S::Quarantined { .. });
    let is_paused = matches!(one.status, S::Paused { .. });
    match verb {
        Verb::Pause => is_ahead && wish.is_none(),
        Verb::Halt => is_ahead && wish != Some(Verb::Halt),
        Verb::Resume => is_paused || wish.is_some(),
        Verb::Retry => is_paused || has_failed,
        Verb::Skip => is_paused || has_failed || matches!(one.status, S::Planned | S::Ready | S::Blocked { .. }),
        Verb::Override => matches!(one.status, S::Blocked { .. }) || failed_check(one).is_some(),
    }
}

/// Returns the check that a workstream came to stand at, and the tip on which it failed, when a person may answer for it. Work that broke a
/// rule, or that was changed by somebody else, is nothing to answer for.
#[must_use]
pub fn failed_check(one: &WorkstreamState) -> Option<(StepId, ObjectId)> {
    use WorkstreamStatus as S;
    if !matches!(one.status, S::Paused { .. } | S::Failed { .. } | S::TimedOut { .. }) || one.breach.is_some() || one.open.is_some() {
        return None;
    }
    let last = one.last.as_ref()?;
    let has_failed = matches!(last.outcome, StepOutcome::Failed | StepOutcome::TimedOut);
    let check = match last.role {
        StepRole::Static | StepRole::Runtime => has_failed.then(|| last.step.clone()),
        StepRole::Fix if last.outcome != StepOutcome::Rejected => one.fix.of.clone(),
        StepRole::Edit | StepRole::Fix | StepRole::Resolve | StepRole::Measure | StepRole::Improve => None,
    };
    check.zip(one.tip)
}

/// Folds a control that was recorded at `ts`.
pub fn controlled(state: &mut RunState, control: &Controlled, ts: Timestamp) {
    state.control.count += 1;
    let fitting = require(state, control.verb, control.workstream.as_ref()).map_err(|error| error.to_string());
    if let Err(why) = fitting.and_then(|()| carry_out(state, control, ts)) {
        state.control.ignored.push(format!("{} ({}): {why}", control.what(), control.because()));
        if state.control.ignored.len() > IGNORED_KEPT {
            state.control.ignored.remove(0);
        }
    }
}

fn carry_out(state: &mut RunState, control: &Controlled, ts: Timestamp) -> Result<(), String> {
    let wish = || Some(Wish { verb: control.verb, because: control.because() });
    let Some(id) = &control.workstream else {
        state.control.wish = if control.verb == Verb::Resume { None } else { wish() };
        return Ok(());
    };
    let one = state.workstreams.get_mut(id).ok_or("it is unknown")?;
    match control.verb {
        Verb::Pause | Verb::Halt => one.control.wish = wish(),
        Verb::Resume if !matches!(one.status, WorkstreamStatus::Paused { .. }) => one.control.wish = None,
        Verb::Resume => go_on(state, control),
        Verb::Retry => {
            one.control.retry_of = control.retry_of;
            put_behind(state, control, Work::Anew);
        }
        Verb::Skip => {
            one.status = WorkstreamStatus::Skipped { reason: control.because() };
            one.control.begin_anew();
            one.control.is_left_out = true;
            one.until = Some(ts);
            one.round += 1;
        }
        Verb::Override => return answer_for(state, control),
    }
    Ok(())
}

/// Lets a workstream go on because a person answers for what keeps it from that.
fn answer_for(state: &mut RunState, control: &Controlled) -> Result<(), String> {
    let id = control.workstream.as_ref().ok_or("it names no workstream")?;
    let one = state.workstreams.get_mut(id).ok_or("it is unknown")?;
    if let WorkstreamStatus::Blocked { on } = &one.status {
        let missing = on.iter().map(|dep| Missing { workstream: dep.clone(), because: control.because() });
        one.control.without.extend(missing);
        put_behind(state, control, Work::Anew);
        return Ok(());
    }
    let (step, on) = failed_check(one).ok_or("no check of it failed")?;
    if control.on != Some(on) || control.step.as_ref() != Some(&step) {
        return Err(format!("it stands at {step} on {} by now", on.short()));
    }
    one.control.overridden.push(Overridden { step, on, because: control.because() });
    one.next += 1;
    // What fixers have seen they need not see again.
    one.fix = FixLoop { seen_by_fixers: std::mem::take(&mut one.fix.seen_by_fixers), ..FixLoop::default() };
    go_on(state, control);
    Ok(())
}

/// What becomes of the work that a workstream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It goes on with it.
    Kept,
    /// It begins from scratch.
    Anew,
}

/// Lets a workstream go on with its work: in its wave while that runs, else in one behind the others.
fn go_on(state: &mut RunState, control: &Controlled) {
    let Some(id) = &control.workstream else { return };
    if is_in_running_wave(state, id) {
        let tip = state.tip;
        if let Some(one) = state.workstreams.get_mut(id) {
            let start = if is_unresolved(one) { Some(tip) } else { one.start };
            revive(one, Work::Kept);
            one.status = WorkstreamStatus::Ready;
            one.start = start;
        }
        return;
    }
    put_behind(state, control, Work::Kept);
}

/// Returns whether the wave of a workstream runs, so that it can go on where it stands.
#[must_use]
pub fn is_in_running_wave(state: &RunState, id: &WorkstreamId) -> bool {
    state.phase == WavePhase::Running && state.current_wave().contains(id)
}

const fn is_unresolved(one: &WorkstreamState) -> bool {
    one.conflict.is_some() && !one.resolved
}

/// Makes a workstream ready to be planned: with its work as it stands, where that is wished and it has any, else from scratch.
pub fn revive(one: &mut WorkstreamState, work: Work) {
    if work == Work::Anew || one.tip.is_none() || is_unresolved(one) {
        start_over(one);
    } else {
        one.open = None;
        one.until = None;
        one.tries = 0;
        one.limits = 0;
        one.fix.iterations = 0;
        one.fix.history.clear();
        one.control.keeps_work = true;
        one.control.is_held = false;
        one.status = WorkstreamStatus::Planned;
        if let Some(last) = &mut one.last {
            last.failure = None;
        }
    }
    one.control.wish = None;
    one.round += 1;
}

/// Puts waves behind the others: that of the workstream, and those of the ones that wait for it.
fn put_behind(state: &mut RunState, control: &Controlled, work: Work) {
    let Some(id) = &control.workstream else { return };
    let mut done = BTreeSet::new();
    let mut waves: Vec<Vec<WorkstreamId>> = Vec::new();
    let may_move = |other: &WorkstreamId| state.workstreams.get(other).is_some_and(comes_along);
    for wave in &control.waves {
        waves.push(wave.iter().filter(|other| (*other == id || may_move(other)) && done.insert((*other).clone())).cloned().collect());
    }
    if !done.contains(id) {
        waves.insert(0, vec![id.clone()]);
    }
    for wave in waves.into_iter().filter(|wave| !wave.is_empty()) {
        state.waves.push(wave.clone());
        let number = u32::try_from(state.waves.len()).unwrap_or(u32::MAX);
        for other in wave {
            let Some(one) = state.workstreams.get_mut(&other) else { continue };
            one.wave = number;
            // One whose turn has not come has only another turn.
            if other == *id || one.status != WorkstreamStatus::Planned {
                revive(one, if other == *id { work } else { Work::Anew });
            }
        }
    }
}

/// Returns the event that ends the driving of a run that was told to wait, once nothing is under way any more.
#[must_use]
pub fn parting(state: &RunState, flying: &HashSet<String>) -> Option<Event> {
    let wish = state.control.wish.as_ref().filter(|_| state.status == RunStatus::Running && flying.is_empty())?;
    let moved = RunMoved { round: state.round, tip: state.tip, reason: Some(wish.because.clone()) };
    Some(if wish.verb == Verb::Halt { Event::RunHalted(moved) } else { Event::RunPaused(moved) })
}

#[cfg(test)]
mod tests;
