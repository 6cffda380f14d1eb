//! What attempts of tools cost, added up: a fold over the entries that say how an attempt ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::StepFinished;
use crate::domain::tool::price::priced;
use crate::domain::tool::price::rates::Prices;
use crate::domain::tool::usage::{MicroUsd, PriceSource, Tokens, Usage};

/// The version of the document; fields are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// What the rows of a report stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The tools.
    Tool,
    /// The workstreams.
    Workstream,
    /// The steps.
    Step,
    /// The models.
    Model,
    /// The days.
    Day,
}

/// How a report is made.
#[derive(Debug, Clone, Copy)]
pub struct CostQuestion<'a> {
    /// What its rows stand for.
    pub by: Grouping,
    /// The zone whose days are counted.
    pub zone: &'a TimeZone,
    /// What ended before counts for nothing.
    pub since: Option<Timestamp>,
    /// The user's own prices.
    pub own: &'a Prices,
}

/// What some attempts cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CostLine {
    /// What they have in common.
    pub name: String,
    /// How many they are.
    pub attempts: u32,
    /// Of how many no usage is known.
    pub without_usage: u32,
    /// Of how many the tokens are known and the price is not.
    pub without_price: u32,
    /// Of how many the tokens are estimated.
    pub estimated: u32,
    /// The tokens that are known.
    pub tokens: Tokens,
    /// The money that is known, in millionths of a dollar.
    pub micro_usd: MicroUsd,
    /// The part of it that was computed from list prices.
    pub listed_micro_usd: MicroUsd,
    /// How long they took, in milliseconds.
    pub duration_ms: u64,
}

/// What attempts cost, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostReport {
    /// The version of this document.
    pub schema_version: u32,
    /// What the rows stand for.
    pub by: Grouping,
    /// The rows: the dearest first, days in their order.
    pub rows: Vec<CostLine>,
    /// All of it.
    pub total: CostLine,
    /// The models whose price is not known.
    pub models_without_price: BTreeSet<String>,
}

impl CostLine {
    /// Returns whether anything is known beyond that there were attempts.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.without_usage < self.attempts
    }

    /// Returns the share of this line, from 0 to 1: of the money where any is known, else of the tokens, else of the time.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share is shown in a few characters")]
    pub fn share_of(&self, total: &Self) -> f64 {
        let (part, all) = match (total.micro_usd.0, total.tokens.total()) {
            (0, 0) => (self.duration_ms, total.duration_ms),
            (0, all) => (self.tokens.total(), all),
            (all, _) => (self.micro_usd.0, all),
        };
        if all == 0 { 0.0 } else { part as f64 / all as f64 }
    }

    fn add(&mut self, usage: Option<&Usage>, duration_ms: u64) {
        self.attempts = self.attempts.saturating_add(1);
        self.duration_ms = self.duration_ms.saturating_add(duration_ms);
        let Some(usage) = usage else {
            self.without_usage += 1;
            return;
        };
        self.tokens += usage.tokens;
        self.estimated += u32::from(usage.estimated);
        match usage.cost {
            Some(cost) => {
                self.micro_usd.0 = self.micro_usd.0.saturating_add(cost.micro_usd.0);
                if cost.source == PriceSource::ListPrice {
                    self.listed_micro_usd.0 = self.listed_micro_usd.0.saturating_add(cost.micro_usd.0);
                }
            }
            None => self.without_price += 1,
        }
    }
}

