//! Proves that a workflow is sound: no state that nobody gets to or out of, no name that nothing has, no gate that can be gone around.

use std::collections::BTreeSet;

use super::model::{BLOCKED, IDLE, PAUSED, PREVIOUS, ROLLBACK};
use super::order;
use super::raw::{RawRolePhase, RawState, RawWorkflow, Texts, plain};
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::At;
use crate::domain::phase::issue::IssueKind;

/// Says everything that is wrong with a workflow.
pub fn validate(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let states = States { raw };
    states.well_known(sink);
    states.names(sink);
    states.reachable(sink);
    states.dead_ends(sink);
    states.blocking(sink);
    states.taken_back(sink);
    names_of_handoffs(raw, sink);
    names_of_phases(raw, sink);
    names_of_policies(raw, sink);
    order::artifacts(raw, sink);
    order::handoffs(raw, sink);
    order::phases(raw, sink);
    order::bypasses(raw, sink);
}

/// Returns every role that is named where roles are introduced: in states and phases.
#[must_use]
pub fn roles(raw: &RawWorkflow) -> BTreeSet<&str> {
    let of_states = raw.states.value.0.iter().flat_map(|(_, state)| state.value.roles.iter()).flat_map(|roles| &roles.value.0);
    of_states.chain(raw.phases.iter().filter_map(|phase| phase.role.as_ref())).map(|role| role.value.as_str()).collect()
}

/// Says that nothing has this name.
fn unknown(what: &str, name: &At<String>, known: &BTreeSet<&str>, sink: &mut Sink<'_>) {
    if known.contains(name.value.as_str()) {
        return;
    }
    let near = sink.suggest(&name.value, known.iter().copied());
    sink.add(Draft::new(Code::UnknownId, name.place, format!("no {what} has the name {}", quoted(&name.value))).maybe_hint(near));
}

fn names_of_handoffs(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let known = roles(raw);
    for handoff in &raw.handoffs {
        let to = handoff.value.to.iter().flat_map(|to| &to.value.0);
        for name in handoff.value.from.iter().chain(to) {
            unknown("role", name, &known, sink);
        }
    }
}

/// A policy for something that nothing is called would never be followed, and nobody would notice.
fn names_of_policies(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let gates = || raw.gates.0.iter();
    let blocking = gates().flat_map(|(_, gate)| gate.value.blocking.iter()).flat_map(|table| &table.value.0).map(|(name, _)| &name.value);
    let requires = gates().flat_map(|(_, gate)| gate.value.requires.iter()).flat_map(|requires| &requires.value.0);
    let missing: Vec<String> = requires.map(|name| format!("missing_{}", name.value)).collect();
    let named = gates().map(|(name, _)| &name.value).chain(blocking).chain(&raw.named).chain(&missing).map(String::as_str);
    let known: BTreeSet<&str> = named.chain(IssueKind::ALL.map(IssueKind::word)).collect();
    for (policy, row) in &raw.errors.0 {
        // Whoever writes expectations later finds the name of the policy ready for them.
        let names = row.value.on.iter().flat_map(|on| &on.value.0).filter(|name| name.value != policy.value);
        names.into_iter().for_each(|name| unknown("gate and no condition", name, &known, sink));
    }
}

fn names_of_phases(raw: &RawWorkflow, sink: &mut Sink<'_>) {
    let states: BTreeSet<&str> = raw.states.value.0.iter().map(|(name, _)| name.value.as_str()).collect();
    let gates: BTreeSet<&str> = raw.gates.0.iter().map(|(name, _)| name.value.as_str()).collect();
    for phase in &raw.phases {
        if let Some(gate) = &phase.gate {
            unknown("gate", gate, &gates, sink);
        }
        let Some(state) = &phase.state else { continue };
        unknown("state", state, &states, sink);
        let listed = raw.states.value.0.iter().find(|(name, _)| name.value == state.value);
        let (Some(role), Some((name, listed))) = (&phase.role, listed) else { continue };
        if !plain(listed.value.roles.as_ref()).contains(&role.value) {
            let message = format!("{} is not at work in {}", quoted(&role.value), quoted(&state.value));
            let draft = Draft::new(Code::BadTransition, role.place, message).related("the state", name.place);
            sink.add(draft.hint("Add it to the `roles` of the state, or give the phase another `state`."));
        }
    }
}

/// The states, and what may follow what.
struct States<'a> {
    raw: &'a RawWorkflow,
}

impl<'a> States<'a> {
    fn all(&self) -> impl Iterator<Item = &'a (At<String>, At<RawState>)> + use<'a> {
        self.raw.states.value.0.iter()
    }

