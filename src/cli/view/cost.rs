//! What attempts of tools cost, and what models do.

use serde_json::{Map, Value};

use super::document::pretty;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::span;
use crate::domain::id::WorkstreamId;
use crate::domain::report::cost::{CostLine, CostReport, Grouping};
use crate::domain::text::{clip, count, grouped, one_line};
use crate::domain::tool::price::rates::{Price, Rates, Whose};
use crate::domain::tool::price::table::{TABLE, TABLE_DATE};
use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Usage};
use crate::ops::cost::Costs;

/// How wide a bar is at most.
const BAR: usize = 12;
/// The most characters of a name.
const MAX_NAME: usize = 40;
/// The version of the document of prices; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Returns the costs as one JSON document.
#[must_use]
pub fn json(costs: &Costs) -> String {
    pretty(&costs.document())
}

/// Returns the costs as a table, with what is not known below it.
#[must_use]
pub fn human(costs: &Costs) -> Styled {
    let report = &costs.report;
    let mut out = Styled::default();
    match &costs.run {
        Some(run) => out.put(Role::Faint, "run ").add(run.to_string()).line().line(),
        None => out.put(Role::Faint, "all runs").line().line(),
    };
    if report.total.attempts == 0 {
        out.add("no attempt of a tool has ended").line();
        return out;
    }
    let mut columns = vec![(head(report.by), Side::Left), ("attempts", Side::Right), ("in", Side::Right), ("cached", Side::Right)];
    columns.extend([("out", Side::Right), ("time", Side::Right), ("cost", Side::Right), ("", Side::Left)]);
    let mut table = Table::new(&columns);
    for line in &report.rows {
        let mut cells = row(line, Role::Plain);
        cells.push(Styled::of(Role::Faint, bar(line.share_of(&report.total))));
        table.row(cells);
    }
    if report.rows.len() > 1 {
        table.row(row(&report.total, Role::Strong));
    }
    out.append(table.finish()).append(notes(report));
    if !costs.reverted.is_empty() {
        let names: Vec<&str> = costs.reverted.iter().map(WorkstreamId::as_str).collect();
        out.put(Role::Faint, format!("the work of {} was reverted later; what it cost was spent all the same", names.join(", "))).line();
    }
    out
}

const fn head(by: Grouping) -> &'static str {
    match by {
        Grouping::Tool => "tool",
        Grouping::Workstream => "workstream",
        Grouping::Step => "step",
        Grouping::Model => "model",
        Grouping::Day => "day",
    }
}

fn row(line: &CostLine, role: Role) -> Vec<Styled> {
    let tokens = |n: u64| Styled::plain(if line.is_known() { format!("{}{}", estimate(line), grouped(n)) } else { String::new() });
    vec![
        Styled::of(role, clip(&one_line(&line.name), MAX_NAME)),
        Styled::plain(line.attempts.to_string()),
        tokens(line.tokens.input.saturating_add(line.tokens.cache_write)),
        tokens(line.tokens.cached),
        tokens(line.tokens.output),
        Styled::plain(time(line.duration_ms)),
        Styled::of(role, money(line).unwrap_or_else(|| "?".to_owned())),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "it is shown in a few characters")]
fn time(ms: u64) -> String {
    span(ms as f64 / 1_000.0)
}

/// Returns the sign of what is estimated.
const fn estimate(line: &CostLine) -> &'static str {
    if line.estimated > 0 { "≈" } else { "" }
}

