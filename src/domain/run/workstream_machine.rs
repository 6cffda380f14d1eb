//! The machine of a workstream, and how the end of a step moves it along.

use jiff::Timestamp;

use super::event::Event;
use super::fact::{Climbed, Rung, StepFinished, StepOutcome, StepRole, StepStarted, WorkstreamMoved};
use super::goals::fold;
use super::handling::Rounds;
use super::machine_error::IllegalTransition;
use super::oscillation::{FixLoop, Signal};
use super::state::{Conflict, LastStep, OpenStep, WorkstreamState, WorkstreamStatus};
use crate::domain::id::{ObjectId, StepId, ToolId};
use crate::domain::policy::budget::Spent;
use crate::domain::tool::failure::Failure;

/// How many rounds of a FIX loop are remembered; windows may be at most this long.
pub const HISTORY: usize = 32;

/// Starts an attempt.
///
/// # Errors
/// Returns [`IllegalTransition`] when another step is open, or the workstream is in no state from which a step may start.
pub fn step_started(one: &mut WorkstreamState, started: &StepStarted, ts: Timestamp) -> Result<(), IllegalTransition> {
    let refuse = |from: &str| Err(IllegalTransition::new(format!("workstream {}", started.workstream), from, "step_started"));
    if one.open.is_some() {
        return refuse("with an open step");
    }
    let fresh_tip = match &one.status {
        WorkstreamStatus::Ready | WorkstreamStatus::InProgress | WorkstreamStatus::Validating | WorkstreamStatus::Retrying { .. } => None,
        WorkstreamStatus::Conflicted { tip, .. } => Some(*tip),
        WorkstreamStatus::Planned
        | WorkstreamStatus::Blocked { .. }
        | WorkstreamStatus::Skipped { .. }
        | WorkstreamStatus::Paused { .. }
        | WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Aborted { .. }
        | WorkstreamStatus::Quarantined { .. }
        | WorkstreamStatus::Verified { .. }
        | WorkstreamStatus::Merged { .. }
        | WorkstreamStatus::Reverted { .. } => return refuse(one.status.word()),
    };
    // Every attempt to resolve counts, not only the first one after the conflict; doing the work again counts once.
    one.resolves += u32::from(fresh_tip.is_some() || started.role == StepRole::Resolve);
    if let Some(tip) = fresh_tip {
        one.start = Some(tip);
        one.fix = FixLoop::default();
        one.tries = 0;
    }
    one.next = started.index as usize;
    if let Some(tool) = started.tool.as_ref().filter(|tool| !tool.is_fixers()) {
        one.newest_tool = Some(tool.clone());
    }
    match started.role {
        StepRole::Edit if started.index == 0 => {
            one.tip = None;
            one.resolved = false;
            one.tries += 1;
            one.fix = FixLoop::default();
            one.goals.start_over();
        }
        StepRole::Edit | StepRole::Improve => one.tries += 1,
        StepRole::Fix if is_of_fixers(started.tool.as_ref()) => seen_by_fixers(one),
        StepRole::Resolve => fold::resolving(one),
        StepRole::Static | StepRole::Runtime | StepRole::Fix | StepRole::Measure => {}
    }
    one.status = match started.role {
        StepRole::Edit | StepRole::Fix | StepRole::Resolve | StepRole::Improve => WorkstreamStatus::InProgress,
        StepRole::Static | StepRole::Runtime | StepRole::Measure => WorkstreamStatus::Validating,
    };
    one.control.keeps_work = false;
    one.attempts.insert(started.step.clone(), started.attempt);
    one.since.get_or_insert(ts);
    one.open = Some(OpenStep {
        step: started.step.clone(),
        role: started.role,
        attempt: started.attempt,
        tool: started.tool.clone(),
        of: started.of.clone(),
        since: ts,
    });
    Ok(())
}

