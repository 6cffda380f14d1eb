//! Gates and policies of a workflow as rules of ordinary phases: a document is turned into another one that says the same without them.
//!
//! What a gate requires becomes `needs` of its phase (or `expects`, when the phase makes it itself), its rules become `expects`, `static` and
//! `asks`, what blocks it becomes `expects` under a name, and the policies become `policies`. Every part keeps the place where it was written.

use super::model::{RoleGate, RolePhase, Workflow};
use super::policy::handlings;
use super::raw::{ConditionWord, items, key, text};
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::source::Place;
use crate::domain::run::handling::{Cause, Handling, Patience, Response};

/// The keys of a pipeline file that make it one of roles.
pub const SECTIONS: [&str; 4] = ["states", "handoffs", "gates", "errors"];

/// Returns the document with the gates and policies of its workflow moved into its phases, and without the keys of the workflow.
#[must_use]
pub fn compiled(root: &Node, workflow: &Workflow) -> Node {
    let Value::Map(entries) = &root.value else { return root.clone() };
    let kept = entries.iter().filter(|entry| !SECTIONS.contains(&entry.key.as_str()));
    let turned = kept.map(|entry| {
        if entry.key != "phases" {
            return entry.clone();
        }
        let phases = items(Some(&entry.node)).iter().map(|node| phase(root, node, workflow)).collect();
        Entry { node: Node { value: Value::List(phases), place: entry.node.place }, ..entry.clone() }
    });
    Node { value: Value::Map(turned.collect()), place: root.place }
}

/// Returns a phase with what its gate and the policies ask of it.
fn phase(root: &Node, node: &Node, workflow: &Workflow) -> Node {
    let (Value::Map(entries), Some(id)) = (&node.value, text(node, "id")) else { return node.clone() };
    let Some(own) = workflow.phases.iter().find(|phase| phase.id == id.value) else { return node.clone() };
    let mut added = Added::default();
    if let Some(gate) = own.gate.as_ref().and_then(|name| workflow.gate(name)).filter(|gate| gate.enabled) {
        let place = key(node, "gate").map_or(node.place, |gate| gate.place);
        requires(workflow, (own, gate), place, &mut added);
        let written = key(root, "gates").and_then(|gates| key(gates, &gate.name));
        written.into_iter().for_each(|written| rules(written, &mut added));
    }
    let is_own = |entry: &&Entry| !["state", "gate"].contains(&entry.key.as_str());
    let mut out: Vec<Entry> = entries.iter().filter(is_own).cloned().collect();
    for (name, nodes) in [("needs", added.needs), ("expects", added.expects), ("static", added.statics), ("asks", added.asks)] {
        append(&mut out, name, nodes, node.place);
    }
    if workflow.policies.iter().any(|policy| policy.condition == ConditionWord::RoleTimeout) {
        time_limit(&mut out, workflow, node.place);
    }
    let policies = handlings(workflow, own).iter().map(|one| handling(one, node.place)).collect();
    append(&mut out, "policies", policies, node.place);
    Node { value: Value::Map(out), place: node.place }
}

/// What a gate adds to a phase.
#[derive(Default)]
struct Added {
    needs: Vec<Node>,
    expects: Vec<Node>,
    statics: Vec<Node>,
    asks: Vec<Node>,
}

fn requires(workflow: &Workflow, (own, gate): (&RolePhase, &RoleGate), place: Place, added: &mut Added) {
    for name in &gate.requires {
        let Some(producer) = workflow.producer(name) else { continue };
        let Some((_, path)) = producer.artifacts.iter().find(|(own, _)| own == name) else { continue };
        let wanted = map([("exists", words(path, place)), ("condition", words(&format!("missing_{name}"), place))], place);
        if producer.id == own.id { added.expects.push(wanted) } else { added.needs.push(wanted) }
    }
}

/// Takes the rules of a gate apart, and what blocks it.
fn rules(written: &Node, added: &mut Added) {
    for rule in items(key(written, "rules")) {
        take(rule, added);
    }
    let Some(Value::Map(conditions)) = key(written, "blocking").map(|node| &node.value) else { return };
    for condition in conditions {
        for rule in items(Some(&condition.node)) {
            take(&named(rule, &condition.key, condition.key_place), added);
        }
    }
}

