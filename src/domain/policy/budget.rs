//! Budgets: how much money, how many tokens and how much time may be spent, on what, and what is left of it.
//!
//! A budget that is reached is used up: nothing more begins that would be paid from it. An absent amount bounds nothing. An amount of zero
//! is used up by whatever is spent, and not before: what costs nothing is free to run.

pub mod raw;
pub mod word;

use std::cmp::Ordering;
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::domain::text::grouped;
use crate::domain::tool::usage::{MicroUsd, Usage};

/// How much may be spent on one thing. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<MicroUsd>,
    /// Tokens, read and written, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Seconds at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// What a workstream says about its own budgets. A stored format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkstreamBudget {
    /// For each of its attempts.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub attempt: Budget,
    /// For all of its attempts together.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub workstream: Budget,
}

/// The budgets that hold. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budgets {
    /// For each attempt.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub attempt: Budget,
    /// For each workstream.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub workstream: Budget,
    /// For a run.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub run: Budget,
    /// For all runs of one day.
    #[serde(skip_serializing_if = "Budget::is_unbounded")]
    pub day: Budget,
    /// The share in percent from which on it is warned that a budget comes to its end.
    pub warn_at: u8,
}

/// What a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// One attempt of a tool.
    Attempt,
    /// One workstream.
    Workstream,
    /// One run.
    Run,
    /// All runs of a day.
    Day,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Money, in millionths of a dollar.
    Usd,
    /// Tokens.
    Tokens,
    /// Time, in seconds where it is allowed, in milliseconds where it is spent.
    Seconds,
}

/// One amount among all that budgets can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BudgetKey {
    /// What it is for.
    pub scope: BudgetScope,
    /// What is measured.
    pub measure: Measure,
}

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Money, as far as it is known.
    pub micro_usd: MicroUsd,
    /// Tokens, as far as they are known.
    pub tokens: u64,
    /// Milliseconds.
    pub millis: u64,
}

/// An amount that was spent, of an amount that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// What is measured.
    pub measure: Measure,
    /// What was spent: millionths of a dollar, tokens, or milliseconds.
    pub spent: u64,
    /// What may be spent, in the same unit.
    pub of: u64,
}

impl Default for Budgets {
    fn default() -> Self {
        let none = Budget::default();
        Self { attempt: none, workstream: none, run: none, day: none, warn_at: 80 }
    }
}

impl BudgetScope {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::Attempt, Self::Workstream, Self::Run, Self::Day];

    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Workstream => "workstream",
            Self::Run => "run",
            Self::Day => "day",
        }
    }
}

impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Usd, Self::Tokens, Self::Seconds];
}

impl BudgetKey {
    /// Returns every key, in a fixed order.
    pub fn all() -> impl Iterator<Item = Self> {
        BudgetScope::ALL.into_iter().flat_map(|scope| Measure::ALL.map(|measure| Self { scope, measure }))
    }
}

impl Budget {
    /// Returns whether it bounds nothing.
    #[must_use]
    pub const fn is_unbounded(&self) -> bool {
        self.usd.is_none() && self.tokens.is_none() && self.seconds.is_none()
    }

    /// Returns the tighter of two budgets, amount by amount.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        Self { usd: least(self.usd, other.usd), tokens: least(self.tokens, other.tokens), seconds: least(self.seconds, other.seconds) }
    }

    /// Returns an amount: millionths of a dollar, tokens, or seconds.
    #[must_use]
    pub fn amount(self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Usd => self.usd.map(|usd| usd.0),
            Measure::Tokens => self.tokens,
            Measure::Seconds => self.seconds,
        }
    }

    /// Sets an amount in the same units; `None` bounds nothing.
    pub fn set(&mut self, measure: Measure, amount: Option<u64>) {
        match measure {
            Measure::Usd => self.usd = amount.map(MicroUsd),
            Measure::Tokens => self.tokens = amount,
            Measure::Seconds => self.seconds = amount,
        }
    }

    /// Returns what is bounded, with what was spent of it.
    fn limits(self, spent: Spent) -> impl Iterator<Item = Limit> {
        Measure::ALL.into_iter().filter_map(move |measure| {
            let amount = self.amount(measure)?;
            Some(match measure {
                Measure::Usd => Limit { measure, spent: spent.micro_usd.0, of: amount },
                Measure::Tokens => Limit { measure, spent: spent.tokens, of: amount },
                Measure::Seconds => Limit { measure, spent: spent.millis, of: amount.saturating_mul(1_000) },
            })
        })
    }

    /// Returns what is left after this was spent, so that a tool can be told of it; nothing is left of what is used up.
    #[must_use]
    pub fn left(self, spent: Spent) -> Self {
        Self {
            usd: self.usd.map(|usd| MicroUsd(usd.0.saturating_sub(spent.micro_usd.0))),
            tokens: self.tokens.map(|tokens| tokens.saturating_sub(spent.tokens)),
            seconds: self.seconds.map(|seconds| seconds.saturating_sub(spent.millis / 1_000)),
        }
    }
}

