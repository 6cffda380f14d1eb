//! The error of reading or writing a ref.

use std::path::PathBuf;

use super::hold::HoldError;
use crate::domain::id::ObjectId;
use crate::io::fs::FsError;

/// The error of reading or writing a ref.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// It does not have the value that was expected; somebody else has moved it.
    #[error("ref `{name}` is {}, not {} as expected", value(found), value(expected))]
    Changed {
        /// The ref.
        name: String,
        /// The value that was expected; `None` for no such ref.
        expected: Option<ObjectId>,
        /// Its value.
        found: Option<ObjectId>,
    },
    /// Somebody else holds its lock.
    #[error("ref `{name}` is locked by `{}`", lock.display())]
    Locked {
        /// The ref.
        name: String,
        /// The file that locks it.
        lock: PathBuf,
    },
    /// Another ref has the name of one of its folders, or is inside it.
    #[error("ref `{name}` can not exist beside ref `{other}`")]
    NameConflict {
        /// The ref.
        name: String,
        /// The ref in its way.
        other: String,
    },
    /// It is empty or damaged.
    #[error("ref `{name}` is damaged")]
    Damaged {
        /// The ref.
        name: String,
    },
    /// It is a symbolic ref, which is not written through.
    #[error("ref `{name}` is symbolic")]
    Symbolic {
        /// The ref.
        name: String,
    },
    /// Git does not allow the name.
    #[error("`{name}` is not a valid ref name")]
    BadName {
        /// The name.
        name: String,
    },
    /// What it should lead to can not be held, since a garbage collection of the user's takes it.
    #[error("what ref `{name}` shall lead to is taken by a garbage collection: {source}")]
    Vanished {
        /// The ref.
        name: String,
        /// What went wrong.
        #[source]
        source: Box<HoldError>,
    },
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

fn value(id: &Option<ObjectId>) -> String {
    id.map_or_else(|| "missing".to_owned(), |id| id.short())
}
