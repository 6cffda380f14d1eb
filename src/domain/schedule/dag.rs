//! The graph of dependencies, by position: every function takes the number of nodes and edges between them, and ignores an edge that names a
//! position outside. The graph library stays inside this file.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Edges between positions, sorted and without repetition; one that names a position outside is left out.
fn adjacency(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); count];
    for (from, to) in edges.iter().copied().filter(|(from, to)| *from < count && *to < count).collect::<BTreeSet<_>>() {
        next[from].push(to);
    }
    next
}

/// Returns the strongly connected components; an edge leads into the same component or into one before it.
fn components(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(next.len(), 0);
    let nodes: Vec<NodeIndex> = next.iter().map(|_| graph.add_node(())).collect();
    for (from, list) in nodes.iter().zip(next) {
        for to in list {
            graph.add_edge(*from, nodes[*to], ());
        }
    }
    // Tarjan's algorithm recurses in this library, and a chain of thousands would end on the stack.
    kosaraju_scc(&graph).into_iter().map(|c| c.into_iter().map(NodeIndex::index).collect()).collect()
}

/// Returns cycles that together name every position which lies on any cycle, each the shortest through its smallest position that no cycle
/// before it has named, and rotated so that its smallest position comes first. An edge `(i, i)` is the cycle `[i]`.
///
/// Listing every cycle would be hopeless, since there can be exponentially many; a person who breaks the listed ones is done or sees fewer.
#[must_use]
pub fn cycles(ids: &[&str], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let next = adjacency(ids.len(), edges);
    let mut home = vec![0; ids.len()];
    for (number, members) in components(&next).iter().enumerate() {
        members.iter().for_each(|m| home[*m] = number);
    }
    let mut named = BTreeSet::new();
    let mut found = BTreeSet::new();
    for start in 0..ids.len() {
        if named.contains(&start) {
            continue;
        }
        if let Some(mut cycle) = shortest_cycle(&next, &home, start) {
            named.extend(cycle.iter().copied());
            let smallest = cycle.iter().enumerate().min_by_key(|(_, position)| **position).map_or(0, |(at, _)| at);
            cycle.rotate_left(smallest);
            found.insert(cycle);
        }
    }
    found.into_iter().collect()
}

/// Returns the shortest cycle through a position, which never leaves its component.
fn shortest_cycle(next: &[Vec<usize>], home: &[usize], start: usize) -> Option<Vec<usize>> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for to in next[at].iter().copied().filter(|to| home[*to] == home[start]) {
            if to == start {
                let mut cycle: Vec<usize> = std::iter::successors(Some(at), |p| came_from.get(p).copied()).collect();
                cycle.reverse();
                return Some(cycle);
            }
            if let Entry::Vacant(slot) = came_from.entry(to) {
                slot.insert(at);
                open.push_back(to);
            }
        }
    }
    None
}

/// Returns the positions by level, where an edge `(dependent, dependency)` leads to an earlier level, each as early as possible and in order
/// inside. Positions on a cycle, which a checked plan does not have, are put into one level as if the edges between them were absent.
#[must_use]
pub fn levels(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let next = adjacency(count, edges);
    let mut level_of = vec![0_usize; count];
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for members in components(&next) {
        let inside: BTreeSet<usize> = members.iter().copied().collect();
        let outside = members.iter().flat_map(|m| &next[*m]).filter(|to| !inside.contains(to));
        let level = outside.map(|to| level_of[*to] + 1).max().unwrap_or(0);
        if levels.len() <= level {
            levels.resize(level + 1, Vec::new());
        }
        members.iter().for_each(|m| level_of[*m] = level);
        levels[level].extend(inside);
    }
    levels.iter_mut().for_each(|list| list.sort_unstable());
    levels
}