    fn names_set(&self) -> BTreeSet<&'a str> {
        self.all().map(|(name, _)| name.value.as_str()).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.all().any(|(own, _)| own.value == name)
    }

    /// Returns what may follow a state by its name.
    fn named(&self, name: &str) -> BTreeSet<&'a str> {
        let own = self.all().filter(|(own, _)| own.value == name).flat_map(|(_, state)| state.value.next.iter());
        own.flat_map(|next| &next.value.0).map(|one| one.value.as_str()).filter(|one| *one != PREVIOUS).collect()
    }

    /// Returns what may follow a state; `previous` stands for every state that leads to it.
    fn next(&self, name: &str) -> BTreeSet<&'a str> {
        let written = |state: &'a RawState| state.next.iter().flat_map(|next: &'a At<Texts>| &next.value.0).map(|one| one.value.as_str());
        let own = self.all().filter(|(own, _)| own.value == name).flat_map(|(_, state)| written(&state.value));
        let mut out: BTreeSet<&str> = own.collect();
        if out.remove(PREVIOUS) {
            let leads_here = self.all().filter(|(_, state)| written(&state.value).any(|next| next == name));
            out.extend(leads_here.map(|(from, _)| from.value.as_str()));
        }
        out
    }

    /// Returns every state that can be got to from one, itself included.
    fn from(start: &'a str, next: impl Fn(&str) -> BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            open.extend(next(name).into_iter().filter(|next| seen.insert(next)));
        }
        seen
    }

    fn well_known(&self, sink: &mut Sink<'_>) {
        let place = self.raw.states.place;
        for (name, why) in [
            (IDLE, "nothing is said about how a run begins and ends"),
            (BLOCKED, "work that waits for a person has no state"),
            (PAUSED, "a run can be paused and has no state for it"),
        ] {
            if !self.has(name) {
                let draft = Draft::new(Code::MissingState, place, format!("there is no state {}: {why}", quoted(name)));
                sink.add(draft.hint(format!("List {} under `states`.", quoted(name))));
            }
        }
    }

    fn names(&self, sink: &mut Sink<'_>) {
        let known = self.names_set();
        for next in self.all().flat_map(|(_, state)| state.value.next.iter()).flat_map(|next| &next.value.0) {
            if next.value != PREVIOUS {
                unknown("state", next, &known, sink);
            }
        }
    }

    fn reachable(&self, sink: &mut Sink<'_>) {
        if !self.has(IDLE) {
            return;
        }
        // Going back to where it was leads nowhere new.
        let reached = Self::from(IDLE, |name| self.named(name));
        for (name, _) in self.all() {
            // A run can be paused in every state; that is said besides.
            if name.value != PAUSED && !reached.contains(name.value.as_str()) {
                let draft =
                    Draft::new(Code::UnreachableState, name.place, format!("{} can not be reached from `IDLE`", quoted(&name.value)));
                sink.add(draft.hint("Name it in the `next` of the state before it."));
            }
        }
    }

    fn dead_ends(&self, sink: &mut Sink<'_>) {
        for (name, _) in self.all() {
            let is_besides = name.value == PAUSED;
            if self.has(IDLE) && !is_besides && !Self::from(&name.value, |name| self.next(name)).contains(IDLE) {
                let draft = Draft::new(Code::DeadEnd, name.place, format!("nothing leads from {} back to `IDLE`", quoted(&name.value)));
                sink.add(draft.hint("Name a state in its `next` from which `IDLE` can be reached."));
            }
        }
    }

    /// A state in which somebody works must be able to enter BLOCKED: a gate, a failure or a person can stop the work of every phase.
    fn blocking(&self, sink: &mut Sink<'_>) {
        for (name, _) in self.all().filter(|(name, _)| !self.next(&name.value).contains(BLOCKED)) {
            let here = |phase: &&RawRolePhase| phase.state.as_ref().is_some_and(|state| state.value == name.value);
            let phases = || self.raw.phases.iter().filter(here);
            let gate = phases().find_map(|phase| phase.gate.as_ref()).map(|gate| (gate, "the gate", "block it", "the gate is judged here"));
            let phase = || phases().find_map(|phase| phase.id.as_ref()).map(|id| (id, "the work of", "come to a halt there", "the phase"));
            let Some((what, kind, end, related)) = gate.or_else(phase) else { continue };
            let message = format!("{} can not enter `BLOCKED`, though {kind} {} can {end}", quoted(&name.value), quoted(&what.value));
            let draft = Draft::new(Code::CanNotBlock, name.place, message).related(related, what.place);
            sink.add(draft.hint("Add `BLOCKED` to the `next` of the state."));
        }
    }

    /// Where an error takes back what was merged, every state at work leads to ROLLBACK, at once or over BLOCKED.
    fn taken_back(&self, sink: &mut Sink<'_>) {
        let wants = self.raw.errors.0.iter().find(|(_, policy)| policy.value.rollback.as_ref().is_some_and(|rollback| rollback.value));
        let Some((policy, _)) = wants else { return };
        let leads_back = |name: &str| {
            let next = self.next(name);
            next.contains(ROLLBACK) || (next.contains(BLOCKED) && self.next(BLOCKED).contains(ROLLBACK))
        };
        let is_at_work = |state: &RawState| state.roles.as_ref().is_some_and(|roles| !roles.value.0.is_empty());
        let stuck = self.all().filter(|(name, state)| is_at_work(&state.value) && name.value != ROLLBACK && !leads_back(&name.value));
        let stuck: Vec<String> = stuck.map(|(name, _)| quoted(&name.value)).collect();
        if !stuck.is_empty() {
            let message =
                format!("{} takes back what was merged, but these can not enter `ROLLBACK`: {}", quoted(&policy.value), stuck.join(", "));
            let draft = Draft::new(Code::NoRollback, policy.place, message);
            sink.add(draft.hint("Let `BLOCKED` lead to `ROLLBACK`, and every state at work to `BLOCKED`."));
        }
    }
}
