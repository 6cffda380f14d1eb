//! Where the nodes and lines of a layered picture go, after Sugiyama: every edge that passes a layer gets a place in it (a bend), the places
//! of each layer are ordered so that few lines cross, and then moved so that lines are as straight as the order allows.

use std::collections::HashMap;

/// How often the layers are swept forth and back; the order rarely improves later.
const ORDER_SWEEPS: usize = 12;

/// How often the places are moved towards their neighbours.
const MOVE_SWEEPS: usize = 12;

/// How much harder a bend pulls than a node: a long line that is straight is easier to follow than a node that is centred.
const BEND_WEIGHT: f64 = 4.0;

/// The heights to leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spacing {
    /// From the centre of a node to that of the next.
    pub(super) node: f64,
    /// From the centre of a bend to that of the next.
    pub(super) bend: f64,
}

impl Spacing {
    fn between(self, a: &Place, b: &Place) -> f64 {
        let half = |p: &Place| if p.node.is_some() { self.node } else { self.bend } / 2.0;
        half(a) + half(b)
    }
}

/// The finished layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The height of the centre of each node; the smallest is 0.
    pub(super) centres: Vec<f64>,
    /// For each edge, in the order given, the heights at which it passes the layers between its ends.
    pub(super) bends: Vec<Vec<f64>>,
    /// The largest height of anything.
    pub(super) height: f64,
}

/// A place in a layer.
#[derive(Debug, Clone, Default)]
struct Place {
    node: Option<usize>,
    before: Vec<usize>,
    after: Vec<usize>,
}

/// The places by layer, each layer from top to bottom.
struct Layered {
    places: Vec<Place>,
    layers: Vec<Vec<usize>>,
}

/// Lays out the nodes of each layer and the edges between them; an edge leads from an earlier to a later layer.
pub(super) fn lay_out(layers: &[Vec<usize>], edges: &[(usize, usize)], spacing: Spacing) -> Layout {
    let (mut layered, node_places, chains) = place(layers, edges);
    order(&mut layered);
    let heights = heights(&layered, spacing);
    let top = heights.iter().copied().fold(f64::INFINITY, f64::min);
    let shifted = |place: &usize| heights[*place] - top;
    let nodes = layers.iter().flatten().max().map_or(0, |n| n + 1);
    Layout {
        centres: (0..nodes).map(|n| node_places.get(&n).map_or(0.0, shifted)).collect(),
        bends: chains.iter().map(|chain| chain.iter().map(shifted).collect()).collect(),
        height: (0..heights.len()).map(|p| shifted(&p)).fold(0.0, f64::max),
    }
}

/// Gives every node a place, and every edge a place in each layer that it passes.
fn place(layers: &[Vec<usize>], edges: &[(usize, usize)]) -> (Layered, HashMap<usize, usize>, Vec<Vec<usize>>) {
    let mut layered = Layered { places: Vec::new(), layers: vec![Vec::new(); layers.len()] };
    let mut node_places = HashMap::new();
    let mut layer_of = HashMap::new();
    for (number, nodes) in layers.iter().enumerate() {
        for node in nodes {
            node_places.insert(*node, layered.add(number, Some(*node)));
            layer_of.insert(*node, number);
        }
    }
    let mut chains = Vec::with_capacity(edges.len());
    for (from, to) in edges {
        let ends = (node_places.get(from).zip(layer_of.get(from)), node_places.get(to).zip(layer_of.get(to)));
        let (Some((start, first)), Some((end, last))) = ends else {
            chains.push(Vec::new());
            continue;
        };
        let chain: Vec<usize> = (first + 1..*last).map(|layer| layered.add(layer, None)).collect();
        let whole: Vec<usize> = std::iter::once(*start).chain(chain.iter().copied()).chain([*end]).collect();
        for pair in whole.windows(2) {
            layered.places[pair[0]].after.push(pair[1]);
            layered.places[pair[1]].before.push(pair[0]);
        }
        chains.push(chain);
    }
    (layered, node_places, chains)
}

impl Layered {
    fn add(&mut self, layer: usize, node: Option<usize>) -> usize {
        let place = self.places.len();
        self.places.push(Place { node, ..Place::default() });
        self.layers[layer].push(place);
        place
    }

    /// Returns the rank of each place in its layer.
    fn ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.places.len()];
        for layer in &self.layers {
            layer.iter().enumerate().for_each(|(rank, place)| ranks[*place] = rank);
        }
        ranks
    }

    /// Counts the pairs of lines that cross.
    fn crossings(&self) -> usize {
        let ranks = self.ranks();
        self.layers.iter().map(|layer| crossings(self, layer, &ranks)).sum()
    }
}

