//! What should be done next: total, deterministic, idempotent. Nothing here does anything.

use jiff::SignedDuration;

use super::breaker;
use super::brief::Brief;
use super::choosing::Claims;
use super::effect::Effect;
use super::escalation::{Escalated, Trigger};
use super::event::Event;
use super::fact::{BreakerMoved, RunMoved, WaveMoved, WorkstreamMoved};
use super::handled;
use super::next::{self, Action, Short};
use super::spending;
use super::state::{RunState, RunStatus, WavePhase, WorkstreamState, WorkstreamStatus};
use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::text::count;

/// Returns everything that should be under way, and everything that should be recorded. Effects that are under way already are returned
/// again, with the same id.
#[must_use]
pub fn decide(brief: Brief<'_>, state: &RunState) -> Vec<Effect> {
    // A run that was told to wait starts nothing more.
    if state.status != RunStatus::Running || state.control.wish.is_some() {
        return Vec::new();
    }
    let config = state.reread.over(brief.config);
    let brief = Brief { config: &config, ..brief };
    let mut moves = breaker_moves(brief, state);
    moves.extend(spending::warnings(brief, state).into_iter().map(Event::BudgetWarned).map(record));
    moves.extend(escalations(state).into_iter().map(record));
    if !moves.is_empty() {
        return moves;
    }
    let mut out = releases(state);
    if let Some(prepared) = &state.prepared {
        out.push(Effect::Advance(prepared.clone()));
        return out;
    }
    let is_over = state.phase == WavePhase::Waiting && state.wave >= state.waves.len();
    if let Some(last) = handled::halt(brief.plan, state).or_else(|| is_over.then(|| end(state))) {
        out.extend(open_steps(brief, state));
        // The end is told when nothing is under way any more and the last worktree that nobody needs is gone.
        return if out.is_empty() { vec![record(last)] } else { out };
    }
    out.extend(match state.phase {
        WavePhase::Waiting => begin_wave(brief, state),
        WavePhase::Running => drive_wave(brief, state),
    });
    out
}

/// Returns the removal of every worktree that no step will use again.
fn releases(state: &RunState) -> Vec<Effect> {
    let done = |one: &WorkstreamState| {
        let is_done =
            one.status.is_settled() || matches!(one.status, WorkstreamStatus::Verified { .. } | WorkstreamStatus::Conflicted { .. });
        // What a person lets go on, or begin anew, gets another one.
        let is_done = is_done || is_planned(one) || (one.status == WorkstreamStatus::Ready && one.control.keeps_work);
        one.worktree.is_some() && one.open.is_none() && is_done
    };
    state.workstreams.iter().filter(|(_, one)| done(one)).map(release).collect()
}

fn release((id, one): (&WorkstreamId, &WorkstreamState)) -> Effect {
    Effect::Release { workstream: id.clone(), round: one.worktrees }
}

fn record(event: Event) -> Effect {
    Effect::Record(Box::new(event))
}

fn breaker_moves(brief: Brief<'_>, state: &RunState) -> Vec<Effect> {
    let mut out = Vec::new();
    for (tool, one) in &state.breakers {
        match breaker::due_move(one, brief.config.breaker, brief.now) {
            Some(breaker::Move::Open(until)) => {
                out.push(record(Event::BreakerOpened(BreakerMoved { tool: tool.clone(), round: one.round, until: Some(until) })));
            }
            Some(breaker::Move::Close) => {
                out.push(record(Event::BreakerClosed(BreakerMoved { tool: tool.clone(), round: one.round, until: None })));
            }
            None => {}
        }
    }
    out
}

fn wave_number(state: &RunState) -> u32 {
    u32::try_from(state.wave + 1).unwrap_or(u32::MAX)
}

