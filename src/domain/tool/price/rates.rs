//! Prices of models, and sums of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::tool::usage::{MicroUsd, Tokens};

/// What a million tokens cost. A stored format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Read.
    pub input: MicroUsd,
    /// Read from a cache; the price of reading when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<MicroUsd>,
    /// Written to a cache; the price of reading when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<MicroUsd>,
    /// Written.
    pub output: MicroUsd,
}

/// Prices of a person, by the name of the model. A stored format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prices(pub BTreeMap<String, Rates>);

/// Whose price it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The user's own.
    Own {
        /// The name in their settings.
        name: String,
    },
    /// The list price of a provider.
    Listed {
        /// The provider.
        provider: String,
        /// The model, as the table names it.
        model: String,
    },
}

/// The price of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// What a million tokens cost.
    pub rates: Rates,
    /// Whose price it is.
    pub whose: Whose,
}

impl Rates {
    /// Returns what tokens cost, rounded to the next millionth.
    #[must_use]
    pub fn of(&self, tokens: Tokens) -> MicroUsd {
        let parts = [
            (tokens.input, self.input),
            (tokens.cached, self.cached.unwrap_or(self.input)),
            (tokens.cache_write, self.cache_write.unwrap_or(self.input)),
            (tokens.output, self.output),
        ];
        let sum: u128 = parts.into_iter().map(|(count, rate)| u128::from(count) * u128::from(rate.0)).fold(0, u128::saturating_add);
        MicroUsd(u64::try_from((sum + 500_000) / 1_000_000).unwrap_or(u64::MAX))
    }
}

impl Prices {
    /// Returns the user's price of a model: of its whole name, of its name without the provider, or of that without a date.
    #[must_use]
    pub fn find(&self, model: &str) -> Option<Price> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        [model, bare, undated(model), undated(bare)].into_iter().find_map(|wanted| {
            let (name, rates) = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(Price { rates: *rates, whose: Whose::Own { name: name.clone() } })
        })
    }
}

/// Returns the name of a model without the date at its end: `-20250929`, `-2025-08-07`, `@20250929`.
fn undated(model: &str) -> &str {
    let is_date = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && matches!(text.len(), 8 | 10) && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    };
    [8, 10]
        .into_iter()
        .filter_map(|length| model.split_at_checked(model.len().checked_sub(length)?))
        .find_map(|(name, date)| is_date(date).then(|| name.strip_suffix(['-', '@'])).flatten())
        .unwrap_or(model)
}
