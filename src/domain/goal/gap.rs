//! How far a measured number is from its target, and what that says about all goals together.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::bound::Bound;
use super::model::Goal;

/// One goal, measured. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalValue {
    /// The goal.
    pub goal: String,
    /// What is measured, in a word.
    pub measure: String,
    /// What was measured; `None` when it could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// What the number is to be.
    pub bound: Bound,
    /// The target.
    pub target: Amount,
    /// Whether it is reached.
    pub met: bool,
    /// How far it is from the target: a share, 0 when it is reached, 1 at the most.
    pub gap: Amount,
    /// How much it counts.
    pub weight: Amount,
    /// Whether the work is not done without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Why it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl GoalValue {
    /// Returns a goal with what was measured, or why nothing was.
    #[must_use]
    pub fn new(goal: &Goal, measured: Result<Amount, String>) -> Self {
        let (value, note) = match measured {
            Ok(value) => (Some(value), None),
            Err(note) => (None, Some(note)),
        };
        let gap = value.map_or(Amount::ONE, |value| gap(goal, value));
        Self {
            goal: goal.id.clone(),
            measure: goal.measure.word().to_owned(),
            value,
            bound: goal.bound,
            target: goal.target,
            met: gap == Amount::ZERO,
            gap,
            weight: goal.weight,
            required: goal.required,
            note,
        }
    }

    /// Returns how it stands, in a few words: `size 41,200 of 50,000`.
    #[must_use]
    pub fn line(&self) -> String {
        let value = self.value.map_or_else(|| "not measured".to_owned(), |value| value.to_string());
        match self.bound {
            Bound::AtLeast => format!("{} {value} of {}", self.goal, self.target),
            Bound::AtMost | Bound::Equals => format!("{} {value}, {} {}", self.goal, self.bound.words(), self.target),
        }
    }

    /// Returns whether there is more than there should be.
    #[must_use]
    pub fn is_above(&self) -> bool {
        self.value.is_some_and(|value| value > self.target)
    }
}

/// Returns how far a number is from the target of a goal: 0 when it is reached, 1 at the most.
fn gap(goal: &Goal, value: Amount) -> Amount {
    let (over, under) = (value.above(goal.target), goal.target.above(value));
    let missing = match goal.bound {
        Bound::AtLeast => under,
        Bound::AtMost => over,
        Bound::Equals => over.max(under),
    };
    // Exact, or what lies on the border would be a matter of rounding.
    if missing <= Amount::ZERO || missing.is_within(goal.tolerance, goal.target) {
        return Amount::ZERO;
    }
    // From 0 findings on each one counts.
    let whole = if goal.target == Amount::ZERO { 1.0 } else { goal.target.number().abs() };
    // A gap that there is never rounds to none.
    Amount::bounded((missing.number() / whole).min(1.0)).max(Amount::LEAST)
}

/// Returns goals with how much each counts; where none counts anything, all count alike.
fn weighed(values: &[GoalValue]) -> impl Iterator<Item = (&GoalValue, f64)> {
    let is_nothing = values.iter().all(|one| one.weight <= Amount::ZERO);
    values.iter().map(move |one| (one, if is_nothing { 1.0 } else { one.weight.number() }))
}

/// Returns how near all goals are together: 1 when each is reached, and only then.
#[must_use]
pub fn score(values: &[GoalValue]) -> Amount {
    if values.iter().all(|one| one.met) {
        return Amount::ONE;
    }
    let (missing, all) =
        weighed(values).fold((0.0, 0.0), |(missing, all), (one, weight)| (missing + one.gap.number() * weight, all + weight));
    Amount::bounded(1.0 - missing / all).min(Amount::ONE.above(Amount::LEAST))
}

/// Returns the goal that counts most for what is missing; of equals the first one.
#[must_use]
pub fn worst(values: &[GoalValue]) -> Option<&GoalValue> {
    let mut worst: Option<(&GoalValue, f64)> = None;
    for (one, weight) in weighed(values).filter(|(one, _)| !one.met) {
        let counts = one.gap.number() * weight;
        if worst.is_none_or(|(_, known)| counts > known) {
            worst = Some((one, counts));
        }
    }
    worst.map(|(one, _)| one)
}

