//! What follows when the work of a workstream can not go on by itself, where its plan says more than `fail` or `pause`: tried again for so
//! many times or for so long, then a person, or the end of the whole run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What follows when work can not go on for this reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Handling {
    /// By which name it is told: `gate_failure`, ...
    pub name: String,
    /// For which reason.
    pub cause: Cause,
    /// What is tried before.
    pub patience: Patience,
    /// What is done then.
    pub response: Response,
    /// Who is told.
    pub notify: Vec<String>,
}

/// Why work can not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A check told of one of these: kinds of issues, or names that expectations give. It is handled at once, before anything mends it.
    Found(Vec<String>),
    /// What a step needs is not there.
    Lacking,
    /// A step ran out of time.
    TimedOut,
    /// Nothing is left that could mend it, for whatever reason.
    Unmended,
}

/// What is tried before something is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Patience {
    /// Nothing.
    None,
    /// So many rounds in all, with waits in between.
    Rounds {
        /// How many, the first included.
        most: u32,
        /// Seconds of the first wait.
        first_wait_sec: f64,
        /// The factor from one wait to the next.
        factor: f64,
    },
    /// Again and again, for a time.
    Until {
        /// Seconds from the first time on.
        most_sec: f64,
        /// Seconds between two rounds.
        every_sec: f64,
    },
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The workstream waits for a person.
    Block,
    /// The same, and somebody is called.
    Escalate,
    /// The whole run is halted.
    Halt,
}

impl Response {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "blocked",
            Self::Escalate => "escalated",
            Self::Halt => "halted",
        }
    }
}

/// How often a workstream was tried again by a handling, in the step that it is at. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// How often.
    #[serde(default)]
    pub done: u32,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Rounds {
    /// Returns whether there was none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