fn first_failure(state: &RunState) -> Option<&WorkstreamId> {
    let bad = |one: &WorkstreamState| match &one.status {
        WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Quarantined { .. }
        | WorkstreamStatus::Aborted { .. } => true,
        // What a person made wait did not fail.
        WorkstreamStatus::Paused { .. } => !one.control.is_held,
        WorkstreamStatus::Planned
        | WorkstreamStatus::Ready
        | WorkstreamStatus::Blocked { .. }
        | WorkstreamStatus::Skipped { .. }
        | WorkstreamStatus::InProgress
        | WorkstreamStatus::Validating
        | WorkstreamStatus::Retrying { .. }
        | WorkstreamStatus::Verified { .. }
        | WorkstreamStatus::Conflicted { .. }
        | WorkstreamStatus::Merged { .. }
        | WorkstreamStatus::Reverted { .. } => false,
    };
    state.workstreams.iter().find(|(_, one)| bad(one)).map(|(id, _)| id)
}

fn moved(id: &WorkstreamId, one: &WorkstreamState, reason: Option<String>) -> WorkstreamMoved {
    WorkstreamMoved { reason, ..WorkstreamMoved::new(id.clone(), one.round) }
}

/// Returns the steps that are under way, which come to their end although nothing more is started.
fn open_steps<'a>(brief: Brief<'a>, state: &'a RunState) -> impl Iterator<Item = Effect> + 'a {
    let open = state.workstreams.iter().filter(|(_, one)| one.open.is_some());
    open.filter_map(move |work| match next::action(brief, state, work, &Claims::default()) {
        Action::Step(order) => Some(Effect::RunStep(*order)),
        Action::Nothing | Action::Hold | Action::Record(_) | Action::Wait(_) | Action::Short(_) => None,
    })
}

fn begin_wave(brief: Brief<'_>, state: &RunState) -> Vec<Effect> {
    // What a person lets begin anew may have left a worktree that is on its way out.
    let is_leaving = |id: &WorkstreamId| state.workstreams.get(id).is_some_and(|one| one.worktree.is_some() && is_planned(one));
    if state.current_wave().iter().any(is_leaving) {
        return Vec::new();
    }
    if let Some(ended) = state.wave_ended.filter(|_| brief.plan.wave_delay_sec > 0) {
        let wait = SignedDuration::from_secs(i64::try_from(brief.plan.wave_delay_sec).unwrap_or(i64::MAX));
        let due = ended.checked_add(wait).unwrap_or(ended);
        if brief.now < due {
            return vec![Effect::WaitUntil(due)];
        }
    }
    if brief.config.fluid.is_some() && state.wave > 0 && state.reread.wave < wave_number(state) {
        return vec![Effect::Reread(wave_number(state))];
    }
    let mut out = Vec::new();
    let mut ready = Vec::new();
    let failure = first_failure(state).filter(|_| brief.plan.fail_fast);
    for id in state.current_wave() {
        let Some(one) = state.workstreams.get(id).filter(|one| is_planned(one) && one.wave == wave_number(state)) else { continue };
        let on = waits_for(brief.plan, state, id);
        if let Some(failure) = failure {
            out.push(record(Event::WorkstreamSkipped(moved(id, one, Some(format!("{failure} failed and the plan fails fast"))))));
        } else if on.is_empty() {
            ready.push(id.clone());
        } else {
            out.push(record(Event::WorkstreamBlocked(WorkstreamMoved { on, ..moved(id, one, None) })));
        }
    }
    out.push(record(Event::WaveStarted(WaveMoved { wave: wave_number(state), tip: state.tip, workstreams: ready })));
    out
}

fn is_planned(one: &WorkstreamState) -> bool {
    one.status == WorkstreamStatus::Planned
}

fn waits_for(plan: &CheckedPlan, state: &RunState, id: &WorkstreamId) -> Vec<WorkstreamId> {
    let is_done = |dep: &&WorkstreamId| state.workstreams.get(*dep).is_some_and(WorkstreamState::lets_dependents_begin);
    let without = |dep: &&WorkstreamId| {
        state.workstreams.get(id).is_some_and(|one| one.control.without.iter().any(|missing| missing.workstream == **dep))
    };
    let wanted = |dep: &&WorkstreamId| !is_done(dep) && !without(dep);
    plan.workstream(id).map(|w| w.depends_on.iter().filter(wanted).cloned().collect()).unwrap_or_default()
}

