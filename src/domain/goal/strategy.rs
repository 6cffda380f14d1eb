//! Which strategy gets nearer to a goal: by what earlier rounds showed, else by a usual order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::gap::GoalValue;

/// Makes what is there longer and deeper.
pub const EXPANSION: &str = "expansion";
/// Adds what is not there yet.
pub const ADDITION: &str = "addition";
/// Makes what is there better, without making it longer.
pub const QUALITY_ENHANCEMENT: &str = "quality_enhancement";
/// Writes the weakest parts anew.
pub const REGENERATION: &str = "regeneration";
/// Adds tests for what no test runs.
pub const COVERAGE: &str = "coverage";
/// Mends what checks find.
pub const FINDINGS: &str = "findings";

/// The strategies that the program ships.
pub const SHIPPED: [&str; 6] = [EXPANSION, ADDITION, QUALITY_ENHANCEMENT, REGENERATION, COVERAGE, FINDINGS];

/// How often something must have been seen before it says anything.
pub const LEAST_SEEN: u32 = 3;
/// From which share on a gap is a large one.
const LARGE: f64 = 0.5;

/// What rounds with one strategy came to. A stored format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// How many rounds there were.
    pub rounds: u32,
    /// The mean share of the gap that they closed; below zero when they widened it.
    pub closed: Amount,
}

/// What strategies came to in earlier rounds of the repository, by measure, then by strategy. A stored format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects(pub BTreeMap<String, BTreeMap<String, Effect>>);

impl Effects {
    /// Returns whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what a strategy came to.
    #[must_use]
    pub fn of(&self, measure: &str, strategy: &str) -> Option<Effect> {
        self.0.get(measure)?.get(strategy).copied()
    }

    /// Adds one round that closed this share of a gap.
    pub fn add(&mut self, (measure, strategy): (&str, &str), closed: f64) {
        let effect = self.0.entry(measure.to_owned()).or_default().entry(strategy.to_owned()).or_default();
        let before = f64::from(effect.rounds);
        let mean = effect.closed.number().mul_add(before, closed.clamp(-1.0, 1.0)) / (before + 1.0);
        *effect = Effect { rounds: effect.rounds + 1, closed: Amount::bounded(mean) };
    }
}

/// Returns the share of a gap that was closed, from -1 to 1; a round after which nothing was measured closed nothing.
#[must_use]
pub fn closed(before: &GoalValue, after: Option<&GoalValue>) -> f64 {
    let (was, is) = (before.gap.number(), after.map_or(before.gap, |after| after.gap).number());
    if was <= 0.0 { 0.0 } else { ((was - is) / was).clamp(-1.0, 1.0) }
}

/// The strategy of a round, and why it is that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub strategy: String,
    /// One sentence fragment.
    pub why: String,
}

/// Returns the strategies for a goal where nobody names any, the first choice first.
#[must_use]
pub fn usual(value: &GoalValue) -> &'static [&'static str] {
    let is_large = value.gap.number() >= LARGE;
    match value.measure.as_str() {
        "coverage" => &[COVERAGE, ADDITION, REGENERATION],
        "findings" => &[FINDINGS, QUALITY_ENHANCEMENT, REGENERATION],
        "words" | "chapters" | "completeness" if value.is_above() => &[QUALITY_ENHANCEMENT, REGENERATION],
        "completeness" => &[ADDITION, EXPANSION, REGENERATION],
        "chapters" => &[ADDITION, REGENERATION, EXPANSION],
        "words" if is_large => &[ADDITION, EXPANSION, REGENERATION],
        "words" => &[EXPANSION, ADDITION, REGENERATION],
        _ if is_large => &[REGENERATION, QUALITY_ENHANCEMENT, EXPANSION],
        _ => &[QUALITY_ENHANCEMENT, EXPANSION, REGENERATION],
    }
}

