//! Reads the workflow of a pipeline file: every error at once, each with its place.

use super::model::{ErrorPolicy, Handoff, Next, PREVIOUS, RoleGate, RolePhase, State, Workflow};
use super::raw::{
    ActionWord, BackoffWord, ConditionWord, RawErrorPolicy, RawHandoff, RawRoleGate, RawRolePhase, RawState, RawWorkflow, before, handed,
    plain, read_workflow,
};
use super::validate::validate;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::load::read_file;
use crate::domain::document::node::Node;
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::document::word::unknown_value;

/// Reads and checks the workflow of a pipeline file that was read into a tree; what is wrong goes to the sink. `None` when it has none, or one
/// that can not be read.
pub fn workflow(root: &Node, sink: &mut Sink<'_>) -> Option<Workflow> {
    let before = sink.errors();
    let raw = read_workflow(root, sink)?;
    // What could not be read would seem to be missing; nothing is concluded from that.
    if sink.errors() > before {
        return None;
    }
    validate(&raw, sink);
    Some(model(&raw, sink))
}

/// Reads and checks the workflow of a pipeline file.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse(file: &SourceFile) -> Result<Option<Workflow>, Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let found = read_file(0, file, &mut sink).and_then(|root| workflow(&root, &mut sink));
    if sink.errors() == 0 { Ok(found) } else { Err(sink.finish()) }
}

fn model(raw: &RawWorkflow, sink: &mut Sink<'_>) -> Workflow {
    Workflow {
        states: raw.states.value.0.iter().map(|(name, one)| state(name, &one.value)).collect(),
        handoffs: raw.handoffs.iter().flat_map(|one| handoffs(&one.value)).collect(),
        gates: raw.gates.0.iter().map(|(name, one)| gate(name, &one.value)).collect(),
        policies: raw.errors.0.iter().filter_map(|(name, one)| policy(name, &one.value, sink)).collect(),
        phases: raw.phases.iter().enumerate().map(|(at, one)| phase(raw, at, one)).collect(),
    }
}

fn state(name: &At<String>, raw: &RawState) -> State {
    let next = plain(raw.next.as_ref()).into_iter();
    State {
        name: name.value.clone(),
        roles: plain(raw.roles.as_ref()),
        next: next.map(|name| if name == PREVIOUS { Next::Previous } else { Next::State(name) }).collect(),
    }
}

fn handoffs(raw: &RawHandoff) -> Vec<Handoff> {
    let Some(from) = &raw.from else { return Vec::new() };
    let one = |to: String| Handoff {
        from: from.value.clone(),
        to,
        when: raw.when.as_ref().map(|when| when.value.clone()),
        artifacts: handed(raw).map(|name| name.value.clone()).collect(),
    };
    plain(raw.to.as_ref()).into_iter().map(one).collect()
}

fn gate(name: &At<String>, raw: &RawRoleGate) -> RoleGate {
    let blocking = raw.blocking.iter().flat_map(|table| &table.value.0);
    RoleGate {
        name: name.value.clone(),
        requires: plain(raw.requires.as_ref()),
        conditions: blocking.map(|(condition, _)| condition.value.clone()).collect(),
        on_failure: raw.on_failure.as_ref().map(|action| action.value),
        exit: raw.exit.as_ref().map(|exit| exit.value.clone()),
        enabled: raw.enabled.as_ref().is_none_or(|enabled| enabled.value),
    }
}

/// Returns what may go wrong under this name.
#[must_use]
pub fn condition(name: &str) -> Option<ConditionWord> {
    use ConditionWord as C;
    let all = [
        C::GateFailure,
        C::RoleTimeout,
        C::CriticalError,
        C::DependencyFailure,
        C::AuditFailure,
        C::VerificationConflict,
        C::SynthesisIncomplete,
    ];
    all.into_iter().find(|one| one.as_str() == name)
}

fn policy(name: &At<String>, raw: &RawErrorPolicy, sink: &mut Sink<'_>) -> Option<ErrorPolicy> {
    let Some(condition) = condition(&name.value) else {
        let node = Node { value: crate::domain::document::node::Value::Null, place: name.place };
        unknown_value(&node, &name.value, ConditionWord::TEXTS, sink);
        return None;
    };
    let notify = plain(raw.notify.as_ref()).into_iter().chain(raw.to.iter().map(|to| to.value.clone()));
    Some(ErrorPolicy {
        condition,
        action: raw.action.as_ref()?.value,
        attempts: raw.attempts.as_ref().map_or(1, |attempts| attempts.value.narrow()),
        backoff: raw.backoff.as_ref().map_or(BackoffWord::Exponential, |backoff| backoff.value),
        first_wait_sec: raw.first_wait_sec.as_ref().map_or(1.0, |wait| wait.value.number()),
        after_sec: raw.after_min.as_ref().map(|minutes| minutes.value.number() * 60.0),
        max_sec: raw.max_min.as_ref().map(|minutes| minutes.value.number() * 60.0),
        every_sec: raw.every_sec.as_ref().map_or(60.0, |every| every.value.number()),
        then: raw.then.as_ref().map_or(ActionWord::Block, |then| then.value),
        notify: notify.collect(),
        on: plain(raw.on.as_ref()),
        rollback: raw.rollback.as_ref().is_some_and(|rollback| rollback.value),
        manual_recheck: raw.manual_recheck.as_ref().is_some_and(|manual| manual.value),
    })
}

fn phase(raw: &RawWorkflow, at: usize, one: &RawRolePhase) -> RolePhase {
    let text = |text: &Option<At<String>>| text.as_ref().map(|text| text.value.clone());
    let artifact = |(name, path): &(At<String>, Option<At<String>>)| (name.value.clone(), text(path).unwrap_or_default());
    RolePhase {
        id: text(&one.id).unwrap_or_default(),
        role: text(&one.role),
        state: text(&one.state),
        gate: text(&one.gate),
        before: before(raw, at, one),
        artifacts: one.artifacts.iter().map(artifact).collect(),
    }
}

#[cfg(test)]
mod tests;
