//! How a tool was chosen: the facts of one decision. Stored formats: fields are only ever added, with a default.

use serde::{Deserialize, Serialize};

use crate::domain::id::{Attempt, StepId, ToolId, WorkstreamId};
use crate::domain::tool::strategy::Strategy;

/// What was found about a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidacy {
    /// It does the step.
    Chosen,
    /// It is as good as the chosen one and comes after it.
    Spare,
    /// It is not installed, or nothing is known of it.
    Absent,
    /// It can do nothing until somebody mends it.
    Unusable,
    /// It failed so often that it is left alone for a while.
    BreakerOpen,
    /// Its provider does not let it be used yet.
    RateLimited,
    /// As many of it are at work as may be.
    Busy,
    /// As many of it were started in the last minute as may be.
    Paced,
    /// It was tried for this workstream, and another one took its place.
    Tried,
}

impl Candidacy {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Spare => "spare",
            Self::Absent => "absent",
            Self::Unusable => "unusable",
            Self::BreakerOpen => "breaker_open",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::Paced => "paced",
            Self::Tried => "tried",
        }
    }

    /// Returns what is told about it behind its name.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Chosen => "is chosen",
            Self::Spare => "comes after it",
            Self::Absent => "is not there",
            Self::Unusable => "can not be used",
            Self::BreakerOpen => "is left alone after failures",
            Self::RateLimited => "is rate limited",
            Self::Busy => "is busy",
            Self::Paced => "was started often enough",
            Self::Tried => "was tried",
        }
    }
}

/// A tool that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The tool.
    pub tool: ToolId,
    /// What was found.
    pub verdict: Candidacy,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its score in thousandths, where tools are chosen by their record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
}

/// How the tool of an attempt was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// What the step asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// The order in which candidates are looked at.
    pub strategy: Strategy,
    /// The candidates in that order.
    pub candidates: Vec<Candidate>,
    /// One sentence fragment about why it is this one.
    pub reason: String,
}

impl Routing {
    /// Returns whether the first candidate was chosen, so that nothing had to be passed over.
    #[must_use]
    pub fn is_first_choice(&self) -> bool {
        self.candidates.first().is_some_and(|one| one.verdict == Candidacy::Chosen)
    }
}

/// The tool of an attempt was chosen among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRouted {
    /// Whose step it is.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// Its number.
    pub attempt: Attempt,
    /// The tool.
    pub tool: ToolId,
    /// How it was chosen.
    pub routing: Routing,
}
