//! What can be wrong with settings.

use std::io;
use std::path::PathBuf;

use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::policy::budget::word::BudgetWordError;
use crate::io::git::command::GitCommandError;

/// A mistake in the settings, or settings that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Files hold mistakes: all of them, each with its place.
    #[error("{}", .0.iter().map(told).collect::<Vec<_>>().join("\n"))]
    Documents(Vec<Diagnostic>),
    /// The profile of the repository is there twice.
    #[error("`{first}` and `{second}` are both there, and only one can be the profile of the repository")]
    TwoProfiles {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A value outside of a file is wrong.
    #[error("{place} is `{value}`, but must be {expected}")]
    Value {
        /// The variable, the key or the flag.
        place: String,
        /// The value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A budget outside of a file can not be read.
    #[error("{place}: {error}")]
    Budget {
        /// The variable or the key.
        place: String,
        /// What is wrong with it.
        error: BudgetWordError,
    },
    /// Numbers that were read make no sense.
    #[error("{key} is {value}, but must be {expected} ({origin})")]
    Limit {
        /// The number.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
        /// Where it comes from.
        origin: String,
    },
    /// A file is there and cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Git's configuration cannot be read.
    #[error("the configuration of git cannot be read")]
    Git(#[from] GitCommandError),
}

/// Returns a mistake in one line.
fn told(one: &Diagnostic) -> String {
    let place = one.span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
    let hint = one.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{place}: {}{hint}", one.file, one.message)
}
