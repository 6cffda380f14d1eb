//! From an error to an exit code and a hint: the only place that knows all errors, following the record of the exit codes.

pub mod doors;
pub mod meaning;
pub mod reading;
pub mod running;

use std::error::Error;

use self::meaning::Meaning;
use super::exit::Exit;

/// What is told about an error, and how the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What went wrong: `failed to ...: cause: cause`.
    pub message: String,
    /// Sentences that name the next command.
    pub hints: Vec<String>,
}

impl Failure {
    /// Returns what is told about an error that came up while the program tried to `purpose`.
    #[must_use]
    pub fn new(purpose: &str, error: &impl Meaning) -> Self {
        Self { exit: error.exit(), message: format!("failed to {purpose}: {}", chain(error)), hints: error.hint().into_iter().collect() }
    }
}

/// Returns an error with its causes. A cause that the text before it ends with already is not repeated.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}