/// Ends an attempt.
///
/// # Errors
/// Returns [`IllegalTransition`] when it is not the open one.
pub fn step_finished(one: &mut WorkstreamState, finished: &StepFinished) -> Result<(), IllegalTransition> {
    let open = match one.open.take() {
        Some(open) if open.step == finished.step && open.attempt == finished.attempt => open,
        other => {
            one.open = other;
            return Err(IllegalTransition::new(format!("workstream {}", finished.workstream), "without that open step", "step_finished"));
        }
    };
    let is_free = finished.failure.as_ref().is_some_and(Failure::costs_nothing);
    // What the workstream could do nothing about costs it no attempt.
    let cut_short = is_free || matches!(finished.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled);
    let has_waited = finished.failure.as_ref().is_some_and(Failure::is_a_wait);
    one.limits = if has_waited { one.limits + 1 } else { 0 };
    pay(one, finished);
    let passed = finished.outcome.lets_go_on();
    end_rounds(one, open.role, finished.outcome);
    one.phased.take(open.role, finished, one.fix.of.as_ref());
    match open.role {
        StepRole::Edit if passed => {
            one.next += 1;
            one.tries = 0;
        }
        StepRole::Improve if passed => fold::improved(one),
        StepRole::Edit | StepRole::Improve if cut_short => one.tries = one.tries.saturating_sub(1),
        StepRole::Measure => fold::measure_finished(one, finished),
        StepRole::Static | StepRole::Runtime if passed => {
            one.next += 1;
            one.fix = next_loop(one, None);
        }
        StepRole::Static | StepRole::Runtime if !cut_short => check_failed(one, finished),
        StepRole::Fix if is_of_fixers(open.tool.as_ref()) => {
            if cut_short {
                one.fix.seen_by_fixers.pop();
            } else {
                seen_by_fixers(one);
            }
            // Fixers that mended nothing leave everything as the check left it.
            if !passed {
                return Ok(());
            }
        }
        StepRole::Fix if !cut_short => one.fix.iterations += 1,
        StepRole::Resolve if passed => (one.next, one.resolved) = (0, true),
        StepRole::Resolve if cut_short => one.resolves = one.resolves.saturating_sub(1),
        StepRole::Edit | StepRole::Improve | StepRole::Static | StepRole::Runtime | StepRole::Fix | StepRole::Resolve => {}
    }
    if let Some(review) = &finished.review {
        one.review.clone_from(review);
    }
    one.last = Some(LastStep {
        step: finished.step.clone(),
        role: open.role,
        attempt: finished.attempt,
        outcome: finished.outcome,
        message: finished.message.clone(),
        findings: finished.findings.clone(),
        output: finished.output.as_ref().map(|o| o.path.clone()),
        failure: finished.failure.clone(),
    });
    Ok(())
}

/// Rounds by a policy are of one step: the next one begins to count anew.
fn end_rounds(one: &mut WorkstreamState, role: StepRole, outcome: StepOutcome) {
    if outcome.lets_go_on() && role != StepRole::Fix {
        one.rounds = Rounds::default();
    }
}

fn pay(one: &mut WorkstreamState, finished: &StepFinished) {
    if finished.usage.is_some() {
        one.last_spent = Spent::of(finished.usage.as_ref(), finished.duration_ms);
        one.spent += one.last_spent;
    }
}

fn is_of_fixers(tool: Option<&ToolId>) -> bool {
    tool.is_some_and(ToolId::is_fixers)
}

/// Remembers that the fixers know the tree of the tip.
fn seen_by_fixers(one: &mut WorkstreamState) {
    let seen = &one.fix.seen_by_fixers;
    let Some(tree) = one.tip_tree().filter(|tree| !seen.contains(tree)) else { return };
    one.fix.seen_by_fixers.push(tree);
    if one.fix.seen_by_fixers.len() > HISTORY {
        one.fix.seen_by_fixers.remove(0);
    }
}

