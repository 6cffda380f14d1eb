//! Dependencies among named things: workstreams of a plan, steps of a workstream.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::schedule::dag;

/// How many ids of a cycle are spelled out.
const SHOWN: usize = 12;

/// Something that has an id and depends on others.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its id; `None` when it could not be read.
    pub id: Option<&'a str>,
    /// Where the id was written.
    pub place: Place,
    /// What it depends on.
    pub depends_on: &'a [At<String>],
}

/// Whether every id is known that the user wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Yes, so an id that is not there is wrong.
    Complete,
    /// No: something could not be read.
    Partial,
}

/// Dependencies by position: `edges[i]` are the positions of what `i` depends on.
pub type Edges = Vec<Vec<usize>>;

/// Resolves dependencies. Duplicate and unknown ids, dependencies on oneself, and cycles go to the sink; the edges returned are without
/// them, so they are free of cycles if and only if `true` is returned beside them.
pub fn resolve(things: &[Named<'_>], what: &str, ids: Ids, sink: &mut Sink<'_>) -> (Edges, bool) {
    let positions = index(things, what, sink);
    let mut edges = Vec::with_capacity(things.len());
    for (at, thing) in things.iter().enumerate() {
        let mut seen = HashSet::new();
        let mut targets = Vec::new();
        for dependency in thing.depends_on {
            let id = dependency.value.as_str();
            match positions.get(id) {
                Some(target) if *target == at => self_dependency(id, dependency.place, sink),
                Some(target) if seen.insert(*target) => targets.push(*target),
                Some(_) => sink.add(Draft::new(Code::DuplicateDependency, dependency.place, format!("{} is named twice", quoted(id)))),
                None if ids == Ids::Complete => {
                    let near = sink.suggest(id, things.iter().filter_map(|thing| thing.id));
                    let draft = Draft::new(Code::UnknownId, dependency.place, format!("no {what} has the id {}", quoted(id)));
                    sink.add(draft.maybe_hint(near));
                }
                None => {}
            }
        }
        edges.push(targets);
    }
    let acyclic = report_cycles(things, &edges, sink);
    (edges, acyclic)
}

fn self_dependency(id: &str, place: Place, sink: &mut Sink<'_>) {
    sink.add(Draft::new(Code::SelfDependency, place, format!("{} depends on itself", quoted(id))).hint("Nothing can wait for itself."));
}

/// Returns the first position of each id.
fn index<'a>(things: &[Named<'a>], what: &str, sink: &mut Sink<'_>) -> HashMap<&'a str, usize> {
    let mut positions: HashMap<&str, usize> = HashMap::with_capacity(things.len());
    for (at, thing) in things.iter().enumerate() {
        let Some(id) = thing.id else { continue };
        let first = *positions.entry(id).or_insert(at);
        if first != at {
            let draft = Draft::new(Code::DuplicateId, thing.place, format!("two {what}s have the id {}", quoted(id)));
            let draft = draft.hint("Give one of them another id.");
            sink.add(match things.get(first) {
                Some(first) => draft.related("first used here", first.place),
                None => draft,
            });
        }
    }
    positions
}

/// Reports cycles; `true` when there is none.
fn report_cycles(things: &[Named<'_>], edges: &Edges, sink: &mut Sink<'_>) -> bool {
    let ids: Vec<&str> = things.iter().map(|thing| thing.id.unwrap_or_default()).collect();
    let cycles = dag::cycles(&ids, &pairs(edges));
    for cycle in &cycles {
        report_cycle(things, cycle, sink);
    }
    cycles.is_empty()
}

/// Returns each dependency as a pair of the dependent and what it depends on.
#[must_use]
pub fn pairs(edges: &Edges) -> Vec<(usize, usize)> {
    edges.iter().enumerate().flat_map(|(from, targets)| targets.iter().map(move |to| (from, *to))).collect()
}

fn report_cycle(things: &[Named<'_>], cycle: &[usize], sink: &mut Sink<'_>) {
    let members: Vec<&Named<'_>> = cycle.iter().filter_map(|at| things.get(*at)).collect();
    let Some(first) = members.first() else { return };
    let id = |thing: &Named<'_>| thing.id.unwrap_or("?").to_owned();
    let mut names: Vec<String> = members.iter().take(SHOWN).map(|thing| id(thing)).collect();
    if members.len() > SHOWN {
        names.push(format!("({} more)", members.len() - SHOWN));
    }
    names.push(id(first));
    let mut draft = Draft::new(Code::Cycle, first.place, format!("dependencies form a cycle: {}", names.join(" -> ")));
    for (thing, next) in members.iter().zip(members.iter().cycle().skip(1)).take(SHOWN) {
        if let Some(dependency) = thing.depends_on.iter().find(|dependency| Some(dependency.value.as_str()) == next.id) {
            draft = draft.related(format!("{} depends on {}", id(thing), id(next)), dependency.place);
        }
    }
    sink.add(draft.hint("Remove one of these dependencies."));
}

/// Returns the positions so that everything comes after what it depends on, otherwise in the given order. The edges must be free of cycles.
#[must_use]
pub fn order(edges: &Edges) -> Vec<usize> {
    let mut waiting: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut dependents: Edges = vec![Vec::new(); edges.len()];
    for (at, targets) in edges.iter().enumerate() {
        for target in targets {
            if let Some(list) = dependents.get_mut(*target) {
                list.push(at);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(at, _)| Reverse(at)).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for dependent in dependents.get(at).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*dependent));
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_stable() {
        let edges: Edges = vec![vec![2], vec![], vec![1], vec![], vec![0, 3]];
        assert_eq!(order(&edges), [1, 2, 0, 3, 4]);
    }
}
