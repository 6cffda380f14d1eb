//! List prices: the table that the crate `genai-prices` carries.
//!
//! It is asked for the price of single tokens, and the sums are ours: a tool tells the tokens of many requests together, and the higher
//! prices that some providers have for long requests would be applied to their sum.

use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use jiff::Timestamp;

use super::rates::{Price, Rates, Whose};
use crate::domain::tool::usage::MicroUsd;

/// The table.
pub const TABLE: &str = "genai-prices 0.2.1";
/// The newest day in the past that the table itself names.
pub const TABLE_DATE: &str = "2026-10-30";

/// As many tokens as are asked for at once: few enough for the ordinary price.
const FEW: f64 = 1_000.0;

/// Providers that go by other names as well: in front of a model, as tools and proxies write it.
const ALIASES: [(&str, &str); 15] = [
    ("gemini", "google"),
    ("google-vertex", "google"),
    ("vertex", "google"),
    ("vertex_ai", "google"),
    ("amazon-bedrock", "aws"),
    ("bedrock", "aws"),
    ("azure_ai", "azure"),
    ("fireworks_ai", "fireworks"),
    ("fireworks-ai", "fireworks"),
    ("github_copilot", "github-copilot"),
    ("moonshot", "moonshotai"),
    ("together_ai", "together"),
    ("togetherai", "together"),
    ("xai", "x-ai"),
    ("z-ai", "zai"),
];

/// Returns the list price of a model at some time; `None` when the table does not know it. A provider in front of the name must be known,
/// since a model costs something else elsewhere, and at home nothing.
#[must_use]
pub fn listed(model: &str, at: Timestamp) -> Option<Price> {
    let calculator = Calculator::bundled();
    match model.split_once('/') {
        Some((prefix, rest)) => {
            let prefix = prefix.to_ascii_lowercase();
            let wanted = ALIASES.iter().find(|(alias, _)| *alias == prefix).map_or(prefix.as_str(), |(_, id)| id);
            let provider = calculator.providers().find(|provider| provider.id() == wanted)?;
            Asked { calculator, model: rest, provider: Some(provider.id()), at }.price()
        }
        // `name:tag` is how programs name what runs on the machine itself.
        None if model.contains(':') => None,
        None => Asked { calculator, model, provider: None, at }.price(),
    }
}

/// A question to the table.
struct Asked<'a> {
    calculator: &'a Calculator,
    model: &'a str,
    provider: Option<&'a str>,
    at: Timestamp,
}

impl Asked<'_> {
    fn price(&self) -> Option<Price> {
        let (input, whose) = self.rate(&[UsageKey::INPUT_TOKENS])?;
        let (output, _) = self.rate(&[UsageKey::OUTPUT_TOKENS])?;
        if input.0 == 0 && output.0 == 0 && !self.model.ends_with(":free") {
            // What is paid by the request or by the second has no price for tokens.
            return None;
        }
        let cached = self.rate(&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_READ_TOKENS]).map(|(rate, _)| rate);
        let cache_write = self.rate(&[UsageKey::INPUT_TOKENS, UsageKey::CACHE_WRITE_TOKENS]).map(|(rate, _)| rate);
        Some(Price { rates: Rates { input, cached, cache_write, output }, whose })
    }

    /// Returns what a million tokens cost that are all of these kinds.
    fn rate(&self, kinds: &[UsageKey]) -> Option<(MicroUsd, Whose)> {
        let usage: Usage = kinds.iter().map(|kind| (kind.clone(), FEW)).collect();
        let mut request = PriceRequest::new(self.model, &usage).with_timestamp(self.at);
        if let Some(provider) = self.provider {
            request = request.with_provider_id(provider);
        }
        let answer = self.calculator.calculate(&request).ok()?;
        let usd = answer.input_price + answer.output_price;
        Some((MicroUsd::from_usd(usd / FEW * 1e6), Whose::Listed { provider: answer.provider_id, model: answer.model_id }))
    }
}
