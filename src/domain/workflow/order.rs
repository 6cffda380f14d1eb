//! What of a workflow must come before what: artifacts before those that need them, gates before what follows them.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{IDLE, PREVIOUS};
use super::raw::{RawHandoff, RawRolePhase, RawWorkflow, before, handed, plain};
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};

/// Says which artifacts nobody makes, or makes too late.
pub fn artifacts(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let wanted_by_gates = raw.gates.0.iter().flat_map(|(_, gate)| gate.value.requires.iter()).flat_map(|requires| &requires.value.0);
    let wanted_by_handoffs = raw.handoffs.iter().flat_map(|handoff| handed(&handoff.value));
    let mut wanted: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
    let mut in_order = Vec::new();
    for name in wanted_by_gates.chain(wanted_by_handoffs) {
        let places = wanted.entry(&name.value).or_default();
        if places.is_empty() {
            in_order.push(name);
        }
        places.push(name.place);
    }
    let made: BTreeSet<&str> = raw.phases.iter().flat_map(|phase| &phase.artifacts).map(|(name, _)| name.value.as_str()).collect();
    for name in in_order.into_iter().filter(|name| !made.contains(name.value.as_str())) {
        let near = sink.suggest(&name.value, made.iter().copied());
        let mut draft = Draft::new(Code::NoProducer, name.place, format!("nobody makes {}", quoted(&name.value)));
        for place in wanted.get(name.value.as_str()).into_iter().flatten().skip(1) {
            draft = draft.related("it is wanted here as well", *place);
        }
        let help = || "List it under the `artifacts` of the phase that makes it.".to_owned();
        sink.add(draft.hint(near.unwrap_or_else(help)));
    }
    for (at, phase) in raw.phases.iter().enumerate() {
        too_late(raw, (at, phase), &made, sink);
    }
}

/// Says which artifacts the gate of a phase needs that are made neither by it nor before it.
fn too_late(raw: &RawWorkflow, (at, phase): (usize, &RawRolePhase), made: &BTreeSet<&str>, sink: &mut Sink<'_>) {
    let gate = phase.gate.as_ref().and_then(|gate| raw.gates.0.iter().find(|(name, _)| name.value == gate.value));
    let Some((gate, rules)) = gate else { return };
    let mut there = ancestors(raw, at);
    there.insert(at);
    let is_there = |name: &str| there.iter().any(|at| raw.phases[*at].artifacts.iter().any(|(own, _)| own.value == name));
    for name in rules.value.requires.iter().flat_map(|requires| &requires.value.0) {
        if made.contains(name.value.as_str()) && !is_there(&name.value) {
            let id = phase.id.as_ref().map_or("?", |id| id.value.as_str());
            let message = format!("{} is not made before {}, whose gate {} needs it", quoted(&name.value), quoted(id), quoted(&gate.value));
            sink.add(Draft::new(Code::NoProducer, name.place, message).hint("Let the phase depend on the one that makes it."));
        }
    }
}

/// Returns the positions of the phases that come before one.
fn ancestors(raw: &RawWorkflow, at: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        let Some(phase) = raw.phases.get(at) else { continue };
        open.extend(before(raw, at, phase).into_iter().filter(|one| seen.insert(*one)));
    }
    seen
}

fn states_of<'a>(raw: &'a RawWorkflow, role: &str) -> Vec<&'a str> {
    let has = |roles: Vec<String>| roles.iter().any(|one| one == role);
    let all = raw.states.value.0.iter().filter(|(_, state)| has(plain(state.value.roles.as_ref())));
    all.map(|(name, _)| name.value.as_str()).collect()
}

fn leads(raw: &RawWorkflow, from: &str, to: &str) -> bool {
    let of = raw.states.value.0.iter().find(|(name, _)| name.value == from);
    from == to || of.is_some_and(|(_, state)| plain(state.value.next.as_ref()).iter().any(|next| next == to && next != PREVIOUS))
}

/// Says which handoffs no transition of the states stands behind.
pub fn handoffs(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    for (from, to) in pairs(raw) {
        let (here, there) = (states_of(raw, &from.value), states_of(raw, &to.value));
        if leads_nowhere(raw, &here, &there) {
            let message = format!(
                "{} hands over to {}, but no state of the one ({}) leads to one of the other ({})",
                quoted(&from.value),
                quoted(&to.value),
                here.join(", "),
                there.join(", ")
            );
            sink.add(Draft::new(Code::BadTransition, to.place, message).hint("Add the state to the `next` of the other one."));
        }
    }
}

/// Returns whether states of one role lead to none of another one, both of which have some.
fn leads_nowhere(raw: &RawWorkflow, here: &[&str], there: &[&str]) -> bool {
    !here.is_empty() && !there.is_empty() && !here.iter().any(|from| there.iter().any(|to| leads(raw, from, to)))
}

