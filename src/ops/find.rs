//! Which run a user means: its id, the beginning of it, or the name of its plan.

use super::load::{self, LoadError, RunHead};
use crate::domain::id::RunId;
use crate::io::git::ledger_ref::LedgerRef;

/// The error for a word that means no run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The ledger can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No run is meant.
    #[error("no run has the id or the name `{0}`")]
    Unknown(String),
    /// Several runs are meant.
    #[error("`{word}` is the beginning of several runs: {}", runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// The word.
        word: String,
        /// The runs.
        runs: Vec<RunId>,
    },
}

/// Finds the run that a word means: a whole id, the beginning of one, or the name of a plan, of which the newest run is meant.
///
/// # Errors
/// Returns an error when no run is meant, or several.
pub fn find(ledger: &LedgerRef, word: &str) -> Result<RunId, FindError> {
    choose(&load::runs(ledger)?, word)
}

fn choose(newest_first: &[RunHead], word: &str) -> Result<RunId, FindError> {
    if let Some(head) = newest_first.iter().find(|head| head.name == word) {
        return Ok(head.run);
    }
    let upper = word.to_ascii_uppercase();
    let meant: Vec<RunId> = newest_first.iter().map(|head| head.run).filter(|run| run.to_string().starts_with(&upper)).collect();
    match meant.as_slice() {
        [run] => Ok(*run),
        [] => Err(FindError::Unknown(word.to_owned())),
        _ => Err(FindError::Ambiguous { word: word.to_owned(), runs: meant }),
    }
}
