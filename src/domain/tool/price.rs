//! What tokens cost: by the user's own prices, else by list prices. What is not known costs nothing here, and is told as not known.

pub mod rates;
pub mod raw;
pub mod table;

use jiff::Timestamp;

use crate::domain::tool::price::rates::{Price, Prices};
use crate::domain::tool::usage::{Cost, PriceSource, Tokens, Usage};

/// Returns the price of a model at some time: the user's own, else the list price; `None` when neither is known.
#[must_use]
pub fn look_up(model: &str, at: Timestamp, own: &Prices) -> Option<Price> {
    own.find(model).or_else(|| table::listed(model, at))
}

/// Returns what tokens of a model cost at some time; `None` when no price of it is known.
#[must_use]
pub fn price(model: &str, tokens: Tokens, at: Timestamp, own: &Prices) -> Option<Cost> {
    let found = look_up(model, at, own)?;
    Some(Cost { micro_usd: found.rates.of(tokens), source: PriceSource::ListPrice })
}

/// Returns a usage with what it cost, where the tool told no cost and the price of its model is known.
#[must_use]
pub fn priced(usage: Usage, at: Timestamp, own: &Prices) -> Usage {
    let computed = || usage.model.as_deref().filter(|_| usage.tokens.total() > 0).and_then(|model| price(model, usage.tokens, at, own));
    Usage { cost: usage.cost.or_else(computed), ..usage }
}

#[cfg(test)]
mod tests;
