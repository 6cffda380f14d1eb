//! Where the pipelines of roles of a run stand, from its frozen plan and its entries.

use crate::domain::id::RunId;
use crate::domain::ledger::entry::Entry;
use crate::domain::workflow::view::{WorkflowView, views};
use crate::io::git::ledger_ref::LedgerRef;
use crate::ops::frozen::thaw;
use crate::ops::load::run_entries;

/// Returns where the pipelines of roles of a run stand; nothing for a run without any, or whose plan can not be brought back, which other
/// verbs tell.
#[must_use]
pub fn workflows(ledger: &LedgerRef, run: RunId) -> Vec<WorkflowView> {
    let entries = || run_entries(ledger, run).unwrap_or_default();
    of_entries(ledger, run, entries)
}

/// Returns where they stand after these entries.
#[must_use]
pub fn of_entries(ledger: &LedgerRef, run: RunId, entries: impl FnOnce() -> Vec<Entry>) -> Vec<WorkflowView> {
    let Some(tip) = ledger.tip().ok().flatten() else { return Vec::new() };
    let Ok(thawed) = thaw(ledger, tip, run) else { return Vec::new() };
    if thawed.plan.workflows.is_empty() {
        return Vec::new();
    }
    views(&thawed.plan, run, &entries())
}
