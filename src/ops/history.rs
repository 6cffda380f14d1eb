//! What earlier runs tell a new one: how well tools did, and what was spent today.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bstr::ByteSlice as _;
use jiff::Timestamp;

use super::context::Context;
use super::cost::ended;
use crate::domain::id::{RunId, ToolId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::{Budgets, Spent};
use crate::domain::run::adapt::{Fluid, told};
use crate::domain::run::config::{Record, RunConfig};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome};
use crate::domain::run::learning;
use crate::domain::run::purse::{Elsewhere, day};
use crate::domain::tool::strategy::Strategy;
use crate::io::git::ledger_ref::{LedgerError, LedgerRef};

/// So many of the newest entries teach something.
const MOST_LEARNT: usize = 20_000;

/// Returns the ends of attempts of tools, with the run and the time of each.
fn attempts(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &StepFinished)> {
    entries.iter().filter_map(|entry| match entry.event() {
        Some(Event::StepFinished(finished)) if finished.tool.is_some() => Some((entry, finished)),
        _ => None,
    })
}

/// Returns what tools did, as far as the ledger knows; attempts that were cut short or met a limit say nothing about a tool.
fn records(entries: &[Entry]) -> BTreeMap<ToolId, Record> {
    let mut records: BTreeMap<ToolId, Record> = BTreeMap::new();
    for (_, finished) in attempts(entries) {
        let is_cut = matches!(finished.outcome, StepOutcome::Cancelled | StepOutcome::Interrupted);
        let is_limit = finished.failure.as_ref().is_some_and(crate::domain::tool::failure::Failure::is_a_wait);
        let Some(tool) = finished.tool.clone().filter(|_| !is_cut && !is_limit) else { continue };
        let record = records.entry(tool).or_default();
        record.attempts += 1;
        record.passed += u32::from(finished.outcome == StepOutcome::Passed);
        record.took_ms = record.took_ms.saturating_add(finished.duration_ms);
    }
    records
}

/// Returns what runs other than this one spent on the day of `now`.
fn elsewhere(entries: &[Entry], (run, now): (RunId, Timestamp)) -> Spent {
    let today = day(now);
    let of_today = attempts(entries).filter(|(entry, _)| entry.run != run && day(entry.ts) == today);
    of_today.filter(|(_, finished)| finished.usage.is_some()).fold(Spent::default(), |mut sum, (_, finished)| {
        sum += Spent::of(finished.usage.as_ref(), finished.duration_ms);
        sum
    })
}

/// Puts what tools did so far into the settings of a run in which that decides; the ledger is not read for anything else.
///
/// # Errors
/// Returns [`LedgerError`] when the ledger can not be read.
pub fn remember(cx: &Context, config: &mut RunConfig) -> Result<(), LedgerError> {
    if config.strategies.values().any(|strategy| *strategy == Strategy::ByRecord) {
        config.records = records(&ended(&cx.ledger(), None)?);
        config.records.retain(|tool, _| config.tools.contains_key(tool));
    }
    Ok(())
}

/// Puts what former runs teach into the settings of a fluid run; returns it in sentences. The ledger is not read for any other run.
///
/// # Errors
/// Returns [`LedgerError`] when the ledger can not be read.
pub fn learn(cx: &Context, plan: &CheckedPlan, config: &mut RunConfig) -> Result<Vec<String>, LedgerError> {
    if !plan.fluid {
        return Ok(Vec::new());
    }
    let mut lessons = learning::learn(&steps(&cx.ledger())?);
    lessons.of.retain(|tool, _| config.tools.contains_key(tool));
    let told = told(&lessons);
    config.fluid = Some(Fluid { lessons });
    Ok(told)
}

/// Returns the newest entries that say how attempts began and ended, oldest first.
fn steps(ledger: &LedgerRef) -> Result<Vec<Entry>, LedgerError> {
    let mut entries = Vec::new();
    let Some(tip) = ledger.tip()? else { return Ok(entries) };
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for two words.
        let is_wanted = commit.message.contains_str("step_started") || commit.message.contains_str("step_finished");
        entries.extend(is_wanted.then(|| codec::from_message(&commit.message).ok()).flatten());
        if entries.len() < MOST_LEARNT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    entries.reverse();
    Ok(entries)
}

/// Returns what other runs have spent today, where there is a budget for a day.
///
/// # Errors
/// Returns [`LedgerError`] when the ledger can not be read.
pub fn spent_today(cx: &Context, run: RunId, budgets: &Budgets) -> Result<Elsewhere, LedgerError> {
    if budgets.day.is_unbounded() {
        return Ok(Elsewhere::default());
    }
    let now = cx.clock.now();
    Ok(Elsewhere { day: day(now), spent: elsewhere(&ended(&cx.ledger(), None)?, (run, now)) })
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{EntryId, WorkstreamId};
    use crate::domain::tool::failure::{Failure, FailureClass};
    use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Usage};

    fn entry((run, second): (u128, i64), outcome: StepOutcome, failure: Option<FailureClass>) -> Entry {
        let cost = Some(Cost { micro_usd: MicroUsd(10), source: PriceSource::Reported });
        let finished = StepFinished {
            workstream: WorkstreamId::parse("ws").unwrap(),
            step: "edit".parse().unwrap(),
            attempt: 1,
            tool: ToolId::parse("aider").ok(),
            outcome,
            message: String::new(),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 500,
            output: None,
            findings: Vec::new(),
            review: None,
            failure: failure.map(Failure::of),
            usage: Some(Usage { cost, ..Usage::default() }),
        };
        let (id, ts) = (EntryId::new(Ulid::from(1)), Timestamp::from_second(second).unwrap());
        codec::entry(id, ts, RunId::new(Ulid::from(run)), Event::StepFinished(finished))
    }

    #[test]
    fn a_record_counts_what_a_tool_could_do_something_about() {
        let entries = [
            entry((1, 0), StepOutcome::Passed, None),
            entry((1, 0), StepOutcome::Failed, Some(FailureClass::Server)),
            entry((1, 0), StepOutcome::Failed, Some(FailureClass::RateLimit)),
            entry((1, 0), StepOutcome::Cancelled, None),
        ];
        let found = records(&entries);
        assert_eq!(found.into_values().collect::<Vec<_>>(), [Record { attempts: 2, passed: 1, took_ms: 1_000 }]);
    }

    #[test]
    fn only_other_runs_of_the_same_day_count() {
        let (noon, midnight) = (12 * 3_600, 24 * 3_600);
        let entries = [
            entry((1, noon), StepOutcome::Passed, None),
            entry((2, noon), StepOutcome::Failed, None),
            entry((2, midnight), StepOutcome::Passed, None),
        ];
        let me = RunId::new(Ulid::from(1));
        let spent = elsewhere(&entries, (me, Timestamp::from_second(noon + 60).unwrap()));
        assert_eq!(spent, Spent { micro_usd: MicroUsd(10), tokens: 0, millis: 500 });
    }
}
