//! How much may be spent: the plan's defaults, then the workstream's own, amount by amount.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::At;
use crate::domain::plan::raw::{RawPlan, RawWorkstream};
use crate::domain::policy::budget::raw::{RawBudget, Usd};
use crate::domain::policy::budget::{Budget, WorkstreamBudget};
use crate::domain::tool::usage::MicroUsd;

/// Returns the budget of a workstream from the records that say something about it, the weakest first.
pub fn of_workstream(layers: [&RawWorkstream; 2]) -> WorkstreamBudget {
    let mut budget = WorkstreamBudget::default();
    for raw in layers {
        if let Some(most) = &raw.max_cost_usd {
            budget.workstream.usd = Some(MicroUsd::from_usd(most.value.number()));
        }
        if let Some(own) = &raw.budget {
            put(own.value.attempt.as_ref(), &mut budget.attempt);
            put(own.value.workstream.as_ref(), &mut budget.workstream);
        }
    }
    budget
}

/// Returns the budget of a run.
pub fn of_run(raw: &RawPlan) -> Budget {
    let mut budget = Budget::default();
    put(raw.budget.as_ref().and_then(|own| own.value.run.as_ref()), &mut budget);
    budget
}

fn put(raw: Option<&At<RawBudget>>, budget: &mut Budget) {
    if let Some(raw) = raw {
        raw.value.put_into(budget);
    }
}

/// Reports two words for one amount.
pub fn check(raw: &RawWorkstream, sink: &mut Sink<'_>) {
    let ours: Option<&At<Usd>> = raw.budget.as_ref().and_then(|own| own.value.workstream.as_ref()).and_then(|own| own.value.usd.as_ref());
    if let (Some(_), Some(theirs)) = (ours, &raw.max_cost_usd) {
        let draft = Draft::new(Code::ConflictingKeys, theirs.place, "`max_cost_usd` and `budget.workstream.usd` are one amount");
        sink.add(draft.hint("Keep one of the two."));
    }
}
