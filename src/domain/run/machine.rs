//! The fold: how an event changes the state of a run.
//!
//! A move that the machines do not list is an error value, never a panic; terminal states are immutable.

use jiff::Timestamp;

use super::controlling::{Work, controlled, revive};
use super::event::Event;
use super::fact::{BreakerMoved, GateRecord, GateRun, RunDriven, RunMoved, RunPlanned, StepFinished, StepOutcome, Verdict, WaveMoved};
use super::machine_error::IllegalTransition;
use super::routed::ToolRouted;
use super::standing::{Breaker, forgive};
use super::start_move::move_start;
use super::state::{RunState, RunStatus, WavePhase, WorkstreamState, WorkstreamStatus};
use super::tending::Waiting;
use super::{goals, patch_machine, rollback_machine, workstream_machine};
use crate::domain::id::{ToolId, WorkstreamId};
use crate::domain::integrity::fact::{Consequence, IntegrityReport};
use crate::domain::integrity::wording;
use crate::domain::ledger::entry::Entry;
use crate::domain::policy::budget::Spent;
use crate::domain::tool::failure::Failure;
use crate::domain::tool::strategy::Strategy;

/// How many of the newest reports on integrity a state holds; the ledger has them all.
const REPORTS_KEPT: usize = 100;

/// Folds an entry into the state. An entry of a newer version changes nothing but the count.
///
/// # Errors
/// Returns [`IllegalTransition`] for a move that the machines do not list; the state is then unchanged in that respect.
pub fn apply(state: &mut RunState, entry: &Entry) -> Result<(), IllegalTransition> {
    if let Some(event) = entry.event() {
        apply_event(state, event, entry.ts)?;
    }
    state.entries += 1;
    state.last = Some(entry.id);
    state.updated = Some(entry.ts);
    Ok(())
}

/// Folds an event that happened at `ts` into the state.
///
/// # Errors
/// Returns [`IllegalTransition`] for a move that the machines do not list.
pub fn apply_event(state: &mut RunState, event: &Event, ts: Timestamp) -> Result<(), IllegalTransition> {
    if let Some(moved) = event.run_moved() {
        return run_moved(state, event, moved);
    }
    if let Some(moved) = event.workstream_moved() {
        let one = workstream(state, &moved.workstream)?;
        workstream_machine::moved(one, event, moved, ts)?;
        return Ok(());
    }
    if let Event::PatchReverted(moved) = event {
        return patch_machine::moved(state.undone(&moved.workstream)?, event, moved);
    }
    if let Some(moved) = event.patch_moved() {
        return patch_machine::moved(under_way(state, &moved.workstream)?, event, moved);
    }
    if let Event::PatchCreated(created) = event {
        patch_machine::created(under_way(state, &created.workstream)?, created);
        return Ok(());
    }
    if let Event::StepStarted(started) = event {
        workstream_machine::step_started(workstream(state, &started.workstream)?, started, ts)?;
        if let Some(tool) = &started.tool {
            state.tools.entry(tool.clone()).or_default().started(ts);
        }
        return Ok(());
    }
    if let Event::StepFinished(finished) = event {
        workstream_machine::step_finished(under_way(state, &finished.workstream)?, finished)?;
        note_tool(state, finished, ts);
        return Ok(());
    }
    apply_rest(state, event, ts)
}

