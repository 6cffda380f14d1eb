//! Budgets as a file of settings gives them.

use crate::domain::policy::budget::BudgetKey;
use crate::domain::policy::budget::raw::RawBudgets;
use crate::domain::settings::lines::{Lined, Lines};

/// What a file says about budgets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileBudgets {
    /// The amounts that it gives.
    pub amounts: Vec<(BudgetKey, Lined<u64>)>,
    /// The share in percent from which on is warned.
    pub warn_at: Option<Lined<u8>>,
}

impl FileBudgets {
    /// Returns what is given, with its lines.
    #[must_use]
    pub fn new(raw: &RawBudgets, lines: &Lines<'_>) -> Self {
        let amounts = raw.amounts().map(|(key, value, place)| (key, Lined { value, line: lines.of(place) })).collect();
        let warn_at = lines.lined(raw.warn_at.as_ref(), |percent| u8::try_from(percent.number()).unwrap_or(100));
        Self { amounts, warn_at }
    }
}