/// Returns the strategy for a goal: of those that were seen often enough the one that closed most, then the first of those that were not, then
/// one that was seen to close nothing. `failed` are not tried again.
#[must_use]
pub fn choose(value: &GoalValue, named: &[String], (effects, failed): (&Effects, &[&str])) -> Option<Chosen> {
    let usual: Vec<&str> = usual(value).to_vec();
    let all: Vec<&str> = if named.is_empty() { usual } else { named.iter().map(String::as_str).collect() };
    let seen = |strategy: &str| effects.of(&value.measure, strategy).filter(|effect| effect.rounds >= LEAST_SEEN);
    let left: Vec<&str> = all.into_iter().filter(|strategy| !failed.contains(strategy)).collect();
    let mut known: Vec<(&str, Effect)> = left.iter().filter_map(|strategy| Some((*strategy, seen(strategy)?))).collect();
    // Stable: of equals the one that is named first.
    known.sort_by_key(|(_, effect)| Reverse(effect.closed));
    let told = |(strategy, effect): &(&str, Effect)| Chosen {
        strategy: (*strategy).to_owned(),
        why: format!(
            "it closed {}% of the gap on average in {} earlier rounds",
            Amount::bounded((effect.closed.number() * 100.0).round()),
            effect.rounds
        ),
    };
    if let Some(best) = known.first().filter(|(_, effect)| effect.closed > Amount::ZERO) {
        return Some(told(best));
    }
    let share = Amount::bounded((value.gap.number() * 100.0).round());
    let by_order = left.iter().find(|strategy| seen(strategy).is_none()).map(|strategy| {
        let order = if named.is_empty() { "usual order" } else { "order of the plan" };
        Chosen { strategy: (*strategy).to_owned(), why: format!("by the {order}, with {share}% missing") }
    });
    by_order.or_else(|| known.first().map(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::goal::bound::Bound;

    fn value(measure: &str, gap: f64) -> GoalValue {
        GoalValue {
            goal: "g".to_owned(),
            measure: measure.to_owned(),
            value: Some(Amount::ZERO),
            bound: Bound::AtLeast,
            target: Amount::ONE,
            met: gap == 0.0,
            gap: Amount::bounded(gap),
            weight: Amount::ONE,
            required: false,
            note: None,
        }
    }

    #[test]
    fn what_was_seen_to_help_comes_first_and_what_did_not_last() {
        let effects = |seen: &[(&str, u32, f64)]| {
            let mut effects = Effects::default();
            for (strategy, rounds, closed) in seen {
                for _ in 0..*rounds {
                    effects.add(("words", strategy), *closed);
                }
            }
            effects
        };
        let check = |gap: f64, named: &[&str], seen: &[(&str, u32, f64)], failed: &[&str], expect: Option<(&str, &str)>| {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            let found = choose(&value("words", gap), &named, (&effects(seen), failed));
            assert_eq!(found.as_ref().map(|one| (one.strategy.as_str(), one.why.as_str())), expect);
        };
        check(0.2, &[], &[], &[], Some(("expansion", "by the usual order, with 20% missing")));
        check(0.8, &[], &[], &[], Some(("addition", "by the usual order, with 80% missing")));
        check(0.2, &[], &[], &["expansion"], Some(("addition", "by the usual order, with 20% missing")));
        check(0.2, &["own", "expansion"], &[], &[], Some(("own", "by the order of the plan, with 20% missing")));
        check(0.2, &["own"], &[], &["own"], None);
        let helped = "it closed 40% of the gap on average in 3 earlier rounds";
        check(0.2, &[], &[("regeneration", 3, 0.4)], &[], Some(("regeneration", helped)));
        check(0.2, &[], &[("regeneration", 2, 0.4)], &[], Some(("expansion", "by the usual order, with 20% missing")));
        check(0.2, &[], &[("regeneration", 3, 0.4), ("addition", 3, 0.2)], &[], Some(("regeneration", helped)));
        check(0.2, &[], &[("regeneration", 3, 0.4)], &["regeneration"], Some(("expansion", "by the usual order, with 20% missing")));
        // What is known to close nothing waits until everything else was tried.
        check(0.2, &[], &[("expansion", 3, 0.0)], &[], Some(("addition", "by the usual order, with 20% missing")));
        let worse = "it closed -50% of the gap on average in 4 earlier rounds";
        check(0.2, &["expansion"], &[("expansion", 4, -0.5)], &[], Some(("expansion", worse)));
    }

    #[test]
    fn every_measure_has_a_usual_order() {
        let check = |measure: &str, gap: f64, first: &str| assert_eq!(usual(&value(measure, gap))[0], first, "{measure} {gap}");
        check("words", 0.1, EXPANSION);
        check("words", 0.9, ADDITION);
        check("chapters", 0.1, ADDITION);
        check("completeness", 0.1, ADDITION);
        check("coverage", 0.1, COVERAGE);
        check("findings", 1.0, FINDINGS);
        check("number", 0.1, QUALITY_ENHANCEMENT);
        check("number", 0.9, REGENERATION);
        let above = GoalValue { value: Some(Amount::bounded(2.0)), ..value("words", 0.5) };
        assert_eq!(usual(&above), [QUALITY_ENHANCEMENT, REGENERATION]);
    }

    #[test]
    fn the_mean_counts_every_round_and_what_was_not_measured_closed_nothing() {
        let mut effects = Effects::default();
        for closed in [1.0, 0.0, -4.0] {
            effects.add(("words", "own"), closed);
        }
        assert_eq!(effects.of("words", "own"), Some(Effect { rounds: 3, closed: Amount::ZERO }));
        let check = |before: f64, after: Option<f64>, expect: f64| {
            let found = closed(&value("words", before), after.map(|gap| value("words", gap)).as_ref());
            assert!((found - expect).abs() < 1e-9, "{before} {after:?}: {found}");
        };
        check(0.8, Some(0.2), 0.75);
        check(0.5, Some(0.0), 1.0);
        check(0.5, None, 0.0);
        check(0.2, Some(0.9), -1.0);
        check(0.0, Some(0.5), 0.0);
    }
}