/// Returns how it stands with all goals: how many are met, and those that are not.
#[must_use]
pub fn told(values: &[GoalValue]) -> String {
    let met = values.iter().filter(|one| one.met).count();
    let open: Vec<String> = values.iter().filter(|one| !one.met).map(GoalValue::line).collect();
    let noun = if values.len() == 1 { "goal" } else { "goals" };
    let rest = if open.is_empty() { String::new() } else { format!("; {}", open.join(", ")) };
    format!("{met} of {} {noun} met{rest}", values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::goal::model::Measure;

    fn goal(id: &str, (bound, target): (Bound, f64), (tolerance, weight): (f64, f64)) -> Goal {
        Goal {
            id: id.to_owned(),
            measure: Measure::Words(None),
            bound,
            target: Amount::bounded(target),
            tolerance: Amount::bounded(tolerance),
            weight: Amount::bounded(weight),
            required: false,
            strategies: Vec::new(),
        }
    }

    #[test]
    fn a_gap_is_the_share_that_is_missing() {
        let check = |bound, target, tolerance, value: f64, expect: f64| {
            let found = GoalValue::new(&goal("g", (bound, target), (tolerance, 1.0)), Ok(Amount::bounded(value)));
            assert_eq!((found.gap, found.met), (Amount::bounded(expect), expect == 0.0), "{bound:?} {target} {tolerance} {value}");
        };
        use Bound::{AtLeast, AtMost, Equals};
        check(AtLeast, 50_000.0, 0.0, 50_000.0, 0.0);
        check(AtLeast, 50_000.0, 0.0, 60_000.0, 0.0);
        check(AtLeast, 50_000.0, 0.0, 25_000.0, 0.5);
        check(AtLeast, 50_000.0, 0.0, 0.0, 1.0);
        check(AtLeast, 50_000.0, 0.1, 45_000.0, 0.0);
        check(AtLeast, 50_000.0, 0.1, 44_999.0, 0.100_02);
        check(AtLeast, 0.0, 0.0, 0.0, 0.0);
        check(AtLeast, 0.9, 0.0, 0.45, 0.5);
        check(AtMost, 0.0, 0.0, 0.0, 0.0);
        check(AtMost, 0.0, 0.0, 3.0, 1.0);
        check(AtMost, 10.0, 0.0, 15.0, 0.5);
        check(AtMost, 10.0, 0.0, 90.0, 1.0);
        check(AtMost, 10.0, 0.5, 15.0, 0.0);
        check(Equals, 12.0, 0.0, 12.0, 0.0);
        check(Equals, 12.0, 0.0, 9.0, 0.25);
        check(Equals, 12.0, 0.0, 15.0, 0.25);
        check(Equals, 12.0, 0.25, 15.0, 0.0);
        check(AtLeast, 1e9, 0.0, 999_999_999.0, 0.000_001);
        // On the border.
        check(AtLeast, 1.1, 0.1, 0.99, 0.0);
        check(AtMost, 1.1, 0.1, 1.21, 0.0);
        check(AtMost, 1.1, 0.1, 1.210_001, 0.100_001);
    }

    #[test]
    fn what_could_not_be_measured_is_missing_altogether() {
        let found = GoalValue::new(&goal("g", (Bound::AtMost, 5.0), (0.5, 1.0)), Err("no report".to_owned()));
        assert_eq!((found.value, found.gap, found.met, found.note.as_deref()), (None, Amount::ONE, false, Some("no report")));
        assert_eq!(found.line(), "g not measured, at most 5");
    }

    #[test]
    fn the_worst_counts_its_weight_and_the_score_all_of_them() {
        let value =
            |id: &str, weight, value: f64| GoalValue::new(&goal(id, (Bound::AtLeast, 100.0), (0.0, weight)), Ok(Amount::bounded(value)));
        let check = |values: &[GoalValue], expect: (f64, Option<&str>, &str)| {
            let found = (score(values).number(), worst(values).map(|one| one.goal.as_str()), told(values));
            assert_eq!(found, (expect.0, expect.1, expect.2.to_owned()));
        };
        check(&[value("a", 1.0, 100.0)], (1.0, None, "1 of 1 goal met"));
        check(&[value("a", 1.0, 50.0), value("b", 1.0, 50.0)], (0.5, Some("a"), "0 of 2 goals met; a 50 of 100, b 50 of 100"));
        check(&[value("a", 1.0, 50.0), value("b", 3.0, 80.0)], (0.725, Some("b"), "0 of 2 goals met; a 50 of 100, b 80 of 100"));
        check(&[value("a", 1.0, 50.0), value("b", 3.0, 100.0)], (0.875, Some("a"), "1 of 2 goals met; a 50 of 100"));
        // Where nothing counts, all count alike, or no round could bring anything.
        check(&[value("a", 0.0, 50.0)], (0.5, Some("a"), "0 of 1 goal met; a 50 of 100"));
        check(&[value("a", 0.0, 90.0), value("b", 0.0, 70.0)], (0.8, Some("b"), "0 of 2 goals met; a 90 of 100, b 70 of 100"));
        check(&[value("a", 0.0, 50.0), value("b", 1.0, 100.0)], (0.999_999, Some("a"), "1 of 2 goals met; a 50 of 100"));
        // What is nearly there is not there.
        check(&[value("a", 1.0, 99.999_9), value("b", 9.0, 100.0)], (0.999_999, Some("a"), "1 of 2 goals met; a 100 of 100"));
        check(&[], (1.0, None, "0 of 0 goals met"));
    }
}