/// Returns the event that ends the run.
fn end(state: &RunState) -> Event {
    let mut waiting = Vec::new();
    let mut missed = Vec::new();
    for (id, one) in state.workstreams.iter().filter(|(_, one)| !one.lets_dependents_begin()) {
        match &one.status {
            WorkstreamStatus::Merged { .. } => {}
            WorkstreamStatus::Skipped { .. } if one.control.is_left_out => {}
            WorkstreamStatus::Paused { reason } => waiting.push(format!("{id}: {reason}")),
            WorkstreamStatus::Planned
            | WorkstreamStatus::Ready
            | WorkstreamStatus::Blocked { .. }
            | WorkstreamStatus::Skipped { .. }
            | WorkstreamStatus::InProgress
            | WorkstreamStatus::Validating
            | WorkstreamStatus::Failed { .. }
            | WorkstreamStatus::TimedOut { .. }
            | WorkstreamStatus::Aborted { .. }
            | WorkstreamStatus::Quarantined { .. }
            | WorkstreamStatus::Retrying { .. }
            | WorkstreamStatus::Verified { .. }
            | WorkstreamStatus::Conflicted { .. }
            | WorkstreamStatus::Reverted { .. } => missed.push(format!("{id} ({})", one.status.word())),
        }
    }
    let moved = |reason| RunMoved { round: state.round, tip: state.tip, reason };
    if !waiting.is_empty() {
        return Event::RunPaused(moved(Some(format!("a person is needed for {}", waiting.join("; ")))));
    }
    if missed.is_empty() {
        return Event::RunCompleted(moved(None));
    }
    let all = count(state.workstreams.len(), "workstream");
    Event::RunFailed(moved(Some(format!("{} of {all} not merged: {}", missed.len(), missed.join(", ")))))
}

fn drive_wave(brief: Brief<'_>, state: &RunState) -> Vec<Effect> {
    let members: Vec<_> = state.current_wave().iter().filter_map(|id| state.workstreams.get(id).map(|one| (id, one))).collect();
    let mut out = Vec::new();
    if let Some(failure) = first_failure(state).filter(|_| brief.plan.fail_fast) {
        for (id, one) in members.iter().filter(|(_, one)| one.status == WorkstreamStatus::Ready) {
            out.push(record(Event::WorkstreamSkipped(moved(id, one, Some(format!("{failure} failed and the plan fails fast"))))));
        }
        if !out.is_empty() {
            return out;
        }
    }
    // What was undone while the run waited is no ground to begin on, or to go on from.
    for (id, one) in members.iter().filter(|(_, one)| one.status == WorkstreamStatus::Ready && one.worktree.is_none()) {
        let on = waits_for(brief.plan, state, id);
        if !on.is_empty() {
            out.push(record(Event::WorkstreamBlocked(WorkstreamMoved { on, ..moved(id, one, None) })));
        }
    }
    if !out.is_empty() {
        return out;
    }
    let mut slots = brief.config.max_workers.max(1);
    let mut waiting = false;
    let (mut claims, mut shorts) = (Claims::default(), Vec::new());
    // What runs has its slot. Workstreams that have begun come before those that have not; all in the order of the wave.
    let has_begun = |one: &WorkstreamState| !matches!(one.status, WorkstreamStatus::Ready | WorkstreamStatus::Retrying { .. });
    let rank = |one: &WorkstreamState| (one.open.is_none(), !has_begun(one));
    let mut ordered = members.clone();
    ordered.sort_by_key(|(_, one)| rank(one));
    for (id, one) in ordered {
        match next::action(brief, state, (id, one), &claims) {
            Action::Nothing => {}
            Action::Hold => waiting = true,
            Action::Record(events) => out.extend(events.into_iter().map(record)),
            Action::Wait(at) => {
                waiting = true;
                out.push(Effect::WaitUntil(at));
            }
            Action::Short(short) => shorts.push((id, short)),
            Action::Step(order) if slots > 0 => {
                slots -= 1;
                if let Some(tool) = order.tool.as_ref().filter(|_| one.open.is_none()) {
                    claims.claim(tool, order.routing.as_ref());
                }
                out.push(Effect::RunStep(*order));
            }
            Action::Step(_) => waiting = true,
        }
    }
    if !out.is_empty() || waiting {
        return out;
    }
    settle_wave(brief.plan, state, &shorts)
}

