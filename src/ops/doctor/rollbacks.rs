//! Rollbacks that were cut short between their gates and their last entry.

use super::health::Check;
use super::state::named;
use crate::domain::run::keeping::prepared_ref;
use crate::domain::run::state::RunState;
use crate::io::git::lock::RunLock;
use crate::io::git::refs::Refs;
use crate::ops::context::Context;
use crate::ops::load::{RunHead, load_state};
use crate::ops::rollback::settle::settle_run;

/// Tells of rollbacks that were cut short; nothing when there is none.
#[must_use]
pub fn check(cx: &Context, heads: &[RunHead]) -> Option<Check> {
    let names: Vec<String> = open(cx, heads).iter().map(|state| format!("{} {}", state.name, state.run)).collect();
    let text = format!("cut short before the branch moved, or before that was recorded: {}", named(&names));
    (!names.is_empty()).then(|| Check::warning("rollbacks", text).help("git orc doctor --repair"))
}

/// Brings them to their end; returns a sentence about each.
#[must_use]
pub fn mend(cx: &Context, heads: &[RunHead]) -> Vec<String> {
    let mut done = Vec::new();
    for RunState { run, .. } in open(cx, heads) {
        let Ok(held) = RunLock::take(&cx.repo, run) else { continue };
        match settle_run(cx, &held, run) {
            Ok(sentences) => done.extend(sentences),
            Err(error) => done.push(format!("a rollback of run {run} could not be brought to its end: {error}")),
        }
    }
    done
}

/// What is prepared has a ref that leads to something else than what the run last came to.
fn open(cx: &Context, heads: &[RunHead]) -> Vec<RunState> {
    let refs = Refs::new(&cx.repo, cx.durability());
    let is_open = |head: &&RunHead| refs.read(&prepared_ref(head.run)).ok().flatten().is_some_and(|commit| commit != head.tip);
    let states = heads.iter().filter(is_open).filter_map(|head| load_state(&cx.ledger(), head.run).ok());
    states.filter(|state| state.rollbacks.prepared.is_some()).collect()
}
