//! What a run has spent, what it was warned of, and what people set meanwhile. Stored formats: fields are only ever added, with a default.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::policy::budget::{BudgetKey, BudgetScope, Budgets, Limit, Measure, Spent};

/// One amount of a budget that somebody set while the run was under way. A stored format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What it is for.
    pub scope: BudgetScope,
    /// What is measured.
    pub measure: Measure,
    /// Millionths of a dollar, tokens, or seconds; `None` bounds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
}

/// Somebody set budgets of a run anew. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetSet {
    /// How often budgets were set before.
    pub round: u32,
    /// The amounts.
    pub settings: Vec<Setting>,
    /// By whom, as git knows them.
    pub who: String,
}

/// Most of a budget is spent. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetWarned {
    /// What it is for.
    pub scope: BudgetScope,
    /// The workstream, or the day; nothing for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How much of it.
    pub limit: Limit,
}

impl BudgetWarned {
    /// Returns what one warning is known by: more is warned of when the budget was raised.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{:?}/{}", self.scope, self.of.as_deref().unwrap_or("all"), self.limit.measure, self.limit.of).to_lowercase()
    }
}

impl fmt::Display for BudgetWarned {
    /// Writes whose budget it is and how much of it is spent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.of.as_ref().map(|of| format!(" {of}")).unwrap_or_default();
        write!(f, "{}{of}: {}", self.scope, self.limit)
    }
}

impl fmt::Display for BudgetSet {
    /// Writes what was set, and by whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |setting: &Setting| {
            let key = BudgetKey { scope: setting.scope, measure: setting.measure };
            format!("{key}={}", setting.amount.map_or_else(|| "none".to_owned(), |amount| key.shown(amount)))
        };
        write!(f, "{} by {}", self.settings.iter().map(one).collect::<Vec<_>>().join(", "), self.who)
    }
}

/// What other runs of the repository spent on one day. Another day begins with nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The day, in UTC.
    pub day: String,
    /// What was spent on it.
    pub spent: Spent,
}

impl Elsewhere {
    /// Returns what counts at this time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Spent {
        if self.day == day(now) { self.spent } else { Spent::default() }
    }
}

/// What a run has spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Purse {
    /// By day, in UTC: `2026-11-26`.
    pub days: BTreeMap<String, Spent>,
    /// On how many attempts.
    pub attempts: u32,
    /// What was warned of, by [`BudgetWarned::name`].
    pub warned: Vec<String>,
    /// What was set since the run began, the newest last.
    pub settings: Vec<Setting>,
    /// How often.
    pub rounds: u32,
}

impl Purse {
    /// Returns all that was spent.
    #[must_use]
    pub fn total(&self) -> Spent {
        self.days.values().fold(Spent::default(), |mut sum, day| {
            sum += *day;
            sum
        })
    }

    /// Pays for an attempt that ended at `ts`.
    pub fn pay(&mut self, spent: Spent, ts: Timestamp) {
        *self.days.entry(day(ts)).or_default() += spent;
        self.attempts += 1;
    }

    /// Notes what somebody set.
    pub fn set(&mut self, set: &BudgetSet) {
        self.settings.extend(set.settings.iter().copied());
        self.rounds += 1;
    }

    /// Returns the budgets that hold now.
    #[must_use]
    pub fn budgets(&self, mut planned: Budgets) -> Budgets {
        for Setting { scope, measure, amount } in &self.settings {
            planned.set(BudgetKey { scope: *scope, measure: *measure }, *amount);
        }
        planned
    }
}

/// Returns the day of a time, in UTC.
#[must_use]
pub fn day(ts: Timestamp) -> String {
    ts.strftime("%Y-%m-%d").to_string()
}