/// Returns the edges without those that say nothing new, because their end is also reached through another edge: for pictures, where they
/// are clutter.
#[must_use]
pub fn reduced(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let next = adjacency(count, edges);
    let order: Vec<usize> = components(&next).into_iter().flatten().collect();
    let mut rank = vec![0; count];
    order.iter().enumerate().for_each(|(at, position)| rank[*position] = at);
    let mut reached: Vec<Vec<u64>> = vec![vec![0; count.div_ceil(64)]; count];
    let mut kept = Vec::new();
    for from in order {
        let mut own = vec![0_u64; count.div_ceil(64)];
        let mut nearest_first = next[from].clone();
        nearest_first.sort_unstable_by_key(|to| std::cmp::Reverse(rank[*to]));
        for to in nearest_first {
            if own[to / 64] >> (to % 64) & 1 == 0 {
                kept.push((from, to));
                own.iter_mut().zip(&reached[to]).for_each(|(a, b)| *a |= b);
                own[to / 64] |= 1 << (to % 64);
            }
        }
        reached[from] = own;
    }
    kept.sort_unstable();
    kept
}

/// Returns the heaviest chain of positions from a first dependency to a last dependent, along edges `(dependent, dependency)`. Among equals
/// the one whose last position is smallest, and so on backwards.
#[must_use]
pub fn heaviest_chain(weights: &[f64], edges: &[(usize, usize)]) -> Vec<usize> {
    let next = adjacency(weights.len(), edges);
    let mut best: Vec<(f64, Option<usize>)> = weights.iter().map(|w| (*w, None)).collect();
    for at in components(&next).into_iter().filter(|c| c.len() == 1).flatten() {
        if let Some(before) = heaviest(&best, next[at].iter().copied().filter(|to| *to != at)) {
            best[at] = (weights[at] + best[before].0, Some(before));
        }
    }
    let last = heaviest(&best, 0..best.len());
    let mut chain: Vec<usize> = std::iter::successors(last, |at| best[*at].1).collect();
    chain.reverse();
    chain
}

