//! The error of all four machines.

/// The error for a move that the machines do not list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} is no legal move for {what} in state {from}")]
pub struct IllegalTransition {
    /// What should have moved.
    pub what: String,
    /// Where it stands.
    pub from: String,
    /// The event.
    pub event: &'static str,
}

impl IllegalTransition {
    /// Returns the error for a move of `what`, which stands at `from`.
    #[must_use]
    pub fn new(what: impl Into<String>, from: &str, event: &'static str) -> Self {
        Self { what: what.into(), from: from.to_owned(), event }
    }
}
