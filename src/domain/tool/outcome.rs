//! How a process that was started ended.

use serde::{Deserialize, Serialize};

/// Which time limit ended a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeLimit {
    /// It ran too long.
    Wall,
    /// It was silent for too long.
    Idle,
}

/// How a process that was started ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// Somebody else ended it by a signal, or it crashed.
    Signaled {
        /// The number of the signal.
        signal: i32,
    },
    /// We ended it because a limit was reached, whatever exit code it then chose.
    TimedOut {
        /// Which limit.
        limit: TimeLimit,
    },
    /// We ended it because the run was stopped.
    Cancelled,
}