/// Returns the position with the heaviest chain, the smallest among equals.
fn heaviest(best: &[(f64, Option<usize>)], positions: impl Iterator<Item = usize>) -> Option<usize> {
    positions.max_by(|a, b| best[*a].0.total_cmp(&best[*b].0).then(b.cmp(a)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
        cycles(&vec![""; count], edges)
    }

    #[test]
    fn cycles_are_named_once_and_rotated() {
        let check = |count: usize, edges: &[(usize, usize)], expect: &[&[usize]]| assert_eq!(find(count, edges), expect, "{edges:?}");
        check(0, &[], &[]);
        check(3, &[(0, 1), (1, 2), (0, 2)], &[]);
        check(1, &[(0, 0)], &[&[0]]);
        check(3, &[(2, 1), (1, 0), (0, 2)], &[&[0, 2, 1]]);
        check(4, &[(0, 1), (1, 0), (2, 3), (3, 2)], &[&[0, 1], &[2, 3]]);
        // Two cycles in one component, which share position 1.
        check(3, &[(0, 1), (1, 0), (1, 2), (2, 1)], &[&[0, 1], &[1, 2]]);
        // A position that only leads into a cycle is on none.
        check(3, &[(0, 1), (1, 2), (2, 1)], &[&[1, 2]]);
        check(2, &[(0, 1), (0, 1), (1, 0), (9, 0), (0, 9), (2, 0), (0, 2)], &[&[0, 1]]);
        check(2, &[(0, 0), (0, 1), (1, 0)], &[&[0], &[0, 1]]);
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let count = 200_000;
        let mut edges: Vec<(usize, usize)> = (1..count).map(|i| (i, i - 1)).collect();
        assert_eq!(levels(count, &edges).len(), count);
        assert_eq!(heaviest_chain(&vec![1.0; count], &edges).len(), count);
        edges.push((0, count - 1));
        let found = find(count, &edges);
        assert_eq!((found.len(), found[0].len()), (1, count));
    }

    #[test]
    fn levels_are_as_early_as_possible() {
        assert_eq!(levels(5, &[(1, 0), (3, 1), (3, 2), (4, 2)]), [vec![0, 2], vec![1, 4], vec![3]]);
        assert_eq!(levels(2, &[]), [vec![0, 1]]);
        assert!(levels(0, &[]).is_empty());
        assert_eq!(levels(3, &[(0, 1), (1, 0), (2, 0)]), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn the_heaviest_chain_counts_weights_and_not_positions() {
        assert_eq!(heaviest_chain(&[1.0, 1.0, 5.0, 1.0], &[(1, 0), (3, 1)]), [2]);
        assert_eq!(heaviest_chain(&[1.0, 1.0, 1.0, 1.0], &[(1, 0), (3, 1)]), [0, 1, 3]);
        assert_eq!(heaviest_chain(&[1.0, 1.0, 1.0], &[(2, 0), (2, 1)]), [0, 2]);
        assert!(heaviest_chain(&[], &[]).is_empty());
    }

    #[test]
    fn detours_make_an_edge_needless() {
        assert_eq!(reduced(3, &[(2, 0), (2, 1), (1, 0)]), [(1, 0), (2, 1)]);
        assert_eq!(reduced(4, &[(3, 0), (3, 1), (1, 0), (3, 2), (2, 0)]), [(1, 0), (2, 0), (3, 1), (3, 2)]);
        assert_eq!(reduced(2, &[(1, 0)]), [(1, 0)]);
        assert!(reduced(0, &[]).is_empty());
    }

    fn graph() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
        (1_usize..9).prop_flat_map(|n| (Just(n), prop::collection::vec((0..n, 0..n), 0..14)))
    }

    /// Whether one can walk from a position to another along at least one edge, found by brute force.
    fn reaches(count: usize, edges: &[(usize, usize)], from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            open.extend(edges.iter().filter(|e| e.0 == at && e.1 < count).map(|e| e.1).filter(|t| seen.insert(*t)));
        }
        seen.contains(&to)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn exactly_the_positions_on_cycles_are_named((count, edges) in graph()) {
            let found = find(count, &edges);
            for cycle in &found {
                prop_assert_eq!(cycle.iter().min(), cycle.first());
                prop_assert_eq!(cycle.iter().collect::<BTreeSet<_>>().len(), cycle.len());
                for (i, from) in cycle.iter().enumerate() {
                    prop_assert!(edges.contains(&(*from, cycle[(i + 1) % cycle.len()])));
                }
            }
            let named: BTreeSet<usize> = found.into_iter().flatten().collect();
            for position in 0..count {
                prop_assert_eq!(named.contains(&position), reaches(count, &edges, position, position));
            }
        }

        #[test]
        fn a_reduction_reaches_the_same_and_nothing_can_be_left_out((count, edges) in graph()) {
            let forward: Vec<_> = edges.into_iter().filter(|(a, b)| a > b).collect();
            let kept = reduced(count, &forward);
            for (from, to) in (0..count).flat_map(|f| (0..count).map(move |t| (f, t))) {
                prop_assert_eq!(reaches(count, &kept, from, to), reaches(count, &forward, from, to));
            }
            for edge in &kept {
                let without: Vec<_> = kept.iter().copied().filter(|e| e != edge).collect();
                prop_assert!(!reaches(count, &without, edge.0, edge.1));
            }
        }

        #[test]
        fn edges_lead_to_earlier_levels((count, edges) in graph()) {
            let forward: Vec<_> = edges.into_iter().filter(|(a, b)| a > b).collect();
            let levels = levels(count, &forward);
            let level = |p: usize| levels.iter().position(|l| l.contains(&p)).unwrap();
            prop_assert_eq!(levels.iter().map(Vec::len).sum::<usize>(), count);
            for p in 0..count {
                // One below the highest dependency, hence as early as possible.
                let expect = forward.iter().filter(|e| e.0 == p).map(|e| level(e.1) + 1).max().unwrap_or(0);
                prop_assert_eq!(level(p), expect);
            }
        }
    }
}
