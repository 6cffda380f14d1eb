//! Which way a number is bounded.

use serde::{Deserialize, Serialize};

/// What a number is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The target, or more.
    AtLeast,
    /// The target, or less.
    AtMost,
    /// The target.
    Equals,
}

impl Bound {
    /// Returns the words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::Equals => "exactly",
        }
    }
}