fn take(rule: &Node, added: &mut Added) {
    if let Some(command) = key(rule, "command") {
        added.statics.push(command.clone());
    } else if let Some(question) = key(rule, "manual") {
        added.asks.push(question.clone());
    } else {
        added.expects.push(rule.clone());
    }
}

/// Returns a rule under the name of what it blocks, unless it has one of its own.
fn named(rule: &Node, condition: &str, place: Place) -> Node {
    let Value::Map(entries) = &rule.value else { return rule.clone() };
    let mut entries = entries.clone();
    if key(rule, "condition").is_none() {
        entries.push(Entry { key: "condition".to_owned(), key_place: place, node: words(condition, place) });
    }
    Node { value: Value::Map(entries), place: rule.place }
}

/// Puts nodes behind those of a list, which is made where there is none.
fn append(entries: &mut Vec<Entry>, name: &str, nodes: Vec<Node>, place: Place) {
    if nodes.is_empty() {
        return;
    }
    match entries.iter_mut().find(|entry| entry.key == name).map(|entry| &mut entry.node.value) {
        Some(Value::List(items)) => items.extend(nodes),
        // What is no list is refused where it is read.
        Some(Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::Map(_)) => {}
        None => entries.push(Entry { key: name.to_owned(), key_place: place, node: Node { value: Value::List(nodes), place } }),
    }
}

/// A role that takes too long is ended when the policy says so, unless its phase has a time of its own.
fn time_limit(entries: &mut Vec<Entry>, workflow: &Workflow, place: Place) {
    let has_own = entries.iter().any(|entry| ["timeout_sec", "estimated_minutes"].contains(&entry.key.as_str()));
    let policy = workflow.policies.iter().find(|policy| policy.condition == ConditionWord::RoleTimeout);
    let Some(after) = policy.and_then(|policy| policy.after_sec).filter(|_| !has_own) else { return };
    #[expect(clippy::cast_possible_truncation, reason = "a time of at most a few months")]
    let seconds = after.ceil().max(1.0) as i128;
    entries.push(Entry { key: "timeout_sec".to_owned(), key_place: place, node: Node { value: Value::Whole(seconds), place } });
}

fn words(text: &str, place: Place) -> Node {
    Node { value: Value::Text(text.to_owned()), place }
}

fn number(value: f64, place: Place) -> Node {
    Node { value: Value::Float(value), place }
}

fn texts(all: &[String], place: Place) -> Node {
    Node { value: Value::List(all.iter().map(|one| words(one, place)).collect()), place }
}

fn map<const N: usize>(entries: [(&str, Node); N], place: Place) -> Node {
    let entry = |(key, node): (&str, Node)| Entry { key: key.to_owned(), key_place: place, node };
    Node { value: Value::Map(entries.into_iter().map(entry).collect()), place }
}

/// Returns a policy as plans have them.
fn handling(one: &Handling, place: Place) -> Node {
    let action = match one.response {
        Response::Block => "block",
        Response::Escalate => "escalate",
        Response::Halt => "halt",
    };
    let cause = match one.cause {
        Cause::Found(_) => "found",
        Cause::Lacking => "lacking",
        Cause::TimedOut => "timed_out",
        Cause::Unmended => "unmended",
    };
    let mut out = map([("name", words(&one.name, place)), ("cause", words(cause, place)), ("action", words(action, place))], place);
    let Value::Map(entries) = &mut out.value else { return out };
    let mut add = |key: &str, node: Node| entries.push(Entry { key: key.to_owned(), key_place: place, node });
    if let Cause::Found(names) = &one.cause {
        add("found", texts(names, place));
    }
    match one.patience {
        Patience::None => {}
        Patience::Rounds { most, first_wait_sec, factor } => {
            add("rounds", Node { value: Value::Whole(most.into()), place });
            add("first_wait_sec", number(first_wait_sec, place));
            add("factor", number(factor, place));
        }
        Patience::Until { most_sec, every_sec } => {
            add("until_sec", number(most_sec, place));
            add("every_sec", number(every_sec, place));
        }
    }
    if !one.notify.is_empty() {
        add("notify", texts(&one.notify, place));
    }
    out
}

#[cfg(test)]
mod tests;