/// Ends the driving of a run in which nothing can go on: it waits for a person, with everything recorded and no worktree left.
fn hold_run(state: &RunState, shorts: &[(&WorkstreamId, Short)]) -> Vec<Effect> {
    let held = shorts.iter().filter_map(|(id, _)| state.workstreams.get_key_value(*id));
    let left: Vec<Effect> = held.filter(|(_, one)| one.worktree.is_some()).map(release).collect();
    if !left.is_empty() {
        return left;
    }
    let reasons = |of_money: bool| {
        let said = shorts.iter().filter_map(|(id, short)| match short {
            Short::Money(reason) if of_money => Some(format!("{id}: {reason}")),
            Short::Tools(reason) if !of_money => Some(format!("{id}: {reason}")),
            Short::Money(_) | Short::Tools(_) => None,
        });
        said.collect::<Vec<_>>().join("; ")
    };
    let (money, tools) = (reasons(true), reasons(false));
    let (trigger, message) = if tools.is_empty() { (Trigger::BudgetSpent, money) } else { (Trigger::SafeMode, tools) };
    let moved = RunMoved { round: state.round, tip: state.tip, reason: Some(message.clone()) };
    let escalated = Event::Escalated(Escalated { trigger, round: state.drivers, tool: None, held: None, message });
    let end = if trigger == Trigger::SafeMode { Event::RunHalted(moved) } else { Event::RunPaused(moved) };
    vec![record(escalated), record(end)]
}

/// Returns what a person should be told of the tools and was not told yet.
fn escalations(state: &RunState) -> Vec<Event> {
    let unusable = state.tools.iter().filter_map(|(tool, one)| {
        let message = one.unusable.clone()?;
        Some(Escalated { trigger: Trigger::ToolUnusable, round: state.drivers, tool: Some(tool.clone()), held: None, message })
    });
    let open = state.breakers.iter().filter(|(_, one)| one.until.is_some()).map(|(tool, one)| {
        let message = format!("{tool} failed {} times in a row and is left alone for a while", one.failures);
        Escalated { trigger: Trigger::BreakerOpen, round: one.round, tool: Some(tool.clone()), held: None, message }
    });
    unusable.chain(open).filter(|one| !state.escalated.contains(&one.name())).map(Event::Escalated).collect()
}

/// Merges what is verified; then the wave is over, unless some of it waits for a person.
fn settle_wave(plan: &CheckedPlan, state: &RunState, shorts: &[(&WorkstreamId, Short)]) -> Vec<Effect> {
    let wave = wave_number(state);
    let verified =
        |id: &&WorkstreamId| state.workstreams.get(*id).is_some_and(|one| matches!(one.status, WorkstreamStatus::Verified { .. }));
    let members = state.current_wave();
    let in_plan_order = plan.workstreams.iter().map(|w| &w.id).filter(|id| members.contains(id));
    let workstreams: Vec<_> = in_plan_order.filter(verified).cloned().collect();
    if !workstreams.is_empty() {
        return vec![Effect::Integrate { wave, workstreams }];
    }
    if !shorts.is_empty() {
        return hold_run(state, shorts);
    }
    vec![record(Event::WaveFinished(WaveMoved { wave, tip: state.tip, workstreams: members.to_vec() }))]
}
