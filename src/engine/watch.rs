//! The guard around programs: who is at work, and what is told of what changed meanwhile.

use std::sync::Arc;

use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use crate::domain::id::ObjectId;
use crate::domain::integrity::fact::{CHANGES_KEPT, Change, Consequence, IntegrityReport, Thing};
use crate::domain::integrity::wording;
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::tool::profile::{IntegrityMode, ToolProfile};
use crate::io::git::guard::Findings;

/// What is to be told, and what follows from it.
#[derive(Debug, Default)]
pub struct Told {
    /// The events to record.
    pub events: Vec<Event>,
    /// Why the work must not be merged, if it must not.
    pub stop: Option<String>,
}

/// Returns the name under which an attempt is at work.
#[must_use]
pub fn name(order: &StepOrder) -> String {
    format!("{} {} #{}", order.workstream, order.step, order.attempt)
}

/// Says that somebody begins to work; `profile` is that of the tool, if there is one. Whoever is held by a sandbox can not change what is
/// guarded, so a change is the user's then, and is left alone.
///
/// # Errors
/// Returns an error when the repository can not be looked at.
pub async fn enter(cx: &RunContext, who: &str, profile: Option<&ToolProfile>) -> Result<(), ExecuteError> {
    // A person changes their own configuration and branches as they like.
    if profile.is_some_and(ToolProfile::is_by_hand) {
        return Ok(());
    }
    let is_free = |profile| cx.hold.held(profile).level == SandboxLevel::None;
    // The set-up commands of a tool's worktree are held like checks.
    if !is_free(profile) && !is_free(None) {
        return Ok(());
    }
    let (guard, who) = (Arc::clone(&cx.guard), who.to_owned());
    blocking(move || {
        let _span = tracing::trace_span!("guard").entered();
        Ok(guard.enter(&who)?)
    })
    .await
}

/// Says that somebody's programs have ended; what nobody may change is put back. Does nothing the second time.
///
/// # Errors
/// Returns an error when the repository can not be looked at.
pub async fn leave(cx: &RunContext, who: &str) -> Result<(), ExecuteError> {
    let (guard, who) = (Arc::clone(&cx.guard), who.to_owned());
    blocking(move || {
        let _span = tracing::trace_span!("guard").entered();
        Ok(guard.leave(&who)?)
    })
    .await
}

/// Returns what is to be told of an attempt that has ended.
#[must_use]
pub fn told(cx: &RunContext, order: &StepOrder, mode: IntegrityMode) -> Told {
    let report = |changes, consequence| IntegrityReport {
        workstream: Some(order.workstream.clone()),
        step: Some(order.step.clone()),
        attempt: Some(order.attempt),
        ..empty(changes, consequence)
    };
    tell(cx.guard.take(&name(order)), mode, report)
}

/// Returns what is to be told of a gate that has ended on a tree.
#[must_use]
pub fn told_of_gate(cx: &RunContext, gate: &str, (tree, round): (ObjectId, u32)) -> Told {
    let report =
        |changes, consequence| IntegrityReport { gate: Some(gate.to_owned()), tree: Some(tree), round, ..empty(changes, consequence) };
    tell(cx.guard.take(&gate_name(gate)), IntegrityMode::Stop, report)
}

/// Returns the name under which a gate is at work.
#[must_use]
pub fn gate_name(gate: &str) -> String {
    format!("gate {gate}")
}

fn empty(mut changes: Vec<Change>, consequence: Consequence) -> IntegrityReport {
    let more = u32::try_from(changes.len().saturating_sub(CHANGES_KEPT)).unwrap_or(u32::MAX);
    changes.truncate(CHANGES_KEPT);
    IntegrityReport {
        workstream: None,
        step: None,
        attempt: None,
        gate: None,
        tree: None,
        round: 0,
        others: Vec::new(),
        changes,
        more,
        consequence,
    }
}

fn tell(findings: Findings, mode: IntegrityMode, report: impl Fn(Vec<Change>, Consequence) -> IntegrityReport) -> Told {
    let mut told = Told::default();
    let Findings { guarded, noted, others } = findings;
    if !guarded.is_empty() {
        let is_shared = |change: &Change| matches!(change.thing, Thing::Config | Thing::Hook | Thing::Info);
        // No tool means well that touches the ledger.
        let is_well_meant = mode == IntegrityMode::Restore && guarded.iter().all(is_shared);
        let consequence = if is_well_meant { Consequence::Restored } else { Consequence::Stopped };
        let report = IntegrityReport { others: others.into_iter().collect(), ..report(guarded, consequence) };
        told.stop = (consequence == Consequence::Stopped).then(|| wording::reason(&report));
        told.events.push(Event::IntegrityViolated(report));
    }
    if !noted.is_empty() {
        told.events.push(Event::IntegrityNoted(report(noted, Consequence::Noted)));
    }
    told
}
