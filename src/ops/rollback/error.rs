//! Why nothing is rolled back.

use super::refusal::Refusal;
use crate::domain::id::{ObjectId, PatchId, RunId};
use crate::domain::run::machine_error::IllegalTransition;
use crate::engine::failure::ExecuteError;
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::LockError;
use crate::io::git::merge::{MergeCommandError, MergeError};
use crate::io::git::notes::NotesError;
use crate::io::git::objects::ObjectError;
use crate::io::git::refs::RefError;
use crate::ops::begin::BeginError;
use crate::ops::find::FindError;
use crate::ops::frozen::FrozenError;
use crate::ops::load::LoadError;
use crate::ops::tend::TendError;
use crate::ops::trust::TrustError;

/// The error of rolling back.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is no such run, workstream or patch.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The frozen plan can not be brought back.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The run was started in another clone, and nobody here has trusted its plan.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// What gates and actions need can not be prepared.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// It can not be recorded.
    #[error(transparent)]
    Tend(#[from] TendError),
    /// What was prepared does not fit the run.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// The user's configuration of merges can not be read.
    #[error(transparent)]
    Merging(#[from] MergeCommandError),
    /// What would be left can not be found out.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The branch can not be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The notes can not be written.
    #[error("the notes could not be written")]
    Notes(#[from] NotesError),
    /// The machine or the repository does not let it.
    #[error(transparent)]
    Execute(#[from] Box<ExecuteError>),
    /// There is no reason.
    #[error("a reason is needed")]
    NoReason,
    /// Nothing of it is merged.
    #[error("nothing of {what} is merged")]
    NothingMerged {
        /// What was named.
        what: String,
    },
    /// It is not merged.
    #[error("{what} is {status}, and only what is merged can be undone")]
    NotMerged {
        /// What was named.
        what: String,
        /// Where it stands.
        status: &'static str,
    },
    /// Later patches of the same workstream stand on it.
    #[error("patch {patch} is not the newest one of {workstream}: {} later", newer.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    NewerPatches {
        /// The patch.
        patch: PatchId,
        /// Its workstream.
        workstream: String,
        /// Those that came later, oldest first.
        newer: Vec<PatchId>,
    },
    /// The patch joined two histories, so that there is no one state before it.
    #[error("patch {patch} of {workstream} resolved a conflict and can not be undone by itself")]
    Joins {
        /// The patch.
        patch: PatchId,
        /// Its workstream.
        workstream: String,
    },
    /// The run was interrupted while it merged.
    #[error("run {0} was interrupted while its branch moved")]
    Unfinished(RunId),
    /// The branch is gone.
    #[error("branch {0} is gone")]
    NoBranch(String),
    /// What is to be undone is not on the branch.
    #[error("branch {branch} does not hold {}, which is to be undone", commit.short())]
    NotOnBranch {
        /// The branch.
        branch: String,
        /// The commit.
        commit: ObjectId,
    },
    /// The branch is checked out.
    #[error("branch {branch} is checked out in {path}")]
    CheckedOut {
        /// The branch.
        branch: String,
        /// Where.
        path: String,
    },
    /// The branch was moved by somebody else meanwhile.
    #[error("branch {0} was moved by somebody else meanwhile; nothing was undone")]
    Moved(String),
    /// Something stands in the way.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A gate does not let it pass.
    #[error("gate {gate} does not pass without it: {message}; nothing was undone")]
    Red {
        /// The gate.
        gate: String,
        /// Why.
        message: String,
    },
    /// A gate asks a person.
    #[error("gate {gate}: {message}; nothing was undone yet")]
    Asks {
        /// The run.
        run: RunId,
        /// The gate.
        gate: String,
        /// What it asks.
        message: String,
    },
    /// Nothing of it was undone, so that there is nothing to compensate.
    #[error("nothing of {what} was undone")]
    NothingUndone {
        /// What was named.
        what: String,
    },
}

impl From<ExecuteError> for RollbackError {
    fn from(error: ExecuteError) -> Self {
        Self::Execute(Box::new(error))
    }
}
