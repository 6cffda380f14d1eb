//! Why an effect can not be carried out: the machine or the repository, never the work itself, whose failures are recorded.

use super::recorder::NotRecorded;
use super::space::SpaceError;
use crate::domain::run::machine_error::IllegalTransition;
use crate::io::fs::FsError;
use crate::io::git::apply::ApplyError;
use crate::io::git::guard::GuardError;
use crate::io::git::inspect::InspectError;
use crate::io::git::merge::MergeError;
use crate::io::git::notes::NotesError;
use crate::io::git::objects::ObjectError;
use crate::io::git::refs::RefError;
use crate::io::git::worktree::WorktreeError;

/// The error for an effect that can not be carried out because of the machine or the repository, not because of the work.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The driver stops.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// An object could not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A ref could not be read or moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The notes could not be written.
    #[error(transparent)]
    Notes(#[from] NotesError),
    /// A merge could not be made at all.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A worktree could not be made, read or removed.
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    /// The repository could not be asked.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// What a tool could have changed could not be looked at.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// A diff could not be looked at.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// There is too little room on a disk.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A thread ended.
    #[error("a part of git-orc ended unexpectedly: {0}")]
    Lost(String),
    /// An event does not fit the state.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The plan and the state do not fit.
    #[error("{0}")]
    Inconsistent(String),
}

/// Runs blocking work on a thread that may block.
///
/// # Errors
/// Returns what the work returns, or [`ExecuteError::Lost`] when the thread ended.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ExecuteError> + Send + 'static) -> Result<T, ExecuteError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| ExecuteError::Lost(e.to_string()))?
}
