//! Which runs did again what another one had not merged: `git orc retry RUN`, and the same for those that it started.

use crate::domain::id::RunId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::state::RunState;
use crate::io::git::ledger_ref::LedgerRef;
use crate::ops::load::{LoadError, RunHead, entries_of, runs, states_at};

/// Returns the runs that did a run again, and those that did one of them again, oldest first. They are of the same plan, and build the same
/// branch, where what was merged before counted as done. The ledger is walked as often for many runs as for one.
///
/// # Errors
/// Returns [`LoadError`] when the ledger can not be read.
pub fn done_again(ledger: &LedgerRef, first: &RunState) -> Result<Vec<RunState>, LoadError> {
    let Some(tip) = ledger.tip()? else { return Ok(Vec::new()) };
    let is_later = |head: &RunHead| head.run > first.run && head.target == first.target;
    let later: Vec<RunId> = runs(ledger)?.iter().filter(|head| is_later(head)).map(|head| head.run).collect();
    if later.is_empty() {
        return Ok(Vec::new());
    }
    let mut family = vec![first.run];
    for (run, entries) in entries_of(ledger, tip, &later)? {
        if retry_of(&entries).is_some_and(|run| family.contains(&run)) {
            family.push(run);
        }
    }
    states_at(ledger, tip, &family[1..])?.collect()
}

fn retry_of(entries: &[Entry]) -> Option<RunId> {
    entries.iter().filter_map(Entry::event).find_map(|event| {
        let Event::RunPlanned(planned) = event else { return None };
        planned.retry_of
    })
}