/// Returns the lesser of two amounts; an absent one bounds nothing.
fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl WorkstreamBudget {
    /// Returns the tighter of two, amount by amount.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        Self { attempt: self.attempt.tighter(other.attempt), workstream: self.workstream.tighter(other.workstream) }
    }

    /// Returns whether it bounds nothing.
    #[must_use]
    pub const fn is_unbounded(&self) -> bool {
        self.attempt.is_unbounded() && self.workstream.is_unbounded()
    }

    /// Bounds an amount no longer; what a workstream has no budget for changes nothing.
    pub fn lift(&mut self, key: BudgetKey) {
        match key.scope {
            BudgetScope::Attempt => self.attempt.set(key.measure, None),
            BudgetScope::Workstream => self.workstream.set(key.measure, None),
            BudgetScope::Run | BudgetScope::Day => {}
        }
    }
}

impl Budgets {
    /// Returns the tighter of two, amount by amount; the earlier warning holds.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        Self {
            attempt: self.attempt.tighter(other.attempt),
            workstream: self.workstream.tighter(other.workstream),
            run: self.run.tighter(other.run),
            day: self.day.tighter(other.day),
            warn_at: self.warn_at.min(other.warn_at),
        }
    }

    /// Returns the budget for something.
    #[must_use]
    pub const fn of(&self, scope: BudgetScope) -> Budget {
        match scope {
            BudgetScope::Attempt => self.attempt,
            BudgetScope::Workstream => self.workstream,
            BudgetScope::Run => self.run,
            BudgetScope::Day => self.day,
        }
    }

    /// Returns an amount: millionths of a dollar, tokens, or seconds.
    #[must_use]
    pub fn amount(&self, key: BudgetKey) -> Option<u64> {
        self.of(key.scope).amount(key.measure)
    }

    /// Sets an amount in the same units; `None` bounds nothing.
    pub fn set(&mut self, key: BudgetKey, amount: Option<u64>) {
        let budget = match key.scope {
            BudgetScope::Attempt => &mut self.attempt,
            BudgetScope::Workstream => &mut self.workstream,
            BudgetScope::Run => &mut self.run,
            BudgetScope::Day => &mut self.day,
        };
        budget.set(key.measure, amount);
    }

    /// Returns the budgets of a workstream: its own, and these where they are tighter.
    #[must_use]
    pub fn of_workstream(&self, own: WorkstreamBudget) -> WorkstreamBudget {
        own.tighter(WorkstreamBudget { attempt: self.attempt, workstream: self.workstream })
    }

    /// Returns whether nothing is bounded.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        BudgetScope::ALL.into_iter().all(|scope| self.of(scope).is_unbounded())
    }
}

impl Spent {
    /// Returns what one attempt spent: what its tool is known to have used, and its time.
    #[must_use]
    pub fn of(usage: Option<&Usage>, duration_ms: u64) -> Self {
        let micro_usd = usage.and_then(|usage| usage.cost).map(|cost| cost.micro_usd).unwrap_or_default();
        Self { micro_usd, tokens: usage.map_or(0, |usage| usage.tokens.total()), millis: duration_ms }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.micro_usd.0 = self.micro_usd.0.saturating_add(other.micro_usd.0);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.millis = self.millis.saturating_add(other.millis);
    }
}

impl Limit {
    /// Returns whether something was spent and nothing is left.
    #[must_use]
    pub const fn is_used_up(&self) -> bool {
        self.spent > 0 && self.spent >= self.of
    }

    /// Returns the share that was spent, in percent, rounded down.
    #[must_use]
    pub const fn percent(&self) -> u64 {
        match (self.spent, self.of) {
            (0, _) => 0,
            (_, 0) => 100,
            (spent, of) => spent.saturating_mul(100) / of,
        }
    }

    /// Compares the shares that were spent; whatever was spent of nothing is more than any share.
    fn by_share(&self, other: &Self) -> Ordering {
        match (self.of, other.of) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Greater,
            (_, 0) => Ordering::Less,
            (a, b) => (u128::from(self.spent) * u128::from(b)).cmp(&(u128::from(other.spent) * u128::from(a))),
        }
    }
}

impl fmt::Display for Limit {
    /// Writes what was spent of what may be, such as `$4.12 of $5.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.measure {
            Measure::Usd => write!(f, "{} of {}", MicroUsd(self.spent), MicroUsd(self.of)),
            Measure::Tokens => write!(f, "{} of {} token{}", grouped(self.spent), grouped(self.of), plural(self.of)),
            Measure::Seconds => {
                let (spent, of) = (self.spent / 1_000, self.of / 1_000);
                let (unit, noun) = if of > 0 && of.is_multiple_of(60) { (60, "minute") } else { (1, "second") };
                let whole = of / unit;
                write!(f, "{} of {} {noun}{}", grouped(spent / unit), grouped(whole), plural(whole))
            }
        }
    }
}

/// Returns the end of a noun for a number of things.
const fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Returns what is used up: of several, that of which the largest share was spent.
#[must_use]
pub fn exceeded(spent: Spent, budget: Budget) -> Option<Limit> {
    budget.limits(spent).filter(Limit::is_used_up).reduce(further)
}

/// Returns what is close to its end or beyond: at least `warn_at` percent are spent. Of several, that of which the largest share was.
#[must_use]
pub fn nearest(spent: Spent, budget: Budget, warn_at: u8) -> Option<Limit> {
    let is_near = |limit: &Limit| limit.spent > 0 && u128::from(limit.spent) * 100 >= u128::from(limit.of) * u128::from(warn_at);
    budget.limits(spent).filter(is_near).reduce(further)
}

/// Returns the limit of which more was spent; the first of equals.
fn further(a: Limit, b: Limit) -> Limit {
    if b.by_share(&a).is_gt() { b } else { a }
}

#[cfg(test)]
mod tests;
