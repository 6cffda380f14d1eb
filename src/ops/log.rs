//! `log`: the entries of the ledger, newest first.

use std::ops::ControlFlow;

use crate::domain::id::{ObjectId, RunId, WorkstreamId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::io::git::ledger_ref::LedgerError;
use crate::ops::context::Context;
use crate::ops::find::{FindError, Meant, find};

/// The error of reading the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is nothing of that name.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// An entry and its commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// The commit of the ledger.
    pub commit: ObjectId,
    /// The entry.
    pub entry: Entry,
}

/// What an entry must be about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Filter {
    All,
    Run(RunId),
    Workstream(RunId, WorkstreamId),
    Patch(RunId, String),
}

/// Returns the newest entries: of everything, of a run, of a workstream or of a patch; at most `limit` of them. A commit of the ledger
/// that carries no entry, such as one that joins two ledgers, is passed over.
///
/// # Errors
/// Returns [`LogError`] when nothing has that name or the ledger can not be read.
pub fn log(cx: &Context, about: Option<&str>, limit: Option<usize>) -> Result<Vec<Logged>, LogError> {
    let ledger = cx.ledger();
    let filter = match about.map(|text| find(&ledger, text)).transpose()? {
        None => Filter::All,
        Some(Meant::Run(run)) => Filter::Run(run),
        Some(Meant::Workstream(state, id)) => Filter::Workstream(state.run, id),
        Some(Meant::Patch(state, _, patch)) => Filter::Patch(state.run, patch.to_string()),
    };
    let limit = limit.unwrap_or(usize::MAX);
    let mut logged = Vec::new();
    let Some(tip) = ledger.tip()?.filter(|_| limit > 0) else { return Ok(logged) };
    ledger.walk_back(tip, |commit| {
        let entry = codec::from_message(&commit.message).ok().filter(|entry| filter.takes(entry));
        logged.extend(entry.map(|entry| Logged { commit: commit.id, entry }));
        if logged.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(logged)
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        let about = entry.event().map(|event| event.about());
        match self {
            Self::All => true,
            Self::Run(run) => entry.run == *run,
            Self::Workstream(run, id) => entry.run == *run && about.is_some_and(|about| about.workstream == Some(id)),
            Self::Patch(run, patch) => {
                entry.run == *run && about.and_then(|about| about.patch).is_some_and(|named| named.to_string() == *patch)
            }
        }
    }
}
