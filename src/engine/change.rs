//! EDIT, FIX and RESOLVE steps: a tool changes files; what it left is captured, then judged.

use super::cached::{self, Told};
use super::capture::{self, Found, Judged};
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::recorder::Recorder;
use super::watch::{self, Told as Reported};
use super::work::{self, Worked};
use super::{fixers, place, replay, resolve};
use crate::domain::plan::model::Workstream;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome, StepRole};
use crate::domain::run::state::RunState;
use crate::domain::run::verdict::{Verdict, captured, verdict};
use crate::domain::tool::price::priced;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::io::clock::Stopwatch;

/// How many remarks about a change the ledger keeps besides the reason.
const MOST_TOLD: usize = 20;

/// Runs a step that changes files and records what came of it.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let watch = Stopwatch::start();
    let plan = place::workstream(cx, order)?;
    let tool = order.tool.as_ref().and_then(|id| cx.tools.acting(id));
    let Some(profile) = tool else {
        let name = order.tool.as_ref().map(ToString::to_string).unwrap_or_default();
        return Err(ExecuteError::Inconsistent(format!(
            "the tool `{name}` is no longer known; give its profile back, then run `git orc resume`"
        )));
    };
    let Told { result, wanted, note } = cached::change(cx, order, profile, state).await?;
    let mut worked = match result {
        Some(known) => known,
        None => done(cx, order, profile, state).await?,
    };
    worked.notes.splice(..0, note);
    let result = cached::whole(&worked.found);
    let Reported { mut events, stop } = watch::told(cx, order, profile.integrity);
    if let Some(reason) = &stop {
        worked.message.clone_from(reason);
        worked.outcome = if worked.outcome == StepOutcome::Cancelled { StepOutcome::Cancelled } else { StepOutcome::Rejected };
    }
    let found = std::mem::take(&mut worked.found);
    for found in found {
        events.extend(patch_events(cx, order, (plan, state), (found, stop.as_deref(), &mut worked)).await?);
    }
    let is_to_blame = worked.failure.as_ref().is_some_and(|failure| failure.class.counts_for_breaker());
    // A person who gives up is no tool that is broken.
    let is_to_blame = is_to_blame && !profile.is_by_hand();
    let outcome = worked.outcome;
    events.push(Event::StepFinished(StepFinished {
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        tool_fault: profile.is_prompted() && is_to_blame,
        ..finished(cx, order, worked)
    }));
    recorder.record(events).await?;
    if let (Some(wanted), Some(tree), StepOutcome::Passed) = (wanted, result, outcome) {
        cached::keep(cx, wanted, tree).await;
    }
    Ok(())
}

/// Lets whoever does the step do it, watched.
async fn done(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, state: &RunState) -> Result<Worked, ExecuteError> {
    watch::enter(cx, &watch::name(order), Some(profile)).await?;
    let worked = match (&profile.kind, order.role) {
        (ToolKind::Replay, _) => replay::run(cx, order, state).await?,
        (ToolKind::Fixers, _) => fixers::run(cx, order, state).await?,
        (_, StepRole::Resolve) => resolve::run(cx, order, profile, state).await?,
        (_, _) => work::run(cx, order, profile, state).await?,
    };
    watch::leave(cx, &watch::name(order)).await?;
    Ok(worked)
}

/// Returns what is recorded of the end of an attempt.
fn finished(cx: &RunContext, order: &StepOrder, worked: Worked) -> StepFinished {
    StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: order.tool.clone(),
        outcome: worked.outcome,
        message: worked.message,
        notes: worked.notes,
        tool_fault: false,
        exit_code: worked.exit_code,
        duration_ms: 0,
        output: worked.output,
        findings: Vec::new(),
        review: worked.review,
        failure: worked.failure,
        usage: worked.usage.map(|usage| priced(usage, cx.clock.now(), &cx.prices)),
        cached: worked.cached,
    }
}

/// Returns what the step tells besides the first reason: the others, and what is only noted.
fn told(wrong: &[String], review: &[String], notes: Vec<String>) -> Vec<String> {
    let reviewed = review.iter().skip(usize::from(wrong.is_empty()));
    let mut told: Vec<String> = wrong.iter().skip(1).chain(reviewed).cloned().chain(notes).collect();
    if told.len() > MOST_TOLD {
        let more = told.len() - MOST_TOLD;
        told.truncate(MOST_TOLD);
        told.push(format!("{more} more remarks are not told"));
    }
    told
}

/// Captures one found tree, then says what becomes of it: the tip of the workstream, quarantine, or put aside.
async fn patch_events(
    cx: &RunContext,
    order: &StepOrder,
    (plan, state): (&Workstream, &RunState),
    (found, stop, worked): (Found, Option<&str>, &mut Worked),
) -> Result<Vec<Event>, ExecuteError> {
    let start = place::commit(state, &order.workstream, place::Stand::Start)?;
    let (own, order_own, plan_own) = (cx.clone(), order.clone(), plan.clone());
    let tool = order.tool.clone().ok_or_else(|| ExecuteError::Inconsistent("a step that changes files has no tool".to_owned()))?;
    let (created, judged) = blocking(move || {
        let created = capture::commit(&own, &order_own, &tool, &found)?;
        let judged = capture::judge(&own, &plan_own, start, &found)?;
        Ok((created, judged))
    })
    .await?;
    if let Some(reason) = stop {
        let quarantined = Event::PatchQuarantined(captured(&created, Some(reason.to_owned())));
        return Ok(vec![Event::PatchCreated(created), quarantined]);
    }
    let said = (worked.outcome, std::mem::take(&mut worked.message));
    let Judged { wrong, review, notes } = judged;
    let Verdict { events, outcome, message } = verdict(&created, &wrong, said);
    worked.notes.extend(told(&wrong, &review, notes));
    worked.review = Some(review);
    (worked.outcome, worked.message) = (outcome, message);
    Ok(events)
}
