//! What verbs need that look after runs without driving them: who drives what, and how it is recorded that something was done.

use std::collections::BTreeMap;

use crate::domain::id::{EntryId, RepoPath, RunId};
use crate::domain::ledger::codec::{self, EncodeError};
use crate::domain::run::event::Event;
use crate::domain::run::keeping::{keep_alive, wants_checkpoint};
use crate::domain::run::shelf::shelf_file;
use crate::domain::run::state::RunState;
use crate::domain::run::turn::{Stamps, Turn, TurnError};
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_news::Unless;
use crate::io::git::ledger_ref::{Beneath, FileUpdate, LedgerError, LedgerRef, NewEntry};
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::signature::Identity;
use crate::ops::context::Context;
use crate::ops::load::{LoadError, load_run, load_state, run_file};

/// How often it is tried again when somebody tells the run something meanwhile.
const MOST_TRIES: u32 = 64;

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
    /// The checkpoint has no JSON form.
    #[error("the checkpoint could not be written as JSON")]
    Checkpoint(#[from] serde_json::Error),
    /// The ledger can not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nobody is named as the author.
    #[error(transparent)]
    Identity(#[from] InspectError),
}

/// Records events for a run as one batch, each with the number of its tending where it has one; with a checkpoint where one is wanted, so that
/// lists of runs need not look for what came after the end. Returns the state that they lead to. The run's lock must be held: it keeps drivers
/// away, while people may tell the run something at any time. What they say first is folded first, or a checkpoint would lack it.
///
/// # Errors
/// Returns [`TendError`] when they could not be recorded; the ledger then holds none of them.
pub fn record_all(cx: &Context, _held: &RunLock, run: RunId, events: &[Event]) -> Result<RunState, TendError> {
    let operator = cx.repo.identity()?;
    let ledger = LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: operator.email.clone() }, cx.durability());
    for _ in 0..MOST_TRIES {
        match try_to_record(cx, (&ledger, &operator), run, events) {
            Err(TendError::Ledger(LedgerError::Overtaken)) => {}
            ended => return ended,
        }
    }
    Err(LedgerError::Contended { tries: MOST_TRIES }.into())
}

fn try_to_record(cx: &Context, (ledger, operator): (&LedgerRef, &Identity), run: RunId, events: &[Event]) -> Result<RunState, TendError> {
    let known = ledger.tip()?;
    let loaded = load_run(ledger, run)?;
    let (name, now) = (|| EntryId::new(cx.clock.ulid()), || cx.clock.now());
    let mut turn = Turn::new(&loaded.state, &loaded.keys, Stamps { name: &name, now: &now });
    for event in events {
        let next = turn.state.tended;
        turn.push(event.clone().numbered(next))?;
    }
    let (mut batch, mut refs) = (Vec::new(), BTreeMap::new());
    for entry in &turn.entries {
        refs.extend(entry.event().and_then(|event| keep_alive(run, event)));
        let file = shelf_file(entry).map(|(path, content)| FileUpdate { path: RepoPath::from(path.as_str()), content: Some(content) });
        let message = codec::to_message(entry)?.into_bytes();
        batch.push(NewEntry { message, author: operator.clone(), time: entry.ts, files: file.into_iter().collect() });
    }
    if let Some(last) = batch.last_mut().filter(|_| turn.entries.iter().any(wants_checkpoint)) {
        let content = Some(serde_json::to_vec(&turn.state)?);
        last.files.push(FileUpdate { path: run_file(run, "checkpoint.json"), content });
    }
    let beneath = Beneath { objects: Vec::new(), refs: refs.into_iter().collect() };
    ledger.append_unless(&batch, &beneath, &Unless { known, is_news: &|commit| loaded.lacks(commit) })?;
    Ok(turn.state)
}

/// Records something that was done for a run; `make` gets the number of the entry, which is set anew when it is another one by then. The run's
/// lock must be held.
///
/// # Errors
/// Returns [`TendError`] when it could not be recorded.
pub fn record(cx: &Context, held: &RunLock, run: RunId, make: impl FnOnce(u32) -> Event) -> Result<(), TendError> {
    let next = load_state(&cx.ledger(), run)?.tended;
    record_all(cx, held, run, &[make(next)]).map(drop)
}
