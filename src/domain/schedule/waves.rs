//! From a plan to its waves.
//!
//! The levels come from the dependencies alone. Inside a level every workstream, in plan order, goes into the first wave of that level in
//! which nothing conflicts with it; all waves of a level come before those of the next. Nothing here depends on time, on chance or on the
//! number of workers, so that the same plan has the same waves everywhere.

use std::collections::{BTreeSet, HashMap};

use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::policy::overlap::{AlternativeNo, Overlap, OverlapIndex, overlap};
use crate::domain::schedule::dag;
use crate::domain::schedule::estimate::{Estimate, critical_path, estimate};

/// The most separations that are listed per workstream, beside its dependencies. A group of thousands would otherwise be listed millions of
/// times; [`why_apart`] answers for any pair.
pub const MAX_LISTED: usize = 16;

/// The waves of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The waves, each in the order in which its workstreams start.
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The levels of the dependencies, each in plan order; one level is one or more waves.
    pub levels: Vec<Vec<WorkstreamId>>,
    /// Why workstreams are not in one wave: every dependency, and conflicts inside a level, at most [`MAX_LISTED`] of them per workstream.
    pub separated: Vec<Separation>,
    /// The chain of dependencies that takes longest.
    pub critical_path: Vec<WorkstreamId>,
    /// What the waves cost and save.
    pub estimate: Estimate,
    /// How many times faster than one after the other, with the plan's `max_workers`.
    pub speed_up: f64,
}

impl Schedule {
    /// Returns the wave of each workstream, counted from 0.
    #[must_use]
    pub fn wave_of(&self) -> HashMap<&WorkstreamId, usize> {
        self.waves.iter().enumerate().flat_map(|(number, wave)| wave.iter().map(move |id| (id, number))).collect()
    }
}

/// Two workstreams that can not share a wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separation {
    /// The one in the earlier wave.
    pub a: WorkstreamId,
    /// The one in the later wave.
    pub b: WorkstreamId,
    /// What keeps them apart.
    pub why: Cause,
}

/// What keeps two workstreams apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The later one depends on the earlier one.
    Dependency,
    /// This one may not share a wave with any other.
    NotParallel(WorkstreamId),
    /// Both are in this conflict group.
    ConflictGroup(String),
    /// Both may write a common path.
    Overlap(Overlap),
}

/// Returns what directly keeps two workstreams apart, if anything does: a dependency, then `parallel_ok`, the conflict group, the scopes.
#[must_use]
pub fn why_apart(a: &Workstream, b: &Workstream) -> Option<Cause> {
    if b.depends_on.contains(&a.id) || a.depends_on.contains(&b.id) {
        return Some(Cause::Dependency);
    }
    if let Some(alone) = [a, b].into_iter().find(|w| !w.parallel_ok) {
        return Some(Cause::NotParallel(alone.id.clone()));
    }
    match (&a.conflict_group, &b.conflict_group) {
        (Some(ours), Some(theirs)) if ours == theirs => Some(Cause::ConflictGroup(ours.clone())),
        (Some(_) | None, Some(_) | None) => overlap(&a.scope, &b.scope).map(Cause::Overlap),
    }
}

/// Returns the edges `(dependent, dependency)` of a plan as positions. An unknown id, which a checked plan does not have, gives no edge.
#[must_use]
pub fn edges(plan: &CheckedPlan) -> Vec<(usize, usize)> {
    let positions: HashMap<&WorkstreamId, usize> = plan.workstreams.iter().enumerate().map(|(at, w)| (&w.id, at)).collect();
    let of = |(at, w): (usize, &'_ Workstream)| -> Vec<(usize, usize)> {
        w.depends_on.iter().filter_map(|d| positions.get(d)).map(|dependency| (at, *dependency)).collect()
    };
    plan.workstreams.iter().enumerate().flat_map(of).collect()
}

/// Schedules a plan.
#[must_use]
pub fn schedule(plan: &CheckedPlan) -> Schedule {
    let edges = edges(plan);
    let levels = dag::levels(plan.workstreams.len(), &edges);
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut pairs: Vec<(usize, usize)> = edges.iter().map(|(dependent, dependency)| (*dependency, *dependent)).collect();
    for level in &levels {
        let mut packing = Packing::default();
        for position in level {
            if let Some(workstream) = plan.workstreams.get(*position) {
                packing.place(*position, workstream);
            }
        }
        pairs.extend(packing.pairs_by_wave());
        waves.extend(packing.waves);
    }
    let priority = |position: &usize| std::cmp::Reverse(plan.workstreams.get(*position).map_or(0, |w| w.priority));
    waves.iter_mut().for_each(|wave| wave.sort_by_key(|position| (priority(position), *position)));
    let estimate = estimate(plan, &waves);
    Schedule {
        separated: separations(plan, &pairs),
        critical_path: ids(plan, &critical_path(plan, &edges)),
        levels: levels.iter().map(|l| ids(plan, l)).collect(),
        waves: waves.iter().map(|w| ids(plan, w)).collect(),
        estimate,
        speed_up: estimate.speed_up(),
    }
}