/// Returns the money as it is known: `~` where list prices are in it, `+` where something is missing; `None` where nothing is known.
fn money(line: &CostLine) -> Option<String> {
    let missing = line.without_usage + line.without_price;
    if missing == line.attempts {
        return None;
    }
    let listed = if line.listed_micro_usd.0 > 0 { "~" } else { "" };
    Some(format!("{listed}{}{}", line.micro_usd, if missing > 0 { "+" } else { "" }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of a few cells"
)]
fn bar(share: f64) -> String {
    let cells = (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    "█".repeat(if share > 0.0 { cells.max(1) } else { 0 })
}

/// Returns what the signs mean that were used, and what is not known.
fn notes(report: &CostReport) -> Styled {
    let total = &report.total;
    let mut out = Styled::default();
    let mut note = |text: String| {
        out.put(Role::Faint, text).line();
    };
    if total.listed_micro_usd.0 > 0 {
        note(format!("~ {} of it by prices of a list or your own, for the tokens that the tools told", total.listed_micro_usd));
    }
    if total.estimated > 0 {
        note(format!("≈ tokens of {} are estimated", count(wide(total.estimated), "attempt")));
    }
    if total.without_usage > 0 {
        note(format!("? {} told no usage", count(wide(total.without_usage), "attempt")));
    }
    if total.without_price > 0 {
        let models: Vec<String> = report.models_without_price.iter().map(|model| one_line(model)).collect();
        let names = if models.is_empty() { "of a model that is not known".to_owned() } else { format!("of {}", models.join(", ")) };
        note(format!(
            "? {} told tokens {names} and no price; `prices:` in your config.yaml gives one",
            count(wide(total.without_price), "attempt")
        ));
    }
    if !out.is_empty() {
        let mut framed = Styled::default();
        framed.line().append(out);
        return framed;
    }
    out
}

fn wide(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Returns in one line what a run cost as far as that is known; `None` where nothing is.
#[must_use]
pub fn line(total: &CostLine) -> Option<String> {
    if !total.is_known() {
        return None;
    }
    let tokens = total.tokens.total();
    let tokens = format!("{}{} token{}", estimate(total), grouped(tokens), if tokens == 1 { "" } else { "s" });
    let told = total.attempts - total.without_usage;
    let of =
        if total.without_usage > 0 { format!(" ({told} of {} told it)", count(wide(total.attempts), "attempt")) } else { String::new() };
    Some(match money(total) {
        Some(money) => format!("cost {money}, {tokens}{of}"),
        None => format!("{tokens}{of}"),
    })
}

/// Returns what one attempt cost: its money, else its tokens.
#[must_use]
pub fn of_usage(usage: &Usage) -> String {
    match usage.cost {
        Some(Cost { micro_usd, source: PriceSource::Reported }) => micro_usd.to_string(),
        Some(Cost { micro_usd, source: PriceSource::ListPrice }) => format!("~{micro_usd}"),
        None => format!("{}{} tokens", if usage.estimated { "≈" } else { "" }, grouped(usage.tokens.total())),
    }
}

/// Returns the price of a model as one JSON document.
#[must_use]
pub fn prices_json(models: &[(String, Option<Price>)]) -> String {
    let one = |(model, price): &(String, Option<Price>)| {
        let mut document = Map::from_iter([("model".to_owned(), Value::from(model.as_str()))]);
        document.insert("usd_per_million".to_owned(), price.as_ref().map_or(Value::Null, |price| rates_json(&price.rates)));
        document.insert("source".to_owned(), price.as_ref().map_or(Value::Null, |price| Value::from(source(&price.whose))));
        Value::Object(document)
    };
    let mut document = Map::from_iter([("schema_version".to_owned(), Value::from(SCHEMA_VERSION))]);
    document.insert("table".to_owned(), Value::from(TABLE));
    document.insert("table_date".to_owned(), Value::from(TABLE_DATE));
    document.insert("models".to_owned(), models.iter().map(one).collect());
    pretty(&document)
}

fn rates_json(rates: &Rates) -> Value {
    let amount = |micro: Option<MicroUsd>| micro.map_or(Value::Null, |micro| Value::from(micro.usd()));
    let all = [("input", Some(rates.input)), ("cached", rates.cached), ("cache_write", rates.cache_write), ("output", Some(rates.output))];
    Value::Object(all.into_iter().map(|(key, micro)| (key.to_owned(), amount(micro))).collect())
}

fn source(whose: &Whose) -> String {
    match whose {
        Whose::Own { name } => format!("your own `{}`", one_line(name)),
        Whose::Listed { provider, model } => format!("list price of {provider} for {model}"),
    }
}

/// Returns the prices of models, and where they come from.
#[must_use]
pub fn prices(models: &[(String, Option<Price>)]) -> Styled {
    let mut out = Styled::of(Role::Faint, "list prices: ");
    out.add(format!("{TABLE}, {TABLE_DATE}")).line();
    let mut table = Table::new(&[
        ("model", Side::Left),
        ("input", Side::Right),
        ("cached", Side::Right),
        ("cache write", Side::Right),
        ("output", Side::Right),
        ("source", Side::Left),
    ]);
    for (model, price) in models {
        let mut cells = vec![Styled::plain(clip(&one_line(model), MAX_NAME))];
        match price {
            Some(Price { rates, whose }) => {
                let cell = |micro: Option<MicroUsd>| Styled::plain(micro.map(rate).unwrap_or_default());
                cells.extend([cell(Some(rates.input)), cell(rates.cached), cell(rates.cache_write), cell(Some(rates.output))]);
                cells.push(Styled::of(Role::Faint, source(whose)));
            }
            None => cells.extend((0..4).map(|_| Styled::default()).chain([Styled::of(Role::Caution, "not known")])),
        }
        table.row(cells);
    }
    if !models.is_empty() {
        out.line().append(table.finish()).line();
        out.put(Role::Faint, "US dollars for a million tokens").line();
    }
    out
}

/// Returns a price with as many digits as it has, at least those of cents.
fn rate(micro: MicroUsd) -> String {
    let text = format!("${}.{:06}", micro.0 / 1_000_000, micro.0 % 1_000_000);
    let cents = text.len() - 4;
    let (head, tail) = text.split_at(cents);
    format!("{head}{}", tail.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::cli::view::color::Color;
    use crate::domain::report::cost::tests::{ended, entries, usage};
    use crate::domain::report::cost::{CostQuestion, cost_report};
    use crate::domain::tool::price::look_up;
    use crate::domain::tool::price::rates::Prices;

    fn costs(by: Grouping, entries: &[crate::domain::ledger::entry::Entry]) -> Costs {
        let question = CostQuestion { by, zone: &TimeZone::UTC, since: None, own: &Prices::default() };
        Costs { run: None, report: cost_report(entries, &question), reverted: Vec::new() }
    }

    #[test]
    fn a_table_says_what_is_known_and_what_is_not() {
        insta::assert_snapshot!(human(&costs(Grouping::Tool, &entries())).render(Color::Never), @r"
        all runs

        tool     attempts          in  cached  out  time     cost
        codex           1   1,000,000       0    0  2.0s   ~$1.25  █████████
        claude          1          10   1,000   50  2.0s    $0.42  ███
        aider           1        ≈500      ≈0  ≈10  2.0s        ?
        command         1                           2.0s        ?
        total           4  ≈1,000,510  ≈1,000  ≈60  8.0s  ~$1.67+

        ~ $1.25 of it by prices of a list or your own, for the tokens that the tools told
        ≈ tokens of 1 attempt are estimated
        ? 1 attempt told no usage
        ? 1 attempt told tokens of mine and no price; `prices:` in your config.yaml gives one
        ");
        insta::assert_snapshot!(human(&costs(Grouping::Tool, &[])).render(Color::Never), @r"
        all runs

        no attempt of a tool has ended
        ");
        let told = ended("2026-10-30T10:00:00Z", "api edit claude", Some(usage([1, 0, 1], None, Some((3_200, PriceSource::Reported)))));
        insta::assert_snapshot!(human(&costs(Grouping::Step, &[told])).render(Color::Never), @r"
        all runs

        step  attempts  in  cached  out  time     cost
        edit         1   1       0    1  2.0s  $0.0032  ████████████
        ");
    }

    #[test]
    fn one_line_says_it_as_well() {
        let total = |entries: &[_]| line(&costs(Grouping::Tool, entries).report.total);
        assert_eq!(total(&entries()).as_deref(), Some("cost ~$1.67+, ≈1,001,570 tokens (3 of 4 attempts told it)"));
        assert_eq!(total(&entries()[2..3]).as_deref(), Some("cost ~$1.25, 1,000,000 tokens"));
        assert_eq!(total(&entries()[3..4]).as_deref(), Some("≈510 tokens"));
        assert_eq!(total(&entries()[4..]), None);
    }

    #[test]
    fn the_document_keeps_its_contract() {
        let document: Value = serde_json::from_str(&json(&costs(Grouping::Model, &entries()))).unwrap();
        for key in ["schema_version", "by", "run", "rows", "total", "models_without_price"] {
            assert!(document.get(key).is_some(), "{key} in {document}");
        }
        assert_eq!((document["by"].as_str(), document["total"]["micro_usd"].as_u64()), (Some("model"), Some(1_670_000)));
        assert_eq!(document["rows"][0]["tokens"]["input"], 1_000_000);
    }

    #[test]
    fn prices_name_their_source() {
        let at = "2026-10-30T12:00:00Z".parse().unwrap();
        let found = |model: &str| (model.to_owned(), look_up(model, at, &Prices::default()));
        let models = [found("openai/gpt-5.1-codex"), found("nobody/knows")];
        insta::assert_snapshot!(prices(&models).render(Color::Never), @r"
        list prices: genai-prices 0.2.1, 2026-10-30

        model                 input  cached  cache write  output  source
        openai/gpt-5.1-codex  $1.25  $0.125        $1.25  $10.00  list price of openai for gpt-5.1
        nobody/knows                                              not known

        US dollars for a million tokens
        ");
        let document: Value = serde_json::from_str(&prices_json(&models)).unwrap();
        assert_eq!(
            (&document["models"][0]["usd_per_million"]["output"], &document["models"][1]["source"]),
            (&Value::from(10.0), &Value::Null)
        );
    }
}
