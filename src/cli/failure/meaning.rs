//! What an error means.

use std::error::Error;

use crate::cli::exit::Exit;

/// What an error means to a script, and what helps.
///
/// No implementation has a default arm, so a new error does not compile until somebody has decided what it means.
pub trait Meaning: Error + Sized {
    /// Returns how the program ends.
    fn exit(&self) -> Exit;

    /// Returns what helps: a sentence that names the next command.
    fn hint(&self) -> Option<String>;
}