fn apply_rest(state: &mut RunState, event: &Event, ts: Timestamp) -> Result<(), IllegalTransition> {
    if let Event::RunPlanned(planned) = event {
        return run_planned(state, planned, ts);
    }
    if let Event::RunStarted(driven) | Event::RunResumed(driven) = event {
        return run_driven(state, driven, ts);
    }
    if let Event::WaveStarted(wave) = event {
        return wave_started(state, wave);
    }
    if let Event::WaveFinished(wave) = event {
        return wave_finished(state, wave, ts);
    }
    if let Event::IntegrationPrepared(integration) = event {
        state.prepared = Some(integration.clone());
    }
    if let Event::IntegrationDropped(_) = event {
        state.prepared = None;
    }
    if let Event::IntegrationAdvanced(integration) = event {
        state.prepared = None;
        state.tip = integration.commit;
    }
    if let Event::GateFinished(gate) = event {
        gate_finished(state, gate);
    }
    ground_told(state, event)?;
    if let Event::RecoveryClimbed(climbed) = event {
        workstream_machine::climbed(workstream(state, &climbed.workstream)?, climbed);
    }
    if let Event::IntegrityViolated(report) | Event::IntegrityNoted(report) = event {
        integrity_told(state, report)?;
    }
    tools_told(state, event, ts)?;
    rollback_machine::told(state, event)?;
    goals_told(state, event)?;
    if event.is_of_repository() {
        return Err(IllegalTransition::new("a run".to_owned(), state.status.word(), event.kind()));
    }
    // Whoever tends a run changes nothing of what happened in it, and may do so when it is over.
    if let Event::DecisionMade(decided) = event {
        state.decisions.push(decided.clone());
    }
    if let Event::Controlled(control) = event {
        controlled(state, control, ts);
    }
    if event.tended().is_some() {
        state.tended += 1;
    }
    Ok(())
}

/// Folds where workstreams begin and where they work.
fn ground_told(state: &mut RunState, event: &Event) -> Result<(), IllegalTransition> {
    if let Event::WorktreeCreated(moved) = event {
        let one = workstream(state, &moved.workstream)?;
        one.worktree = Some(moved.path.clone());
        one.worktrees += 1;
    }
    if let Event::WorktreeRemoved(moved) | Event::WorktreeKept(moved) = event {
        // A removal that was under way when the run began to wait comes to its end all the same.
        let one = if state.status.is_terminal() { None } else { state.workstreams.get_mut(&moved.workstream) };
        let illegal = || IllegalTransition::new(format!("workstream {}", moved.workstream), state.status.word(), event.kind());
        let one = one.ok_or_else(illegal)?;
        one.worktree = None;
        one.worktrees += 1;
    }
    if let Event::StartMoved(moved) = event {
        under_way(state, &moved.workstream)?;
        move_start(state, moved)?;
    }
    Ok(())
}

/// Folds what is told about tools as such, and about what they may cost.
fn tools_told(state: &mut RunState, event: &Event, ts: Timestamp) -> Result<(), IllegalTransition> {
    if let Event::BreakerOpened(moved) | Event::BreakerClosed(moved) = event {
        breaker_moved(state, moved, ts);
    }
    if let Event::ToolRouted(routed) = event {
        tool_routed(state, routed)?;
    }
    if let Event::BudgetWarned(warned) = event {
        state.purse.warned.push(warned.name());
    }
    if let Event::BudgetSet(set) = event {
        state.purse.set(set);
    }
    if let Event::SettingsReread(read) = event {
        state.purse.settings.extend(read.budgets.iter().copied());
        state.reread.take(read);
    }
    if let Event::Escalated(escalated) = event {
        state.escalated.push(escalated.name());
    }
    Ok(())
}

/// Folds what is told about goals.
fn goals_told(state: &mut RunState, event: &Event) -> Result<(), IllegalTransition> {
    if let Event::GoalsMeasured(told) = event {
        goals::fold::measured(under_way(state, &told.workstream)?, told);
    }
    if let Event::GoalRound(told) = event {
        goals::fold::round(workstream(state, &told.workstream)?, told);
    }
    if let Event::GoalsSettled(told) = event {
        goals::fold::settled(workstream(state, &told.workstream)?, told);
    }
    Ok(())
}

