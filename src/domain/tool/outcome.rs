//! How a tool's process ended, and what that means for the attempt, the tool's circuit breaker and a retry.
//!
//! An exit code of 0 never means that a change was made, and some tools exit with 0 after every failure; so success here is necessary for
//! a good attempt and not sufficient. Usage, cost and a tool's own error reports will become further classes here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::profile::ToolProfile;

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

/// What came of one execution of a tool, by a name that is stable in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// It ended with one of its success codes.
    Succeeded,
    /// It ended with another exit code.
    FailedExit,
    /// It ran too long.
    TimedOut,
    /// It was silent for too long.
    Idle,
    /// It crashed, or somebody else killed it.
    Signaled,
    /// The run was stopped.
    Cancelled,
    /// Its program is not installed.
    BinaryMissing,
    /// It could not be started for another reason.
    SpawnFailed,
    /// Its command line could not be made from its profile.
    BadInvocation,
    /// It succeeded and changed nothing, where a change was wanted.
    NoChange,
    /// It succeeded, and the diff that it was to print is missing or malformed.
    BadPatch,
}

impl OutcomeClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::Succeeded,
        Self::FailedExit,
        Self::TimedOut,
        Self::Idle,
        Self::Signaled,
        Self::Cancelled,
        Self::BinaryMissing,
        Self::SpawnFailed,
        Self::BadInvocation,
        Self::NoChange,
        Self::BadPatch,
    ];

    /// Returns the class of a finished process.
    #[must_use]
    pub fn of(ending: Ending, success_exit_codes: &[i32]) -> Self {
        match ending {
            Ending::Exited { code } if success_exit_codes.contains(&code) => Self::Succeeded,
            Ending::Exited { .. } => Self::FailedExit,
            Ending::Signaled { .. } => Self::Signaled,
            Ending::TimedOut { limit: TimeLimit::Wall } => Self::TimedOut,
            Ending::TimedOut { limit: TimeLimit::Idle } => Self::Idle,
            Ending::Cancelled => Self::Cancelled,
        }
    }

    /// Returns the stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::FailedExit => "failed_exit",
            Self::TimedOut => "timed_out",
            Self::Idle => "idle",
            Self::Signaled => "signaled",
            Self::Cancelled => "cancelled",
            Self::BinaryMissing => "binary_missing",
            Self::SpawnFailed => "spawn_failed",
            Self::BadInvocation => "bad_invocation",
            Self::NoChange => "no_change",
            Self::BadPatch => "bad_patch",
        }
    }

    /// Returns whether the tool did what it was asked, as far as its process tells.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Succeeded
    }

    /// Returns whether it counts as a failure of the tool in its circuit breaker: the tool is broken, absent or hangs. A tool that
    /// worked and had nothing to say is healthy, and a stopped run or a wrong profile says nothing about it.
    #[must_use]
    pub const fn counts_for_breaker(self) -> bool {
        match self {
            Self::FailedExit | Self::TimedOut | Self::Idle | Self::Signaled | Self::BinaryMissing | Self::SpawnFailed => true,
            Self::Succeeded | Self::Cancelled | Self::BadInvocation | Self::NoChange | Self::BadPatch => false,
        }
    }

    /// Returns whether the same tool may do better in another attempt.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::FailedExit | Self::TimedOut | Self::Idle | Self::Signaled | Self::SpawnFailed | Self::NoChange | Self::BadPatch => true,
            Self::Succeeded | Self::Cancelled | Self::BinaryMissing | Self::BadInvocation => false,
        }
    }
}

impl fmt::Display for OutcomeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns one sentence for people about how a tool's process ended.
#[must_use]
pub fn describe(tool: &str, ending: Ending) -> String {
    match ending {
        Ending::Exited { code } => format!("`{tool}` ended with exit code {code}"),
        Ending::Signaled { signal } => format!("`{tool}` was ended by signal {signal}"),
        Ending::TimedOut { limit: TimeLimit::Wall } => format!("`{tool}` ran into its time limit"),
        Ending::TimedOut { limit: TimeLimit::Idle } => format!("`{tool}` printed nothing for longer than its idle limit"),
        Ending::Cancelled => format!("`{tool}` was stopped together with the run"),
    }
}

/// Returns what a person can do about a tool whose program is missing.
#[must_use]
pub fn missing_hint(profile: &ToolProfile) -> String {
    let program = profile.binary().unwrap_or(profile.id.as_str());
    match &profile.install {
        Some(install) => format!("Install `{program}` with `{install}`, or name another tool in the plan."),
        None => format!("Install `{program}` so that it is found in PATH, or name another tool in the plan."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_have_classes() {
        let check = |ending, class: OutcomeClass| assert_eq!(OutcomeClass::of(ending, &[0, 5]), class, "{ending:?}");
        check(Ending::Exited { code: 0 }, OutcomeClass::Succeeded);
        check(Ending::Exited { code: 5 }, OutcomeClass::Succeeded);
        check(Ending::Exited { code: 1 }, OutcomeClass::FailedExit);
        check(Ending::Signaled { signal: 9 }, OutcomeClass::Signaled);
        check(Ending::TimedOut { limit: TimeLimit::Wall }, OutcomeClass::TimedOut);
        check(Ending::TimedOut { limit: TimeLimit::Idle }, OutcomeClass::Idle);
        check(Ending::Cancelled, OutcomeClass::Cancelled);
    }

    #[test]
    fn names_are_those_of_the_stored_form() {
        for class in OutcomeClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }

    #[test]
    fn a_missing_program_is_never_tried_again_and_opens_the_breaker() {
        assert!(!OutcomeClass::BinaryMissing.is_retryable() && OutcomeClass::BinaryMissing.counts_for_breaker());
        assert!(!OutcomeClass::Cancelled.is_retryable() && !OutcomeClass::Cancelled.counts_for_breaker());
    }
}