/// Returns what the attempts of tools cost. Checks and gates are no tools and cost nothing; an attempt that still runs is not counted. Where
/// a cost was not known when an attempt ended and the price of its model is by now, it is computed.
#[must_use]
pub fn cost_report<'a>(entries: impl IntoIterator<Item = &'a Entry>, question: &CostQuestion<'_>) -> CostReport {
    let mut rows: BTreeMap<String, CostLine> = BTreeMap::new();
    let mut total = CostLine { name: "total".to_owned(), ..CostLine::default() };
    let mut models_without_price = BTreeSet::new();
    for (entry, ended) in entries.into_iter().filter_map(attempt) {
        if question.since.is_some_and(|since| entry.ts < since) {
            continue;
        }
        let usage = ended.usage.clone().map(|usage| priced(usage, entry.ts, question.own));
        let name = name(entry.ts, ended, question);
        let row = rows.entry(name.clone()).or_insert_with(|| CostLine { name, ..CostLine::default() });
        row.add(usage.as_ref(), ended.duration_ms);
        total.add(usage.as_ref(), ended.duration_ms);
        models_without_price.extend(usage.filter(|usage| usage.cost.is_none()).and_then(|usage| usage.model));
    }
    let mut rows: Vec<CostLine> = rows.into_values().collect();
    match question.by {
        Grouping::Day => {}
        Grouping::Tool | Grouping::Workstream | Grouping::Step | Grouping::Model => {
            rows.sort_by_key(|row| std::cmp::Reverse((row.micro_usd, row.tokens.total(), row.duration_ms)));
        }
    }
    CostReport { schema_version: SCHEMA_VERSION, by: question.by, rows, total, models_without_price }
}

/// Returns how an attempt of a tool ended, when that is what an entry says. What came from the cache cost nobody anything.
fn attempt(entry: &Entry) -> Option<(&Entry, &StepFinished)> {
    match entry.event() {
        Some(Event::StepFinished(ended)) if ended.tool.is_some() && !ended.cached => Some((entry, ended)),
        Some(_) | None => None,
    }
}