fn gate_finished(state: &mut RunState, gate: &GateRun) {
    let reasons = || gate.reason.iter().cloned().collect();
    let asked = gate.asks.then(|| Waiting { about: gate.gate.clone(), on: gate.tree, reasons: reasons() });
    *(if gate.rollback.is_some() { &mut state.rollbacks.asked } else { &mut state.asked }) = asked;
    if gate.verdict == Verdict::Error || gate.advisory {
        return;
    }
    let output = gate.output.as_ref().map(|o| o.path.clone());
    state.gates.push(GateRecord { gate: gate.gate.clone(), wave: gate.wave, tree: gate.tree, verdict: gate.verdict, output });
}

fn workstream<'a>(state: &'a mut RunState, id: &WorkstreamId) -> Result<&'a mut WorkstreamState, IllegalTransition> {
    let status = state.status;
    if status != RunStatus::Running {
        return Err(IllegalTransition::new(format!("workstream {id} of a run"), status.word(), "a change"));
    }
    state.workstreams.get_mut(id).ok_or_else(|| IllegalTransition::new(format!("workstream {id}"), "unknown", "a change"))
}

fn integrity_told(state: &mut RunState, report: &IntegrityReport) -> Result<(), IllegalTransition> {
    if let (Some(id), Consequence::Stopped) = (&report.workstream, report.consequence) {
        under_way(state, id)?.breach = Some(wording::reason(report));
    }
    state.integrity.push(report.clone());
    if state.integrity.len() > REPORTS_KEPT {
        state.integrity.remove(0);
    }
    Ok(())
}

/// What was under way when the run began to wait comes to its end, and what it left is told: only what is over does not change.
fn under_way<'a>(state: &'a mut RunState, id: &WorkstreamId) -> Result<&'a mut WorkstreamState, IllegalTransition> {
    if !matches!(state.status, RunStatus::Paused | RunStatus::Halted) {
        return workstream(state, id);
    }
    state.workstreams.get_mut(id).ok_or_else(|| IllegalTransition::new(format!("workstream {id}"), "unknown", "a change"))
}

fn run_planned(state: &mut RunState, planned: &RunPlanned, ts: Timestamp) -> Result<(), IllegalTransition> {
    if state.entries > 0 {
        return Err(IllegalTransition::new("the run", state.status.word(), "run_planned"));
    }
    state.name.clone_from(&planned.name);
    state.base = planned.base;
    state.target.clone_from(&planned.target);
    state.tip = planned.tip;
    state.started = Some(ts);
    extend_waves(state, &planned.waves);
    Ok(())
}

fn extend_waves(state: &mut RunState, waves: &[Vec<WorkstreamId>]) {
    for wave in waves {
        state.waves.push(wave.clone());
        let number = u32::try_from(state.waves.len()).unwrap_or(u32::MAX);
        for id in wave {
            let one = state.workstreams.entry(id.clone()).or_insert_with(|| WorkstreamState::planned(number));
            one.wave = number;
            // What a person made wait is taken up where it stood; everything else begins anew.
            // One whose turn has not come has only another turn.
            if one.control.is_held {
                revive(one, Work::Kept);
            } else if one.status != WorkstreamStatus::Planned {
                workstream_machine::start_over(one);
            }
        }
    }
}

fn run_driven(state: &mut RunState, driven: &RunDriven, ts: Timestamp) -> Result<(), IllegalTransition> {
    let from = state.status;
    if from.is_terminal() {
        return Err(IllegalTransition::new("the run", from.word(), "run_resumed"));
    }
    state.status = RunStatus::Running;
    state.reason = None;
    state.pid = Some(driven.pid);
    state.drivers += 1;
    if driven.round > 0 {
        state.gates.retain(|gate| gate.verdict == Verdict::Passed);
        let mended = forgive(&mut state.tools);
        for one in state.workstreams.values_mut() {
            workstream_machine::look_again(one, &mended);
        }
        for breaker in state.breakers.values_mut() {
            breaker.since = breaker.until.and(Some(ts));
        }
    }
    extend_waves(state, &driven.waves);
    Ok(())
}

