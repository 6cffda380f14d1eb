//! Which policies hold for the work of one phase, in the order in which they are asked.

use super::model::{ErrorPolicy, RolePhase, Workflow};
use super::raw::{ActionWord, BackoffWord, ConditionWord};
use crate::domain::run::handling::{Cause, Handling, Patience, Response};

/// Returns what follows when the work of a phase can not go on by itself.
#[must_use]
pub fn handlings(workflow: &Workflow, phase: &RolePhase) -> Vec<Handling> {
    let mut all = Vec::new();
    for policy in &workflow.policies {
        let names = found(workflow, policy);
        if !names.is_empty() {
            all.push(handling(policy, Cause::Found(names), phase));
        }
    }
    let of = |condition: ConditionWord| workflow.policies.iter().find(|policy| policy.condition == condition);
    all.extend(of(ConditionWord::RoleTimeout).map(|policy| handling(policy, Cause::TimedOut, phase)));
    all.extend(of(ConditionWord::DependencyFailure).map(|policy| handling(policy, Cause::Lacking, phase)));
    // What a phase without a gate expects is a gate without a name.
    let name = phase.gate.as_ref();
    let special = workflow.policies.iter().find(|policy| name.is_some_and(|name| gates(workflow, policy).contains(name)));
    let policy = special.or_else(|| of(ConditionWord::GateFailure));
    let mut last = policy.map(|policy| handling(policy, Cause::Unmended, phase));
    let own = name.and_then(|name| workflow.gate(name)).and_then(|gate| gate.on_failure);
    if let (Some(last), Some(own)) = (&mut last, own) {
        last.response = response(own);
    }
    all.extend(last);
    all
}

/// Returns the gates that a policy is for, beside those that are for every gate.
fn gates(workflow: &Workflow, policy: &ErrorPolicy) -> Vec<String> {
    let usual = match policy.condition {
        ConditionWord::AuditFailure => "audit",
        ConditionWord::SynthesisIncomplete => "synthesis",
        ConditionWord::GateFailure
        | ConditionWord::RoleTimeout
        | ConditionWord::CriticalError
        | ConditionWord::DependencyFailure
        | ConditionWord::VerificationConflict => "",
    };
    let named = policy.on.iter().filter(|name| workflow.gate(name).is_some());
    if policy.on.is_empty() { vec![usual.to_owned()] } else { named.cloned().collect() }
}

/// Returns the names of issues on which a policy is followed at once.
fn found(workflow: &Workflow, policy: &ErrorPolicy) -> Vec<String> {
    let usual = match policy.condition {
        ConditionWord::CriticalError => "critical_error",
        ConditionWord::VerificationConflict => "unresolved_contested_findings",
        ConditionWord::GateFailure
        | ConditionWord::RoleTimeout
        | ConditionWord::DependencyFailure
        | ConditionWord::AuditFailure
        | ConditionWord::SynthesisIncomplete => return policy.on.iter().filter(|name| workflow.gate(name).is_none()).cloned().collect(),
    };
    if policy.on.is_empty() {
        vec![usual.to_owned()]
    } else {
        policy.on.iter().filter(|name| workflow.gate(name).is_none()).cloned().collect()
    }
}

fn response(action: ActionWord) -> Response {
    match action {
        ActionWord::Block | ActionWord::WaitRetry => Response::Block,
        ActionWord::Escalate => Response::Escalate,
        ActionWord::HaltPipeline => Response::Halt,
    }
}

fn handling(policy: &ErrorPolicy, cause: Cause, phase: &RolePhase) -> Handling {
    let own = |name: &String| if name == "role" { phase.role.clone().unwrap_or_else(|| phase.id.clone()) } else { name.clone() };
    let factor = match policy.backoff {
        BackoffWord::Exponential => 2.0,
        BackoffWord::Fixed => 1.0,
    };
    let rounds = Patience::Rounds { most: policy.attempts, first_wait_sec: policy.first_wait_sec, factor };
    let (patience, last) = match policy.action {
        ActionWord::WaitRetry => {
            (Patience::Until { most_sec: policy.max_sec.unwrap_or(3_600.0), every_sec: policy.every_sec }, policy.then)
        }
        ActionWord::Block | ActionWord::Escalate | ActionWord::HaltPipeline if policy.attempts > 1 => (rounds, policy.action),
        ActionWord::Block | ActionWord::Escalate | ActionWord::HaltPipeline => (Patience::None, policy.action),
    };
    Handling {
        name: policy.condition.as_str().to_owned(),
        cause,
        patience,
        response: response(last),
        notify: policy.notify.iter().map(own).collect(),
    }
}
