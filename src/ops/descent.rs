//! Which runs did again what another one had not merged: `git orc retry RUN`, and the same for those that it started.

use crate::domain::id::RunId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::state::RunState;
use crate::io::git::ledger_ref::LedgerRef;
use crate::ops::load::{LoadError, RunHead, load_state, run_entries, runs};

/// Returns the runs that did a run again, and those that did one of them again, oldest first. They are of the same plan, and build the same
/// branch, where what was merged before counted as done.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read.
pub fn done_again(ledger: &LedgerRef, first: &RunState) -> Result<Vec<RunState>, LoadError> {
    let (mut family, mut found) = (vec![first.run], Vec::new());
    let later = |head: &&RunHead| head.run > first.run && head.target == first.target;
    for head in runs(ledger)?.iter().rev().filter(later) {
        if retry_of(ledger, head.run)?.is_some_and(|run| family.contains(&run)) {
            family.push(head.run);
            found.push(load_state(ledger, head.run)?);
        }
    }
    Ok(found)
}

fn retry_of(ledger: &LedgerRef, run: RunId) -> Result<Option<RunId>, LoadError> {
    let planned = |event: &Event| {
        let Event::RunPlanned(planned) = event else { return None };
        planned.retry_of
    };
    Ok(run_entries(ledger, run)?.iter().filter_map(Entry::event).find_map(planned))
}
