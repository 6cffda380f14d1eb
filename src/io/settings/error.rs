//! What can be wrong with settings.

use std::io;
use std::path::PathBuf;

use crate::io::git::command::GitCommandError;

/// A mistake in the settings, or settings that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file holds a mistake.
    #[error("{file}:{line}:{column}: {message}")]
    File {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: u64,
        /// What is wrong.
        message: String,
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