fn name(ts: Timestamp, ended: &StepFinished, question: &CostQuestion<'_>) -> String {
    let unknown = || "unknown".to_owned();
    match question.by {
        Grouping::Tool => ended.tool.as_ref().map_or_else(unknown, ToString::to_string),
        Grouping::Workstream => ended.workstream.to_string(),
        Grouping::Step => ended.step.to_string(),
        Grouping::Model => ended.usage.as_ref().and_then(|usage| usage.model.clone()).unwrap_or_else(unknown),
        Grouping::Day => ts.to_zoned(question.zone.clone()).date().to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::id::{EntryId, RunId, StepId, ToolId, WorkstreamId};
    use crate::domain::ledger::entry::Body;
    use crate::domain::run::fact::StepOutcome;
    use crate::domain::tool::usage::Cost;
    use ulid::Ulid;

    /// Returns the usage of some tokens, by this model, at this cost.
    pub(crate) fn usage(tokens: [u64; 3], model: Option<&str>, cost: Option<(u64, PriceSource)>) -> Usage {
        let [input, cached, output] = tokens;
        Usage {
            tokens: Tokens { input, cached, output, ..Tokens::default() },
            cost: cost.map(|(micro, source)| Cost { micro_usd: MicroUsd(micro), source }),
            model: model.map(str::to_owned),
            ..Usage::default()
        }
    }

    /// Returns the entry of an attempt that took two seconds: `workstream step tool`, without a tool for a check.
    pub(crate) fn ended(at: &str, who: &str, usage: Option<Usage>) -> Entry {
        let mut words = who.split(' ');
        let ended = StepFinished {
            workstream: WorkstreamId::parse(words.next().unwrap()).unwrap(),
            step: StepId::parse(words.next().unwrap()).unwrap(),
            attempt: 1,
            tool: words.next().map(|tool| ToolId::parse(tool).unwrap()),
            outcome: StepOutcome::Passed,
            message: String::new(),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: Some(0),
            duration_ms: 2_000,
            output: None,
            findings: Vec::new(),
            review: None,
            failure: None,
            usage,
            cached: false,
        };
        Entry {
            id: EntryId::new(Ulid::from(1)),
            ts: at.parse().unwrap(),
            run: RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap(),
            key: who.to_owned(),
            body: Body::Known(Box::new(Event::StepFinished(ended))),
        }
    }

    /// Returns a run of four attempts and a check, of which one told its price, one only tokens of a model with and one of a model without
    /// a list price, and one nothing.
    pub(crate) fn entries() -> Vec<Entry> {
        let guessed = Usage { estimated: true, ..usage([500, 0, 10], Some("mine"), None) };
        vec![
            ended(
                "2026-10-29T23:30:00Z",
                "api edit claude",
                Some(usage([10, 1_000, 50], Some("claude-sonnet-4-5"), Some((420_000, PriceSource::Reported)))),
            ),
            ended("2026-10-29T23:40:00Z", "api static", None),
            ended("2026-10-30T10:00:00Z", "api fix codex", Some(usage([1_000_000, 0, 0], Some("gpt-5.1-codex"), None))),
            ended("2026-10-30T11:00:00Z", "ui edit aider", Some(guessed)),
            ended("2026-10-30T12:00:00Z", "ui edit command", None),
        ]
    }

    fn report(by: Grouping, since: Option<&str>) -> CostReport {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let since = since.map(|since| since.parse().unwrap());
        cost_report(&entries(), &CostQuestion { by, zone: &zone, since, own: &Prices::default() })
    }

    #[test]
    fn attempts_add_up_whatever_the_rows_are() {
        let check = |by: Grouping, expect: &[(&str, u32, u64, u64)]| {
            let report = report(by, None);
            let rows: Vec<_> =
                report.rows.iter().map(|row| (row.name.as_str(), row.attempts, row.tokens.total(), row.micro_usd.0)).collect();
            assert_eq!(rows, expect, "{by:?}");
            let total = &report.total;
            assert_eq!(
                (total.attempts, total.tokens.total(), total.micro_usd.0, total.listed_micro_usd.0),
                (4, 1_001_570, 1_670_000, 1_250_000)
            );
            assert_eq!((total.without_usage, total.without_price, total.estimated, total.duration_ms), (1, 1, 1, 8_000));
            assert_eq!(report.models_without_price, BTreeSet::from(["mine".to_owned()]));
        };
        check(
            Grouping::Tool,
            &[("codex", 1, 1_000_000, 1_250_000), ("claude", 1, 1_060, 420_000), ("aider", 1, 510, 0), ("command", 1, 0, 0)],
        );
        check(Grouping::Workstream, &[("api", 2, 1_001_060, 1_670_000), ("ui", 2, 510, 0)]);
        check(Grouping::Step, &[("fix", 1, 1_000_000, 1_250_000), ("edit", 3, 1_570, 420_000)]);
        let models = [
            ("gpt-5.1-codex", 1, 1_000_000, 1_250_000),
            ("claude-sonnet-4-5", 1, 1_060, 420_000),
            ("mine", 1, 510, 0),
            ("unknown", 1, 0, 0),
        ];
        check(Grouping::Model, &models);
        // The day of whoever reads.
        check(Grouping::Day, &[("2026-10-30", 4, 1_001_570, 1_670_000)]);
    }

    #[test]
    fn only_what_ended_since_counts() {
        let report = report(Grouping::Tool, Some("2026-10-30T10:30:00Z"));
        assert_eq!((report.total.attempts, report.total.micro_usd.0), (2, 0));
        assert!(report.rows[0].is_known() && !report.rows[1].is_known());
    }

    #[test]
    fn shares_are_of_what_is_known() {
        let line = |micro: u64, input: u64, duration_ms: u64| CostLine {
            micro_usd: MicroUsd(micro),
            tokens: Tokens { input, ..Tokens::default() },
            duration_ms,
            ..CostLine::default()
        };
        assert_eq!(line(1, 9, 9).share_of(&line(4, 10, 10)), 0.25);
        assert_eq!(line(0, 5, 9).share_of(&line(0, 10, 10)), 0.5);
        assert_eq!(line(0, 0, 9).share_of(&line(0, 0, 10)), 0.9);
        assert_eq!(line(0, 0, 0).share_of(&line(0, 0, 0)), 0.0);
    }
}