/// Returns the loop of another check. What fixers have seen they need not see again.
fn next_loop(one: &mut WorkstreamState, of: Option<StepId>) -> FixLoop {
    FixLoop { of, seen_by_fixers: std::mem::take(&mut one.fix.seen_by_fixers), ..FixLoop::default() }
}

fn check_failed(one: &mut WorkstreamState, finished: &StepFinished) {
    if one.fix.of.as_ref() != Some(&finished.step) {
        one.fix = next_loop(one, Some(finished.step.clone()));
    }
    let mut findings: Vec<String> = finished.findings.iter().map(|f| f.fingerprint.clone()).collect();
    findings.sort();
    findings.dedup();
    let newest = one.patches.iter().rev().find(|p| Some(p.commit) == one.tip);
    // What fixers did after a tool belongs to the round of that tool.
    let earlier = if newest.is_some_and(|p| p.tool.is_fixers()) { one.fix.history.pop() } else { None };
    let patch = earlier.map_or_else(|| newest.map(|p| p.digest.clone()), |signal| signal.patch);
    one.fix.history.push(Signal { tree: newest.map(|p| p.tree), findings, patch });
    if one.fix.history.len() > HISTORY {
        one.fix.history.remove(0);
    }
    one.fix.findings.clone_from(&finished.findings);
    one.fix.output = finished.output.as_ref().map(|o| o.path.clone());
}

/// Puts a workstream on another rung: a fresh loop with another context or tool.
pub fn climbed(one: &mut WorkstreamState, climbed: &Climbed) {
    one.rung = climbed.rung;
    one.tool = Some(climbed.tool.clone());
    one.tried.extend(climbed.from.clone());
    one.newest_tool = None;
    if let Some(last) = &mut one.last {
        last.failure = None;
    }
    one.climbs += 1;
    one.tries = 0;
    one.fix.iterations = 0;
    one.fix.history.clear();
}

/// Makes a workstream try once more what somebody may have mended meanwhile, also the tools that it had given up because of that.
pub fn look_again(one: &mut WorkstreamState, mended: &[ToolId]) {
    one.tried.retain(|tool| !mended.contains(tool));
    if let Some(last) = &mut one.last {
        last.failure = None;
    }
    one.limits = 0;
}

/// Makes a workstream that has not been merged begin again.
pub fn start_over(one: &mut WorkstreamState) {
    one.status = WorkstreamStatus::Planned;
    one.start = None;
    one.tip = None;
    one.next = 0;
    one.tries = 0;
    one.resolves = 0;
    one.conflict = None;
    one.resolved = false;
    one.open = None;
    one.fix = FixLoop::default();
    one.rung = Rung::SameTool;
    one.tool = None;
    one.tried.clear();
    one.newest_tool = None;
    one.limits = 0;
    one.until = None;
    one.breach = None;
    one.review.clear();
    one.phased.start_over();
    one.control.begin_anew();
    one.goals.start_over();
    one.rounds = Rounds::default();
}

/// Moves a workstream.
///
/// # Errors
/// Returns [`IllegalTransition`] for a move that the machine does not list.
pub fn moved(one: &mut WorkstreamState, event: &Event, moved: &WorkstreamMoved, ts: Timestamp) -> Result<(), IllegalTransition> {
    let refused = |from: &str| IllegalTransition::new(format!("workstream {}", moved.workstream), from, event.kind());
    let Some(to) = target(event, moved, one.tip) else { return Err(refused("without a commit")) };
    // Work that a person lets go on may have no step left.
    let is_through = one.control.keeps_work && one.status == WorkstreamStatus::Ready && matches!(to, WorkstreamStatus::Verified { .. });
    if !is_through && !is_legal(&one.status, &to) {
        return Err(refused(one.status.word()));
    }
    if to.is_settled() {
        one.until = Some(ts);
        one.open = None;
        let wish = one.control.wish.take();
        one.control.is_held = wish.is_some() && matches!(to, WorkstreamStatus::Paused { .. });
    }
    if let WorkstreamStatus::Conflicted { commit, tip, paths } = &to {
        one.conflict = Some(Conflict { commit: *commit, tip: *tip, paths: paths.clone() });
    }
    if moved.policy.is_some() {
        another_round(one, ts);
    }
    one.status = to;
    one.control.keeps_work = false;
    one.round += 1;
    Ok(())
}

