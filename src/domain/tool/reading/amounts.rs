//! What a tool told of its usage.

use serde_json::Value;

use super::documents::{all_at, at, every, is_selected, text};
use crate::domain::text::{clip, one_line};
use crate::domain::tool::reader::{Take, UsageFields, UsageReader};
use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Tokens, Usage};

/// More tokens than this in one place are a mistake of who wrote them, and count as this many.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// Longer names of models and sessions are cut.
const LONGEST_NAME: usize = 120;

/// Returns what documents tell of the usage; `None` when they tell neither tokens nor money nor who it was.
#[must_use]
pub(super) fn usage(reader: &UsageReader, bytes: &[u8]) -> Option<Usage> {
    let (mut amounts, mut model, mut session) = (None::<Amounts>, None, None);
    every(reader.documents.format, bytes, |document| {
        // The name of a session often stands in another document than its usage.
        model = name(document, reader.fields.model.as_deref()).or_else(|| model.take());
        session = name(document, reader.fields.session.as_deref()).or_else(|| session.take());
        let told = is_selected(&reader.documents, document).then(|| told(reader, document)).flatten();
        amounts = match (amounts, told, reader.documents.take) {
            (Some(so_far), Some(more), Take::Sum) => Some(so_far.plus(more)),
            (so_far, told, Take::Sum | Take::Last) => told.or(so_far),
        };
    });
    if amounts.is_none() && model.is_none() && session.is_none() {
        return None;
    }
    let amounts = amounts.unwrap_or_default();
    let tokens = tokens(reader, &amounts);
    // Tools write nothing for a model whose price they do not know.
    let told = amounts.usd.map(MicroUsd::from_usd).filter(|micro_usd| *micro_usd > MicroUsd(0) || tokens == Tokens::default());
    let cost = told.map(|micro_usd| Cost { micro_usd, source: PriceSource::Reported });
    Some(Usage { tokens, estimated: false, cost, model, session })
}

/// Numbers as they were told.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    input: u64,
    cached: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    usd: Option<f64>,
}

impl Amounts {
    fn plus(self, more: Self) -> Self {
        Self {
            input: self.input.saturating_add(more.input),
            cached: self.cached.saturating_add(more.cached),
            cache_write: self.cache_write.saturating_add(more.cache_write),
            output: self.output.saturating_add(more.output),
            reasoning: self.reasoning.saturating_add(more.reasoning),
            usd: match (self.usd, more.usd) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            },
        }
    }
}

/// Returns what one document tells; `None` when it tells no number.
fn told(reader: &UsageReader, document: &Value) -> Option<Amounts> {
    let parts = reader.documents.over.as_deref().map_or_else(|| vec![document], |path| all_at(document, path));
    let told = parts.into_iter().filter_map(|part| numbers(&reader.fields, part));
    told.reduce(Amounts::plus)
}

fn numbers(fields: &UsageFields, part: &Value) -> Option<Amounts> {
    let found = |path: &Option<String>| path.as_deref().and_then(|path| at(part, path));
    let count = |path: &Option<String>| found(path).and_then(count);
    let [input, cached, cache_write, output, reasoning] =
        [&fields.input, &fields.cached, &fields.cache_write, &fields.output, &fields.reasoning].map(count);
    let usd = found(&fields.cost_usd).and_then(Value::as_f64);
    let is_told = [input, cached, cache_write, output, reasoning].iter().any(Option::is_some) || usd.is_some();
    let [input, cached, cache_write, output, reasoning] = [input, cached, cache_write, output, reasoning].map(Option::unwrap_or_default);
    is_told.then_some(Amounts { input, cached, cache_write, output, reasoning, usd })
}

/// Returns a number of tokens; what is negative is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is clamped to what fits before")]
fn count(value: &Value) -> Option<u64> {
    let number = value.as_number()?;
    let whole = number.as_u64().or_else(|| number.as_f64().map(|float| float.round().clamp(0.0, 1e15) as u64));
    whole.map(|whole| whole.min(MOST_TOKENS))
}

/// Counts each token once, however the tool counts.
fn tokens(reader: &UsageReader, told: &Amounts) -> Tokens {
    let from_cache = told.cached.saturating_add(told.cache_write);
    let input = if reader.input_includes_cached { told.input.saturating_sub(from_cache) } else { told.input };
    let output = if reader.output_excludes_reasoning { told.output.saturating_add(told.reasoning) } else { told.output };
    Tokens { input, cached: told.cached, cache_write: told.cache_write, output, reasoning: told.reasoning.min(output) }
}