/// Counts the crossings between a layer and the next: the inversions among the ends of its lines, with a tree of partial sums.
fn crossings(layered: &Layered, layer: &[usize], ranks: &[usize]) -> usize {
    let mut ends = Vec::new();
    for place in layer {
        let mut own: Vec<usize> = layered.places[*place].after.iter().map(|next| ranks[*next]).collect();
        own.sort_unstable();
        ends.extend(own);
    }
    let mut sums = vec![0_usize; ends.iter().max().map_or(1, |m| m + 2)];
    let mut crossings = 0;
    for (seen, end) in ends.iter().enumerate() {
        let (mut at, mut not_above) = (end + 1, 0);
        while at > 0 {
            not_above += sums[at];
            at &= at - 1;
        }
        crossings += seen - not_above;
        let mut at = end + 1;
        while at < sums.len() {
            sums[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    crossings
}

/// Orders the places of each layer by the mean rank of their neighbours, forth and back, and keeps the best order seen.
fn order(layered: &mut Layered) {
    let mut best = (layered.crossings(), layered.layers.clone());
    for sweep in 0..ORDER_SWEEPS {
        if best.0 == 0 {
            break;
        }
        let forth = sweep % 2 == 0;
        let count = layered.layers.len();
        for step in 0..count {
            let mut ranks = layered.ranks();
            let layer = if forth { step } else { count - 1 - step };
            sort_layer(layered, layer, &mut ranks, |p| if forth { &p.before } else { &p.after });
        }
        let crossings = layered.crossings();
        if crossings < best.0 {
            best = (crossings, layered.layers.clone());
        }
    }
    layered.layers = best.1;
}

/// Sorts one layer by the mean rank of the neighbours on one side; a place without neighbours stays about where it is.
fn sort_layer(layered: &mut Layered, layer: usize, ranks: &mut [usize], side: impl Fn(&Place) -> &Vec<usize>) {
    let mean = |place: &usize| {
        let neighbours = side(&layered.places[*place]);
        let known: Vec<f64> = neighbours.iter().map(|n| real(ranks[*n])).collect();
        if known.is_empty() { real(ranks[*place]) } else { known.iter().sum::<f64>() / real(known.len()) }
    };
    let mut keyed: Vec<(f64, usize)> = layered.layers[layer].iter().map(|place| (mean(place), *place)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    layered.layers[layer] = keyed.into_iter().map(|k| k.1).collect();
}

/// Returns a count as a real number; a picture has no counts that a float could not hold.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Moves the places of each layer towards the mean height of their neighbours, keeping order and distances.
fn heights(layered: &Layered, spacing: Spacing) -> Vec<f64> {
    let mut heights = vec![0.0; layered.places.len()];
    for layer in &layered.layers {
        let start: Vec<(f64, f64)> = layer.iter().map(|_| (0.0, 1.0)).collect();
        store(layer, &settle(&start, &gaps(layered, layer, spacing)), &mut heights);
    }
    for sweep in 0..MOVE_SWEEPS {
        let forth = sweep % 2 == 0;
        let count = layered.layers.len();
        for step in 0..count {
            let layer = &layered.layers[if forth { step } else { count - 1 - step }];
            let wishes: Vec<(f64, f64)> = layer.iter().map(|place| wish(&layered.places[*place], heights[*place], &heights)).collect();
            store(layer, &settle(&wishes, &gaps(layered, layer, spacing)), &mut heights);
        }
    }
    heights
}

fn store(layer: &[usize], settled: &[f64], heights: &mut [f64]) {
    layer.iter().zip(settled).for_each(|(place, height)| heights[*place] = *height);
}

fn gaps(layered: &Layered, layer: &[usize], spacing: Spacing) -> Vec<f64> {
    layer.windows(2).map(|pair| spacing.between(&layered.places[pair[0]], &layered.places[pair[1]])).collect()
}

/// Returns the height at which a place wants to be, and how much.
fn wish(place: &Place, own: f64, heights: &[f64]) -> (f64, f64) {
    let neighbours: Vec<f64> = place.before.iter().chain(&place.after).map(|n| heights[*n]).collect();
    let weight = if place.node.is_some() { 1.0 } else { BEND_WEIGHT };
    if neighbours.is_empty() { (own, weight / 10.0) } else { (neighbours.iter().sum::<f64>() / real(neighbours.len()), weight) }
}

/// Returns the heights nearest to the wishes (least squares) that keep the order and the gaps: without the gaps this asks for the nearest
/// non-decreasing sequence, which pooling neighbours that want to pass each other gives exactly.
fn settle(wishes: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    let offsets: Vec<f64> = std::iter::once(0.0)
        .chain(gaps.iter().scan(0.0, |sum, gap| {
            *sum += gap;
            Some(*sum)
        }))
        .collect();
    // Each pool: the weighted sum of its wishes, its weight, its members.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for ((want, weight), offset) in wishes.iter().zip(&offsets) {
        let mut pool = ((want - offset) * weight, *weight, 1);
        while let Some(last) = pools.pop_if(|last| last.0 / last.1 > pool.0 / pool.1) {
            pool = (last.0 + pool.0, last.1 + pool.1, last.2 + pool.2);
        }
        pools.push(pool);
    }
    let flat = pools.iter().flat_map(|(sum, weight, members)| std::iter::repeat_n(sum / weight, *members));
    flat.zip(&offsets).map(|(height, offset)| height + offset).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACING: Spacing = Spacing { node: 10.0, bend: 4.0 };

    #[test]
    fn places_settle_as_near_as_the_gaps_allow() {
        let check = |wishes: &[f64], gaps: &[f64], expect: &[f64]| {
            let settled = settle(&wishes.iter().map(|w| (*w, 1.0)).collect::<Vec<_>>(), gaps);
            let close = settled.iter().zip(expect).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(close && settled.len() == expect.len(), "{wishes:?}: {settled:?}");
        };
        check(&[], &[], &[]);
        check(&[0.0, 30.0], &[10.0], &[0.0, 30.0]);
        check(&[0.0, 0.0], &[10.0], &[-5.0, 5.0]);
        check(&[50.0, 0.0, 0.0], &[10.0, 10.0], &[20.0 / 3.0, 50.0 / 3.0, 80.0 / 3.0]);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // Given crosswise: 0-3 and 1-2.
        let (mut layered, _, _) = place(&[vec![0, 1], vec![2, 3]], &[(0, 3), (1, 2)]);
        assert_eq!(layered.crossings(), 1);
        order(&mut layered);
        assert_eq!(layered.crossings(), 0);
    }

    #[test]
    fn a_long_edge_passes_beside_the_nodes() {
        let layout = lay_out(&[vec![0], vec![1], vec![2]], &[(0, 1), (1, 2), (0, 2)], SPACING);
        assert_eq!(layout.bends.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1]);
        assert!((layout.bends[2][0] - layout.centres[1]).abs() >= 7.0 - 1e-9);
    }

    #[test]
    fn nothing_is_laid_out_of_nothing() {
        assert_eq!(lay_out(&[], &[], SPACING), Layout { centres: Vec::new(), bends: Vec::new(), height: 0.0 });
    }

    /// Counts crossings by trying all pairs of lines.
    fn slow_crossings(layered: &Layered) -> usize {
        let ranks = layered.ranks();
        let mut crossings = 0;
        for layer in &layered.layers {
            let lines: Vec<(usize, usize)> =
                layer.iter().flat_map(|p| layered.places[*p].after.iter().map(|n| (ranks[*p], ranks[*n])).collect::<Vec<_>>()).collect();
            for (i, a) in lines.iter().enumerate() {
                crossings += lines[i + 1..].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count();
            }
        }
        crossings
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nodes_never_touch_and_the_order_gets_no_worse(
            sizes in prop::collection::vec(1_usize..5, 1..5),
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
        ) {
            let mut layers = Vec::new();
            let mut layer_of = Vec::new();
            for (number, size) in sizes.iter().enumerate() {
                layers.push((layer_of.len()..layer_of.len() + size).collect::<Vec<_>>());
                layer_of.extend(std::iter::repeat_n(number, *size));
            }
            let edges: Vec<(usize, usize)> = picks.iter().map(|(a, b)| (a.index(layer_of.len()), b.index(layer_of.len())))
                .filter(|(a, b)| layer_of[*a] < layer_of[*b]).collect();
            let (mut layered, _, _) = place(&layers, &edges);
            let before = layered.crossings();
            prop_assert_eq!(before, slow_crossings(&layered));
            order(&mut layered);
            prop_assert!(layered.crossings() <= before);
            let layout = lay_out(&layers, &edges, SPACING);
            for layer in &layers {
                for (i, a) in layer.iter().enumerate() {
                    for b in &layer[i + 1..] {
                        prop_assert!((layout.centres[*a] - layout.centres[*b]).abs() >= SPACING.node - 1e-6);
                    }
                }
            }
            prop_assert!(layout.centres.iter().chain(layout.bends.iter().flatten()).all(|y| (-1e-6..=layout.height + 1e-6).contains(y)));
        }
    }
}
