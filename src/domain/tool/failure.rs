//! How the use of a tool failed, and what helps against it.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the use of a tool failed, by a name that is stable in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// It is not logged in, or its key is refused.
    Auth,
    /// Its provider lets nobody ask so much; it does again after a while.
    RateLimit,
    /// What it was given does not fit into its window.
    ContextTooLong,
    /// Its provider can not be reached.
    Network,
    /// Its provider answers with an error of its own.
    Server,
    /// It will not do what it is asked.
    Refusal,
    /// It came to its own limit of turns or requests.
    TurnLimit,
    /// It came to the budget that it was given.
    Budget,
    /// Its configuration is wrong.
    Config,
    /// It was not allowed what it needs.
    Permission,
    /// It changed nothing, where a change was wanted.
    NoChange,
    /// The diff that it was to print is missing, malformed, or does not apply.
    BadPatch,
    /// It ran too long.
    TimedOut,
    /// It was silent for too long.
    Idle,
    /// It crashed, or somebody else killed it.
    Crashed,
    /// Its program is not there or can not be started.
    Missing,
    /// It ended with an exit code that means failure and said nothing that is known.
    Failed,
}

/// What helps against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The same tool once more.
    Retry,
    /// The same tool when its limit is over, which costs no attempt; another one that is free meanwhile.
    Wait,
    /// The next tool; this one is left alone until the run is resumed.
    NextTool,
    /// The same tool with less to read.
    LessContext,
    /// A person.
    Person,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 17] = [
        Self::Auth,
        Self::RateLimit,
        Self::ContextTooLong,
        Self::Network,
        Self::Server,
        Self::Refusal,
        Self::TurnLimit,
        Self::Budget,
        Self::Config,
        Self::Permission,
        Self::NoChange,
        Self::BadPatch,
        Self::TimedOut,
        Self::Idle,
        Self::Crashed,
        Self::Missing,
        Self::Failed,
    ];

    /// Returns the stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::ContextTooLong => "context_too_long",
            Self::Network => "network",
            Self::Server => "server",
            Self::Refusal => "refusal",
            Self::TurnLimit => "turn_limit",
            Self::Budget => "budget",
            Self::Config => "config",
            Self::Permission => "permission",
            Self::NoChange => "no_change",
            Self::BadPatch => "bad_patch",
            Self::TimedOut => "timed_out",
            Self::Idle => "idle",
            Self::Crashed => "crashed",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }

    /// Returns what went wrong, in words that follow the name of a tool.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Auth => "is not logged in or its key was refused",
            Self::RateLimit => "ran into a rate limit",
            Self::ContextTooLong => "was given more than fits into its window",
            Self::Network => "could not reach its provider",
            Self::Server => "got an error from its provider",
            Self::Refusal => "refused",
            Self::TurnLimit => "came to its limit of turns",
            Self::Budget => "came to its budget",
            Self::Config => "is not configured rightly",
            Self::Permission => "was not allowed what it needs",
            Self::NoChange => "changed nothing",
            Self::BadPatch => "printed no usable diff",
            Self::TimedOut => "ran out of time",
            Self::Idle => "said nothing for too long",
            Self::Crashed => "crashed",
            Self::Missing => "could not be started",
            Self::Failed => "failed",
        }
    }

    /// Returns what helps, where the profile of the tool says nothing else.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::RateLimit => Remedy::Wait,
            Self::ContextTooLong => Remedy::LessContext,
            Self::Auth | Self::Config | Self::Permission | Self::Missing | Self::Refusal => Remedy::NextTool,
            Self::Budget => Remedy::Person,
            Self::Network
            | Self::Server
            | Self::TurnLimit
            | Self::NoChange
            | Self::BadPatch
            | Self::TimedOut
            | Self::Idle
            | Self::Crashed
            | Self::Failed => Remedy::Retry,
        }
    }

    /// Returns whether it counts in the tool's circuit breaker: the tool or its provider is broken or hangs. A tool that worked and had
    /// nothing to say is healthy.
    #[must_use]
    pub const fn counts_for_breaker(self) -> bool {
        match self {
            Self::Network | Self::Server | Self::TimedOut | Self::Idle | Self::Crashed | Self::Failed => true,
            Self::Auth
            | Self::RateLimit
            | Self::ContextTooLong
            | Self::Refusal
            | Self::TurnLimit
            | Self::Budget
            | Self::Config
            | Self::Permission
            | Self::NoChange
            | Self::BadPatch
            | Self::Missing => false,
        }
    }

    /// Returns whether no model answered, so that no token was used.
    #[must_use]
    pub const fn is_unanswered(self) -> bool {
        match self {
            Self::Auth | Self::RateLimit | Self::ContextTooLong | Self::Network | Self::Server | Self::Config | Self::Missing => true,
            Self::Refusal
            | Self::TurnLimit
            | Self::Budget
            | Self::Permission
            | Self::NoChange
            | Self::BadPatch
            | Self::TimedOut
            | Self::Idle
            | Self::Crashed
            | Self::Failed => false,
        }
    }

    /// Returns whether the tool can do nothing at all until somebody mends it.
    #[must_use]
    pub const fn is_of_tool(self) -> bool {
        matches!(self, Self::Auth | Self::Config | Self::Missing)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure of a tool in one attempt. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub class: FailureClass,
    /// What helps.
    pub remedy: Remedy,
    /// When the tool may be asked again, where it told that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

impl Failure {
    /// Returns a failure with the remedy of its class.
    #[must_use]
    pub const fn of(class: FailureClass) -> Self {
        Self { class, remedy: class.remedy(), retry_at: None }
    }

    /// Returns whether it is over after a while.
    #[must_use]
    pub const fn is_a_wait(&self) -> bool {
        matches!(self.remedy, Remedy::Wait)
    }

    /// Returns whether the workstream could do nothing about it, so that it costs no attempt.
    #[must_use]
    pub const fn costs_nothing(&self) -> bool {
        matches!(self.remedy, Remedy::Wait | Remedy::Person) || self.class.is_of_tool()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_stored_form() {
        for class in FailureClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }

    #[test]
    fn what_is_waited_for_or_mended_by_a_person_opens_no_breaker() {
        for class in FailureClass::ALL {
            assert!(!(class.counts_for_breaker() && class.remedy() != Remedy::Retry), "{class}");
            assert!(!class.is_of_tool() || class.remedy() == Remedy::NextTool, "{class}");
        }
    }
}