/// Returns the ids of positions.
fn ids(plan: &CheckedPlan, positions: &[usize]) -> Vec<WorkstreamId> {
    positions.iter().filter_map(|p| plan.workstreams.get(*p)).map(|w| w.id.clone()).collect()
}

/// Names what keeps each pair apart, in plan order of the later one.
fn separations(plan: &CheckedPlan, pairs: &[(usize, usize)]) -> Vec<Separation> {
    let ordered: BTreeSet<(usize, usize)> = pairs.iter().map(|(earlier, later)| (*later, *earlier)).collect();
    let explain = |(later, earlier): (usize, usize)| {
        let (a, b) = (plan.workstreams.get(earlier)?, plan.workstreams.get(later)?);
        why_apart(a, b).map(|why| Separation { a: a.id.clone(), b: b.id.clone(), why })
    };
    ordered.into_iter().filter_map(explain).collect()
}

/// The waves of one level while they are filled.
#[derive(Default)]
struct Packing<'a> {
    waves: Vec<Vec<usize>>,
    wave_of: HashMap<usize, usize>,
    /// The waves that hold a workstream which must be alone, and those workstreams.
    closed: Occupied,
    groups: HashMap<&'a str, Occupied>,
    index: OverlapIndex<'a>,
    /// By the number of an alternative of a glob.
    written: Vec<Occupied>,
    conflicts: Vec<(usize, usize)>,
}

impl<'a> Packing<'a> {
    /// Puts a workstream into the first wave in which it may be.
    fn place(&mut self, position: usize, workstream: &'a Workstream) {
        let alternatives = self.index.insert(&workstream.scope);
        let group = workstream.conflict_group.as_deref();
        let (taken, others) = self.obstacles(workstream, &alternatives);
        self.conflicts.extend(others.into_iter().map(|other| (other, position)));
        let wave = if workstream.parallel_ok { taken.first_free() } else { self.waves.len() };
        if wave == self.waves.len() {
            self.waves.push(Vec::new());
        }
        if let Some(members) = self.waves.get_mut(wave) {
            members.push(position);
        }
        self.wave_of.insert(position, wave);
        if !workstream.parallel_ok {
            self.closed.add(position, wave);
        }
        if let Some(group) = group {
            self.groups.entry(group).or_default().add(position, wave);
        }
        for number in alternatives {
            if self.written.len() <= number {
                self.written.resize_with(number + 1, Occupied::default);
            }
            if let Some(occupied) = self.written.get_mut(number) {
                occupied.add(position, wave);
            }
        }
    }

    /// Returns the waves in which a workstream must not be, and workstreams that keep it out, at most [`MAX_LISTED`].
    fn obstacles(&self, workstream: &Workstream, alternatives: &[AlternativeNo]) -> (WaveSet, BTreeSet<usize>) {
        let mut taken = WaveSet::default();
        let mut others = BTreeSet::new();
        let group = workstream.conflict_group.as_deref().and_then(|g| self.groups.get(g));
        let neighbours: BTreeSet<_> = alternatives.iter().flat_map(|n| self.index.neighbours(*n)).copied().collect();
        let written = neighbours.into_iter().filter_map(|n| self.written.get(n));
        for occupied in std::iter::once(&self.closed).chain(group).chain(written) {
            taken.unite(&occupied.waves);
            let room = MAX_LISTED - others.len();
            others.extend(occupied.members.iter().take(room));
        }
        if !workstream.parallel_ok {
            let room = MAX_LISTED - others.len();
            others.extend(self.waves.iter().flatten().take(room));
        }
        (taken, others)
    }

    /// Returns the conflicting pairs with the one in the earlier wave first.
    fn pairs_by_wave(&self) -> Vec<(usize, usize)> {
        let wave = |p: usize| self.wave_of.get(&p).copied().unwrap_or_default();
        self.conflicts.iter().map(|(a, b)| if wave(*a) < wave(*b) { (*a, *b) } else { (*b, *a) }).collect()
    }
}

/// The workstreams that share a trait, and the waves in which they are.
#[derive(Default)]
struct Occupied {
    members: Vec<usize>,
    waves: WaveSet,
}

impl Occupied {
    fn add(&mut self, position: usize, wave: usize) {
        self.members.push(position);
        self.waves.insert(wave);
    }
}

/// A set of waves, 64 to a word. Thousands of workstreams of one conflict group make thousands of waves, and each new one asks for all of
/// them.
#[derive(Default)]
struct WaveSet(Vec<u64>);

impl WaveSet {
    fn insert(&mut self, wave: usize) {
        let word = wave / 64;
        self.0.resize(self.0.len().max(word + 1), 0);
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (wave % 64);
        }
    }

    fn unite(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    fn first_free(&self) -> usize {
        let full = self.0.iter().take_while(|bits| **bits == u64::MAX).count();
        let rest = self.0.get(full).map_or(0, |bits| bits.trailing_ones());
        full * 64 + usize::try_from(rest).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
