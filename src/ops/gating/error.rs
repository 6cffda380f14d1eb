//! What can go wrong before a gate has said anything.

use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::gate::push::BadUpdate;
use crate::domain::ledger::codec::EncodeError;
use crate::engine::failure::ExecuteError;
use crate::io::fs::FsError;
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::LockError;
use crate::io::git::objects::ObjectError;
use crate::io::git::refs::RefError;
use crate::io::git::repo::RepoError;
use crate::ops::begin::BeginError;
use crate::ops::load::LoadError;

/// The error when gates can not be asked.
#[derive(Debug, thiserror::Error)]
pub enum GatingError {
    /// The file of gates is not valid.
    #[error("{} is not valid", file.path)]
    File {
        /// Everything that was found.
        diagnostics: Vec<Diagnostic>,
        /// The file, for showing the places.
        file: SourceFile,
    },
    /// There are two files of gates.
    #[error("{one} and {two} are both there")]
    TwoFiles {
        /// One.
        one: String,
        /// The other.
        two: String,
    },
    /// What has the name of a file of gates is none.
    #[error("`{place}` of commit {commit} is no regular file of at most {MAX_BYTES} bytes")]
    Unusable {
        /// Where.
        place: &'static str,
        /// The commit.
        commit: String,
    },
    /// There is no file of gates.
    #[error("{commit} has no {name}")]
    NoFile {
        /// The commit.
        commit: String,
        /// The name.
        name: &'static str,
    },
    /// No gate has this id.
    #[error("there is no gate `{id}`")]
    UnknownGate {
        /// As it was given.
        id: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A range names no two commits.
    #[error("`{0}` is no range")]
    Range(String),
    /// There is nothing to waive for.
    #[error("a reason is needed")]
    NoReason,
    /// What git told the hook makes no sense.
    #[error(transparent)]
    Update(#[from] BadUpdate),
    /// A name leads to no commit.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A ref can not be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The ledger can not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A run can not be brought back.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An entry has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The gates can not be run here.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The machine or the repository does not let them run.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A file can not be read or written.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// Another process holds the session.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Git can not be asked.
    #[error(transparent)]
    Git(#[from] InspectError),
}