/// A policy lets a workstream try once more: with a fresh loop, by whichever tool comes first.
fn another_round(one: &mut WorkstreamState, ts: Timestamp) {
    one.rounds.done += 1;
    one.rounds.since.get_or_insert(ts);
    one.tries = 0;
    one.fix.iterations = 0;
    one.fix.history.clear();
    one.rung = Rung::SameTool;
    one.tool = None;
    one.tried.clear();
}

/// Returns where a workstream event leads; `None` when it lacks what that state holds.
fn target(event: &Event, moved: &WorkstreamMoved, tip: Option<ObjectId>) -> Option<WorkstreamStatus> {
    use WorkstreamStatus as S;
    let reason = moved.reason.clone().unwrap_or_default();
    let commit = moved.commit.or(tip);
    let ended = |event: &Event, reason: String| {
        if matches!(event, Event::WorkstreamFailed(_)) {
            S::Failed { reason }
        } else if matches!(event, Event::WorkstreamTimedOut(_)) {
            S::TimedOut { reason }
        } else if matches!(event, Event::WorkstreamQuarantined(_)) {
            S::Quarantined { reason }
        } else if matches!(event, Event::WorkstreamAborted(_)) {
            S::Aborted { reason }
        } else {
            S::Paused { reason }
        }
    };
    if matches!(event, Event::WorkstreamBlocked(_)) {
        Some(S::Blocked { on: moved.on.clone() })
    } else if matches!(event, Event::WorkstreamSkipped(_)) {
        Some(S::Skipped { reason })
    } else if matches!(event, Event::WorkstreamRetrying(_)) {
        moved.at.map(|at| S::Retrying { at })
    } else if matches!(event, Event::WorkstreamVerified(_)) {
        commit.map(|commit| S::Verified { commit })
    } else if matches!(event, Event::WorkstreamConflicted(_)) {
        commit.zip(moved.tip).map(|(commit, tip)| S::Conflicted { commit, tip, paths: moved.paths.clone() })
    } else if matches!(event, Event::WorkstreamMerged(_)) {
        moved.merge.map(|merge| S::Merged { merge })
    } else {
        Some(ended(event, reason))
    }
}

/// Returns whether a workstream may go from one state to another by an event of its own.
#[must_use]
pub fn is_legal(from: &WorkstreamStatus, to: &WorkstreamStatus) -> bool {
    use WorkstreamStatus as S;
    match to {
        S::Blocked { .. } => matches!(from, S::Planned | S::Ready),
        // Of one that has begun it may turn out that nothing was due.
        S::Skipped { .. } => matches!(from, S::Planned | S::Ready | S::Blocked { .. } | S::InProgress | S::Validating),
        S::Retrying { .. } => matches!(from, S::InProgress | S::Validating),
        S::Verified { .. } => matches!(from, S::InProgress | S::Validating),
        S::Conflicted { .. } | S::Merged { .. } => matches!(from, S::Verified { .. }),
        S::Failed { .. } | S::TimedOut { .. } => {
            matches!(from, S::Ready | S::InProgress | S::Validating | S::Retrying { .. } | S::Conflicted { .. })
        }
        S::Quarantined { .. } => {
            matches!(from, S::InProgress | S::Validating | S::Retrying { .. } | S::Verified { .. } | S::Conflicted { .. })
        }
        S::Aborted { .. } => !from.is_settled(),
        S::Paused { .. } => matches!(from, S::Ready | S::InProgress | S::Validating | S::Retrying { .. } | S::Conflicted { .. }),
        S::Planned | S::Ready | S::InProgress | S::Validating | S::Reverted { .. } => false,
    }
}
