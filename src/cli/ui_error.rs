//! What can go wrong when a result is written.

use std::io;

/// The error of writing a result.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Whoever read it has gone.
    #[error("nobody reads the output any more")]
    Closed,
    /// It can not be written.
    #[error("the output can not be written")]
    Write(#[source] io::Error),
}

impl From<io::Error> for UiError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Write(error) }
    }
}