/// Returns the name that stands at a path: a text, or the only key of an object.
fn name(document: &Value, path: Option<&str>) -> Option<String> {
    let found = at(document, path?)?;
    let only_key = || found.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.keys().next().cloned());
    let name = text(found).or_else(only_key)?;
    (!name.trim().is_empty()).then(|| clip(&one_line(name.trim()), LONGEST_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: &str, text: &str) -> Option<Usage> {
        usage(&serde_json::from_str(reader).unwrap(), text.as_bytes())
    }

    fn tokens_of(reader: &str, text: &str) -> [u64; 5] {
        let Tokens { input, cached, cache_write, output, reasoning } = read(reader, text).unwrap().tokens;
        [input, cached, cache_write, output, reasoning]
    }

    #[test]
    fn each_token_is_counted_once() {
        let check = |flags: &str, expect: [u64; 5]| {
            let reader = format!(
                r#"{{"in": {{"format": "json"}}, {flags} "fields": {{"input": "i", "cached": "c", "cache_write": "w", "output": "o", "reasoning": "r"}}}}"#
            );
            assert_eq!(tokens_of(&reader, r#"{"i": 100, "c": 30, "w": 20, "o": 10, "r": 4}"#), expect, "{flags}");
        };
        check("", [100, 30, 20, 10, 4]);
        check(r#""input_includes_cached": true,"#, [50, 30, 20, 10, 4]);
        check(r#""output_excludes_reasoning": true,"#, [100, 30, 20, 14, 4]);
    }

    #[test]
    fn the_last_one_counts_or_all_of_them() {
        let text = "{\"t\":\"u\",\"n\":3}\n{\"t\":\"x\",\"n\":50}\n{\"t\":\"u\",\"n\":4}\n{\"t\":\"u\"}\n";
        let reader = |take: &str| {
            format!(
                r#"{{"in": {{"format": "jsonl", "select": {{"t": "u"}}, "take": "{take}"}}, "fields": {{"input": "n", "session": "t"}}}}"#
            )
        };
        assert_eq!(tokens_of(&reader("last"), text)[0], 4);
        assert_eq!(tokens_of(&reader("sum"), text)[0], 7);
        assert_eq!(read(&reader("sum"), text).unwrap().session.unwrap(), "u");
    }

    #[test]
    fn a_star_adds_up_and_an_only_key_is_a_name() {
        let reader = r#"{"in": {"format": "json", "over": "m.*.t"}, "fields": {"input": "p", "cost_usd": "usd", "model": "m"}}"#;
        let one = read(reader, r#"{"m": {"big": {"t": {"p": 2.6, "usd": 0.5}}}}"#).unwrap();
        assert_eq!((one.tokens.input, one.model.as_deref(), one.cost.unwrap().micro_usd), (3, Some("big"), MicroUsd(500_000)));
        let two = read(reader, r#"{"m": {"a": {"t": {"p": 2, "usd": 1}}, "b": {"t": {"p": 5, "usd": 0.25}}}}"#).unwrap();
        assert_eq!((two.tokens.input, two.model, two.cost.unwrap().micro_usd), (7, None, MicroUsd(1_250_000)));
    }

    #[test]
    fn that_tokens_cost_nothing_is_not_believed() {
        let reader = r#"{"in": {"format": "json"}, "fields": {"input": "i", "cost_usd": "usd"}}"#;
        let cost = |text: &str| read(reader, text).unwrap().cost.map(|cost| cost.micro_usd);
        assert_eq!(cost(r#"{"i": 5, "usd": 0}"#), None);
        assert_eq!(cost(r#"{"i": 5, "usd": 0.000001}"#), Some(MicroUsd(1)));
        assert_eq!(cost(r#"{"i": 0, "usd": 0}"#), Some(MicroUsd(0)));
    }

    #[test]
    fn what_is_no_number_of_tokens_is_none_or_bounded() {
        let reader = r#"{"in": {"format": "json"}, "fields": {"input": "i", "output": "o", "model": "m"}}"#;
        assert_eq!(read(reader, r#"{"i": "7", "o": null}"#), None);
        assert_eq!(tokens_of(reader, r#"{"i": -5, "o": 1e300}"#)[..4], [0, 0, 0, MOST_TOKENS]);
        assert_eq!(read(reader, "{\"i\": 1, \"m\": \"a\\u001b[2J\"}").unwrap().model.unwrap(), "a\\u{1b}[2J");
    }
}
