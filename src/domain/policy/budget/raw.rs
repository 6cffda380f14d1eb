//! Budgets as files write them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use super::{Budget, BudgetKey, BudgetScope, Measure};
use crate::domain::document::node::{Entry, Node};
use crate::domain::document::read::{Read, Real, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{At, Place};
use crate::domain::tool::usage::MicroUsd;

/// An amount of US dollars.
pub type Usd = Real<0, 1_000_000_000>;
/// A share in percent.
pub type Percent = Whole<1, 100>;

record! {
    /// How much may be spent on one thing; what is absent is not bounded.
    RawBudget requires [] extra Closed {
        /// Money in US dollars.
        usd "usd": Usd,
        /// Tokens, read and written, cached ones included.
        tokens "tokens": Whole<0, 1_000_000_000_000>,
        /// Minutes at work.
        minutes "minutes": Real<0, 525_600>,
    }

    /// How much may be spent: by a person's wish, or by that of a repository, which only tightens it.
    RawBudgets requires [] extra Closed {
        /// On each attempt of a tool.
        attempt "attempt": RawBudget,
        /// On each workstream.
        workstream "workstream": RawBudget,
        /// On a run.
        run "run": RawBudget,
        /// On all runs of a day.
        day "day": RawBudget,
        /// The share in percent from which on it is warned that a budget comes to its end.
        warn_at "warn_at": Percent,
    }

    /// How much may be spent on a workstream.
    RawWorkstreamBudget requires [] extra Closed {
        /// On each attempt of its tools.
        attempt "attempt": RawBudget,
        /// On all of its attempts together.
        workstream "workstream": RawBudget,
    }

    /// How much may be spent on a plan.
    RawPlanBudget requires [] extra Closed {
        /// On a run of it.
        run "run": RawBudget,
    }
}

impl RawBudget {
    /// Returns the amounts that are given, with their places.
    fn amounts(&self) -> impl Iterator<Item = (Measure, u64, Place)> {
        let usd = self.usd.as_ref().map(|at| (Measure::Usd, MicroUsd::from_usd(at.value.number()).0, at.place));
        let tokens = self.tokens.as_ref().map(|at| (Measure::Tokens, at.value.wide(), at.place));
        let seconds = self.minutes.as_ref().map(|at| (Measure::Seconds, seconds(at.value.number()), at.place));
        [usd, tokens, seconds].into_iter().flatten()
    }

    /// Puts the amounts that are given into a budget.
    pub fn put_into(&self, budget: &mut Budget) {
        self.amounts().for_each(|(measure, amount, _)| budget.set(measure, Some(amount)));
    }
}

impl RawBudgets {
    /// Returns the amounts that are given, with their places.
    pub fn amounts(&self) -> impl Iterator<Item = (BudgetKey, u64, Place)> {
        let scopes = [
            (BudgetScope::Attempt, &self.attempt),
            (BudgetScope::Workstream, &self.workstream),
            (BudgetScope::Run, &self.run),
            (BudgetScope::Day, &self.day),
        ];
        let given = scopes.into_iter().filter_map(|(scope, budget)| Some((scope, &budget.as_ref()?.value)));
        given
            .flat_map(|(scope, budget)| budget.amounts().map(move |(measure, amount, place)| (BudgetKey { scope, measure }, amount, place)))
    }
}

/// Returns whole seconds; a part of a second counts as one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bounds of the file hold minutes from 0 to a year")]
fn seconds(minutes: f64) -> u64 {
    (minutes * 60.0).ceil() as u64
}
