//! Prices: the user's own win, list prices are looked up by the names that tools write, and what is not known stays so.

use jiff::Timestamp;

use super::rates::{Prices, Rates, Whose};
use super::table::TABLE;
use super::{look_up, price, priced};
use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Tokens, Usage};

fn then() -> Timestamp {
    "2026-10-30T12:00:00Z".parse().unwrap()
}

fn rates(input: f64, cached: Option<f64>, cache_write: Option<f64>, output: f64) -> Rates {
    let amount = MicroUsd::from_usd;
    Rates { input: amount(input), cached: cached.map(amount), cache_write: cache_write.map(amount), output: amount(output) }
}

#[test]
fn list_prices_are_found_by_the_names_that_tools_write() {
    let check = |model: &str, expect: Option<(&str, &str, Rates)>| {
        let found = look_up(model, then(), &Prices::default());
        let expect = expect.map(|(provider, model, rates)| (Whose::Listed { provider: provider.into(), model: model.into() }, rates));
        assert_eq!(found.map(|found| (found.whose, found.rates)), expect, "{model}");
    };
    let sonnet = rates(3.0, Some(0.3), Some(3.75), 15.0);
    let codex = rates(1.25, Some(0.125), Some(1.25), 10.0);
    check("gpt-5.1-codex", Some(("openai", "gpt-5.1", codex)));
    check("openai/gpt-5.1-codex", Some(("openai", "gpt-5.1", codex)));
    check("claude-sonnet-4-5", Some(("anthropic", "claude-sonnet-4-5", sonnet)));
    check("claude-sonnet-4-5-20250929", Some(("anthropic", "claude-sonnet-4-5", sonnet)));
    check("Anthropic/Claude-Sonnet-4-5", Some(("anthropic", "claude-sonnet-4-5", sonnet)));
    check("openrouter/anthropic/claude-sonnet-4.5", Some(("openrouter", "anthropic/claude-sonnet-4.5", sonnet)));
    check("openrouter/qwen/qwen3-coder:free", Some(("openrouter", "qwen/qwen3-coder:free", rates(0.0, Some(0.0), Some(0.0), 0.0))));
    check("gemini/gemini-2.5-pro", Some(("google", "gemini-2.5-pro", codex)));
    check("gpt-5-mini-2025-08-07", Some(("openai", "gpt-5-mini", rates(0.25, Some(0.025), Some(0.25), 2.0))));
    // Nobody guesses.
    for model in
        ["", "/", "sonnet", "gpt-99", "claude-nonsense", "openai/local", "ollama/llama3", "elsewhere/gpt-5", "gpt-oss:20b", "a/b/c"]
    {
        check(model, None);
    }
}

#[test]
fn the_prices_of_the_user_win() {
    let own = Prices([("gpt-5".to_owned(), rates(1.0, None, None, 2.0)), ("lab/mine".to_owned(), rates(0.0, None, None, 0.0))].into());
    let check = |model: &str, name: Option<&str>| {
        let whose = look_up(model, then(), &own).map(|found| found.whose);
        let expect = name.map(|name| Whose::Own { name: name.to_owned() });
        assert_eq!(whose.filter(|whose| matches!(whose, Whose::Own { .. })), expect, "{model}");
    };
    check("gpt-5", Some("gpt-5"));
    check("GPT-5-2025-08-07", Some("gpt-5"));
    check("azure/gpt-5-20250807", Some("gpt-5"));
    check("gpt-5@20250807", Some("gpt-5"));
    check("lab/mine", Some("lab/mine"));
    check("mine", None);
    check("gpt-5-mini", None);
    check("gpt-5-2025-08", None);
}

#[test]
fn sums_are_exact_and_a_long_request_is_not_dearer() {
    let check = |rates: Rates, tokens: [u64; 4], micro: u64| {
        let [input, cached, cache_write, output] = tokens;
        assert_eq!(rates.of(Tokens { input, cached, cache_write, output, reasoning: output }), MicroUsd(micro), "{tokens:?}");
    };
    check(rates(3.0, Some(0.3), Some(3.75), 15.0), [1_000, 10_000, 2_000, 500], 3_000 + 3_000 + 7_500 + 7_500);
    check(rates(2.0, None, None, 1.0), [1, 2, 3, 4], 2 + 4 + 6 + 4);
    check(rates(0.5, None, None, 0.25), [1, 0, 0, 1], 1);
    check(rates(0.4, None, None, 0.0), [1, 0, 0, 0], 0);
    check(Rates { input: MicroUsd(u64::MAX), ..Rates::default() }, [u64::MAX, 0, 0, 0], u64::MAX);
    let long = Tokens { input: 1_000_000, output: 1_000_000, ..Tokens::default() };
    let cost = price("claude-sonnet-4-5", long, then(), &Prices::default());
    assert_eq!(cost, Some(Cost { micro_usd: MicroUsd(18_000_000), source: PriceSource::ListPrice }));
}

#[test]
fn what_a_tool_told_is_kept_and_what_it_did_not_is_computed() {
    let tokens = Tokens { input: 1_000_000, ..Tokens::default() };
    let usage = |model: Option<&str>, cost: Option<Cost>| Usage { tokens, cost, model: model.map(str::to_owned), ..Usage::default() };
    let told = Cost { micro_usd: MicroUsd(5), source: PriceSource::Reported };
    let check =
        |usage: Usage, expect: Option<Cost>| assert_eq!(priced(usage.clone(), then(), &Prices::default()).cost, expect, "{usage:?}");
    check(usage(Some("gpt-5"), Some(told)), Some(told));
    check(usage(Some("gpt-5"), None), Some(Cost { micro_usd: MicroUsd(1_250_000), source: PriceSource::ListPrice }));
    check(usage(Some("gpt-99"), None), None);
    check(usage(None, None), None);
    check(Usage { tokens: Tokens::default(), ..usage(Some("gpt-5"), None) }, None);
}

#[test]
fn the_table_is_called_by_its_version() {
    let lock = include_str!("../../../../Cargo.lock");
    let (name, version) = TABLE.split_once(' ').unwrap();
    assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{TABLE} is not what is built");
}