/// Returns who hands over to whom.
fn pairs(raw: &RawWorkflow) -> Vec<(&At<String>, &At<String>)> {
    let one = |handoff| {
        let handoff: &RawHandoff = handoff;
        handoff.from.iter().flat_map(|from| handoff.to.iter().flat_map(|to| &to.value.0).map(move |to| (from, to))).collect::<Vec<_>>()
    };
    raw.handoffs.iter().flat_map(|handoff| one(&handoff.value)).collect()
}

/// Says which phases can not follow those before them, and which may run at once in different states.
pub fn phases(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let handed: BTreeSet<(&str, &str)> = pairs(raw).into_iter().map(|(from, to)| (from.value.as_str(), to.value.as_str())).collect();
    let behind: Vec<BTreeSet<usize>> = (0..raw.phases.len()).map(|at| ancestors(raw, at)).collect();
    for (at, phase) in raw.phases.iter().enumerate() {
        let Some(state) = &phase.state else { continue };
        let mut earlier = stated(raw, at);
        // What comes before another one of them is not what comes right before.
        let nearest = earlier.clone();
        earlier.retain(|one| !nearest.iter().any(|other| behind[*other].contains(one)));
        if earlier.is_empty() && !leads(raw, IDLE, &state.value) {
            let message = format!("the pipeline begins in {}, but `IDLE` does not lead to it", quoted(&state.value));
            sink.add(Draft::new(Code::BadTransition, state.place, message).hint("Add it to the `next` of `IDLE`."));
        }
        for other in earlier.iter().filter_map(|other| raw.phases.get(*other)) {
            let Some(from) = &other.state else { continue };
            // Where no state of the one role leads to one of the other, that was said about their handoff.
            let is_told = other.role.as_ref().zip(phase.role.as_ref()).is_some_and(|(a, b)| {
                let (here, there) = (states_of(raw, &a.value), states_of(raw, &b.value));
                handed.contains(&(&a.value, &b.value)) && leads_nowhere(raw, &here, &there)
            });
            if !is_told && !leads(raw, &from.value, &state.value) {
                let message = format!("{} follows {}, but does not come after it in `states`", quoted(&state.value), quoted(&from.value));
                let draft = Draft::new(Code::BadTransition, state.place, message).related("the phase before", from.place);
                sink.add(draft.hint("Add the state to the `next` of the other one."));
            }
        }
        let at_once = (0..at).filter(|other| !behind[at].contains(other) && !behind[*other].contains(&at));
        for from in at_once.filter_map(|other| raw.phases[other].state.as_ref()).filter(|from| from.value != state.value) {
            let message = format!("this may run in {} while another phase runs in {}", quoted(&state.value), quoted(&from.value));
            let draft = Draft::new(Code::BadTransition, state.place, message).related("the other phase", from.place);
            sink.add(draft.hint("Let one of them depend on the other, or leave out its `state`: then it is work at the side."));
        }
    }
}

/// Returns the nearest phases before one that have a state.
fn stated(raw: &RawWorkflow, at: usize) -> BTreeSet<usize> {
    let (mut out, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        let Some(phase) = raw.phases.get(at) else { continue };
        for one in before(raw, at, phase).into_iter().filter(|one| seen.insert(*one)) {
            if raw.phases.get(one).is_some_and(|phase| phase.state.is_some()) {
                out.insert(one);
            } else {
                open.push(one);
            }
        }
    }
    out
}

/// Says which handoffs go around a role whose work a gate judges: the same role hands over to that one, from which the way leads to the same
/// target.
pub fn bypasses(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let pairs = pairs(raw);
    let gated: BTreeSet<&str> = raw
        .phases
        .iter()
        .filter(|phase| phase.gate.is_some())
        .filter_map(|phase| phase.role.as_ref())
        .map(|role| role.value.as_str())
        .collect();
    for (from, to) in &pairs {
        let others = pairs.iter().filter(|(other, through)| other.value == from.value && through.value != to.value);
        let around = others.filter(|(_, through)| is_gated_way(&pairs, &gated, (&from.value, &through.value, &to.value)));
        for (_, through) in around.take(1) {
            let message = format!(
                "{} hands over to {} around {}, whose gate is then bypassed",
                quoted(&from.value),
                quoted(&to.value),
                quoted(&through.value)
            );
            let draft = Draft::new(Code::GateBypass, to.place, message).related("the way with the gate", through.place);
            sink.add(draft.hint("Remove this handoff: the other one leads to the same role."));
        }
    }
}

/// Returns whether a way leads from `through` to `to` that does not come back to `from` and passes a gate.
fn is_gated_way(pairs: &[(&At<String>, &At<String>)], gated: &BTreeSet<&str>, (from, through, to): (&str, &str, &str)) -> bool {
    let mut seen: BTreeSet<(&str, bool)> = BTreeSet::new();
    let mut open = vec![(through, gated.contains(through))];
    while let Some((at, passed)) = open.pop() {
        for (_, next) in pairs.iter().filter(|(one, _)| one.value == at) {
            let next = next.value.as_str();
            if next == to && passed {
                return true;
            }
            let state = (next, passed || gated.contains(next));
            if next != from && next != to && seen.insert(state) {
                open.push(state);
            }
        }
    }
    false
}
