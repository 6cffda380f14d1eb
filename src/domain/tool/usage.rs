//! What the use of a tool cost: tokens, money, and how surely that is known.

use std::iter::Sum;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// An amount of US dollars, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Returns an amount of dollars, rounded to the next millionth; what is negative or no number is nothing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the amount is clamped to what fits before")]
    pub fn from_usd(usd: f64) -> Self {
        let micro = (usd * 1e6).round();
        Self(if micro.is_nan() { 0 } else { micro.clamp(0.0, 9e15) as u64 })
    }

    /// Returns the amount in dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53 millionths")]
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl std::fmt::Display for MicroUsd {
    /// Writes dollars with cents; with more digits where cents would be nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 || self.0 >= 100_000 { write!(f, "${:.2}", self.usd()) } else { write!(f, "${:.4}", self.usd()) }
    }
}

/// Where a price is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The tool told it.
    Reported,
    /// Computed from the tokens and the list prices.
    ListPrice,
}

/// What something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The amount.
    pub micro_usd: MicroUsd,
    /// Where it is known from.
    pub source: PriceSource,
}

/// Tokens, each counted once: reasoning is a part of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read, and not found in any cache.
    pub input: u64,
    /// Read from a cache.
    pub cached: u64,
    /// Written to a cache; a part of what was read, at a price of its own.
    pub cache_write: u64,
    /// Written, reasoning included.
    pub output: u64,
    /// The part of the output that was reasoning.
    pub reasoning: u64,
}

impl Tokens {
    /// Returns how many they are in all.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.cache_write).saturating_add(self.output)
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(tokens: I) -> Self {
        tokens.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// What one attempt of a tool used. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// The tokens.
    pub tokens: Tokens,
    /// Whether the tokens are estimated, since the tool told none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// What it cost, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The model, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the tool calls this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_counted_in_whole_millionths() {
        let check = |usd: f64, micro: u64, shown: &str| {
            assert_eq!(MicroUsd::from_usd(usd), MicroUsd(micro), "{usd}");
            assert_eq!(MicroUsd(micro).to_string(), shown, "{usd}");
        };
        check(0.0, 0, "$0.00");
        check(-1.0, 0, "$0.00");
        check(f64::NAN, 0, "$0.00");
        check(0.003_23, 3_230, "$0.0032");
        check(1.5, 1_500_000, "$1.50");
        assert_eq!(MicroUsd::from_usd(f64::MAX).usd(), 9e9);
    }

    #[test]
    fn nothing_is_stored_that_is_not_known() {
        let usage = Usage { tokens: Tokens { input: 5, ..Tokens::default() }, ..Usage::default() };
        let text = serde_json::to_string(&usage).unwrap();
        assert_eq!(text, r#"{"tokens":{"input":5,"cached":0,"cache_write":0,"output":0,"reasoning":0}}"#);
        assert_eq!(serde_json::from_str::<Usage>(r#"{"tokens":{"input":5}}"#).unwrap(), usage);
    }
}