fn run_moved(state: &mut RunState, event: &Event, moved: &RunMoved) -> Result<(), IllegalTransition> {
    let to = if matches!(event, Event::RunPaused(_)) {
        RunStatus::Paused
    } else if matches!(event, Event::RunHalted(_)) {
        RunStatus::Halted
    } else if matches!(event, Event::RunCompleted(_)) {
        RunStatus::Completed
    } else if matches!(event, Event::RunFailed(_)) {
        RunStatus::Failed
    } else {
        RunStatus::Aborted
    };
    let from = state.status;
    let legal = from == RunStatus::Running || (to == RunStatus::Aborted && !from.is_terminal());
    if !legal {
        return Err(IllegalTransition::new("the run", from.word(), event.kind()));
    }
    state.status = to;
    state.reason.clone_from(&moved.reason);
    state.round += 1;
    state.pid = None;
    state.control.wish = None;
    Ok(())
}

fn wave_started(state: &mut RunState, wave: &WaveMoved) -> Result<(), IllegalTransition> {
    if state.phase != WavePhase::Waiting || state.wave + 1 != wave.wave as usize {
        return Err(IllegalTransition::new(format!("wave {}", wave.wave), "running", "wave_started"));
    }
    state.phase = WavePhase::Running;
    for id in &wave.workstreams {
        let one = workstream(state, id)?;
        if one.status != WorkstreamStatus::Planned {
            return Err(IllegalTransition::new(format!("workstream {id}"), one.status.word(), "wave_started"));
        }
        one.status = WorkstreamStatus::Ready;
        // Work that goes on stays on what it was built on.
        one.start = one.start.filter(|_| one.control.keeps_work).or(Some(wave.tip));
    }
    Ok(())
}

fn wave_finished(state: &mut RunState, wave: &WaveMoved, ts: Timestamp) -> Result<(), IllegalTransition> {
    if state.phase != WavePhase::Running || state.wave + 1 != wave.wave as usize {
        return Err(IllegalTransition::new(format!("wave {}", wave.wave), "waiting", "wave_finished"));
    }
    state.phase = WavePhase::Waiting;
    state.wave += 1;
    state.wave_ended = Some(ts);
    Ok(())
}

fn note_tool(state: &mut RunState, finished: &StepFinished, ts: Timestamp) {
    let Some(tool) = finished.tool.as_ref().filter(|_| !finished.cached) else { return };
    state.tools.entry(tool.clone()).or_default().finished(finished, ts);
    if let Some(usage) = &finished.usage {
        state.purse.pay(Spent::of(Some(usage), finished.duration_ms), ts);
    }
    let breaker = breaker(state, tool);
    let is_cut = matches!(finished.outcome, StepOutcome::Cancelled | StepOutcome::Interrupted);
    if finished.tool_fault {
        breaker.failures += 1;
    } else if !is_cut && !finished.failure.as_ref().is_some_and(Failure::costs_nothing) {
        // It works; what was cut short or never got to its work says neither.
        breaker.failures = 0;
    }
}

fn breaker<'a>(state: &'a mut RunState, tool: &ToolId) -> &'a mut Breaker {
    state.breakers.entry(tool.clone()).or_default()
}

fn tool_routed(state: &mut RunState, routed: &ToolRouted) -> Result<(), IllegalTransition> {
    // Where tools take turns or are compared, a workstream stays with the one that it came to.
    if routed.routing.strategy != Strategy::Fixed {
        workstream(state, &routed.workstream)?.tool.get_or_insert_with(|| routed.tool.clone());
    }
    if let Some(capability) = &routed.routing.capability {
        *state.choices.entry(capability.clone()).or_default() += 1;
    }
    Ok(())
}

fn breaker_moved(state: &mut RunState, moved: &BreakerMoved, ts: Timestamp) {
    let breaker = breaker(state, &moved.tool);
    breaker.since = moved.until.and(breaker.since.or(Some(ts)));
    breaker.until = moved.until;
    breaker.counted = if moved.until.is_some() { breaker.failures } else { 0 };
    breaker.round += 1;
}
