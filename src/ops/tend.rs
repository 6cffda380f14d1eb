//! What verbs need that look after runs without driving them: who drives what, and how it is recorded that something was done.

use crate::domain::id::{EntryId, RunId};
use crate::domain::ledger::codec::{self, EncodeError};
use crate::domain::run::event::Event;
use crate::domain::run::turn::{Stamps, Turn, TurnError};
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::{LedgerError, LedgerRef, NewEntry};
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::signature::Identity;
use crate::ops::context::Context;
use crate::ops::load::{LoadError, load_run};

/// The error of recording what was done for a run.
#[derive(Debug, thiserror::Error)]
pub enum TendError {
    /// Somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The entry does not fit the run.
    #[error(transparent)]
    Staging(#[from] TurnError),
    /// The entry has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The ledger can not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nobody is named as the author.
    #[error(transparent)]
    Identity(#[from] InspectError),
}

/// Records something that was done for a run; `make` gets the number of the entry. The run's lock must be held.
///
/// # Errors
/// Returns [`TendError`] when it could not be recorded.
pub fn record(cx: &Context, _held: &RunLock, run: RunId, make: impl FnOnce(u32) -> Event) -> Result<(), TendError> {
    let operator = cx.repo.identity()?;
    let ledger = LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: operator.email.clone() }, cx.durability());
    let loaded = load_run(&ledger, run)?;
    let (name, now) = (|| EntryId::new(cx.clock.ulid()), || cx.clock.now());
    let mut turn = Turn::new(&loaded.state, &loaded.keys, Stamps { name: &name, now: &now });
    turn.push(make(loaded.state.tended))?;
    let mut batch = Vec::new();
    for entry in &turn.entries {
        let message = codec::to_message(entry)?.into_bytes();
        batch.push(NewEntry { message, author: operator.clone(), time: entry.ts, files: Vec::new() });
    }
    ledger.append(&batch)?;
    Ok(())
}
