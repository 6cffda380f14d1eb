//! How much time the waves save, in the units of the plan's own estimates.

use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::schedule::dag;

/// The keys under which a plan may give an estimate, the first one wins. The second is that of the original bundles.
const ESTIMATE_KEYS: [&str; 2] = ["x-estimate", "estimated_effort_hours"];

/// What the waves cost and save. The unit is that of the estimates in the plan, or one per workstream where there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// One after the other.
    pub total: f64,
    /// Wave by wave, with as many workers as a wave can use.
    pub unbounded: f64,
    /// Wave by wave, with the plan's `max_workers`.
    pub bounded: f64,
}

impl Estimate {
    /// Returns how many times faster than one after the other, with the plan's `max_workers`.
    #[must_use]
    pub fn speed_up(&self) -> f64 {
        ratio(self.total, self.bounded)
    }

    /// Returns how many times faster than one after the other, with as many workers as a wave can use.
    #[must_use]
    pub fn unbounded_speed_up(&self) -> f64 {
        ratio(self.total, self.unbounded)
    }
}

/// Returns the ratio of two times; nothing to do is done at the same speed.
fn ratio(total: f64, span: f64) -> f64 {
    if span > 0.0 { total / span } else { 1.0 }
}

/// Returns the estimate of a workstream: `x-estimate`, else `metadata.estimated_effort_hours`, else 1. What is no positive number counts as
/// absent.
#[must_use]
pub fn weight(workstream: &Workstream) -> f64 {
    let given = ESTIMATE_KEYS.iter().filter_map(|key| workstream.metadata.get(*key)).filter_map(serde_json::Value::as_f64);
    given.into_iter().find(|w| w.is_finite() && *w > 0.0).unwrap_or(1.0)
}

/// Estimates waves given as positions in the plan, in the order in which they start.
pub(super) fn estimate(plan: &CheckedPlan, waves: &[Vec<usize>]) -> Estimate {
    let weights: Vec<f64> = plan.workstreams.iter().map(weight).collect();
    let of = |wave: &[usize]| -> Vec<f64> { wave.iter().filter_map(|p| weights.get(*p).copied()).collect() };
    let spans = |workers: usize| waves.iter().map(|wave| span(&of(wave), workers)).sum();
    Estimate {
        total: weights.iter().sum(),
        unbounded: spans(usize::MAX),
        bounded: spans(plan.max_workers.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)),
    }
}

/// Returns how long one wave takes when each workstream in turn goes to the worker that is free first.
fn span(weights: &[f64], workers: usize) -> f64 {
    let mut loads = vec![0.0_f64; workers.clamp(1, weights.len().max(1))];
    for weight in weights {
        if let Some(load) = loads.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *load += weight;
        }
    }
    loads.into_iter().fold(0.0, f64::max)
}

/// Returns the chain of dependencies that takes longest, as positions.
pub(super) fn critical_path(plan: &CheckedPlan, edges: &[(usize, usize)]) -> Vec<usize> {
    dag::heaviest_chain(&plan.workstreams.iter().map(weight).collect::<Vec<_>>(), edges)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::schedule::sample;

    fn weighing(value: serde_json::Value) -> f64 {
        let mut workstream = sample::workstream("a", &[], &["a"]);
        workstream.metadata.insert("x-estimate".to_owned(), value);
        weight(&workstream)
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the values are taken over, not computed")]
    fn weights_are_positive_numbers() {
        assert_eq!(weighing(json!(2.5)), 2.5);
        for odd in [json!(0), json!(-1), json!("3"), json!(null)] {
            assert_eq!(weighing(odd), 1.0);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "sums of small integers are exact")]
    fn a_wave_takes_as_long_as_its_busiest_worker() {
        let check = |weights: &[f64], workers, expect: f64| assert_eq!(span(weights, workers), expect, "{weights:?} on {workers}");
        check(&[], 3, 0.0);
        check(&[1.0, 2.0, 4.0], usize::MAX, 4.0);
        check(&[1.0, 2.0, 4.0], 1, 7.0);
        check(&[1.0, 2.0, 4.0], 0, 7.0);
        check(&[1.0, 2.0, 4.0], 2, 5.0);
        check(&[4.0, 2.0, 1.0, 1.0], 2, 4.0);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "sums of small integers are exact")]
    fn the_speed_up_compares_with_one_after_the_other() {
        let names = ["a", "b", "c", "d"];
        let mut plan = sample::plan(names.iter().map(|id| sample::workstream(id, &[], &[id])).collect());
        let waves = [vec![0, 1, 2], vec![3]];
        assert_eq!(estimate(&plan, &waves), Estimate { total: 4.0, unbounded: 2.0, bounded: 2.0 });
        plan.max_workers = Some(2);
        let with_two = estimate(&plan, &waves);
        assert_eq!((with_two.bounded, with_two.unbounded_speed_up()), (3.0, 2.0));
        assert_eq!(estimate(&sample::plan(Vec::new()), &[]).speed_up(), 1.0);
    }
}
