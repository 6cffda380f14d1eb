//! What can be wrong with the result of a phase.

use serde::{Deserialize, Serialize};

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// Something that must be there is not.
    MissingOutput,
    /// A plan lacks one of its parts.
    IncompletePlanning,
    /// A text is too short to be of use to the next phase.
    InsufficientDetail,
    /// A text lacks its structure.
    MissingStructure,
    /// There is too little of what was to be written.
    InsufficientContent,
    /// There is no code where code was to be written.
    NoCodeDetected,
    /// A file can not be read as what it claims to be.
    InvalidOutput,
    /// A command of the check failed, or could not be run.
    ExecutionError,
}

impl IssueKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::MissingOutput,
        Self::IncompletePlanning,
        Self::InsufficientDetail,
        Self::MissingStructure,
        Self::InsufficientContent,
        Self::NoCodeDetected,
        Self::InvalidOutput,
        Self::ExecutionError,
    ];

    /// Returns the word for it; the rule of its findings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MissingOutput => "missing_output",
            Self::IncompletePlanning => "incomplete_planning",
            Self::InsufficientDetail => "insufficient_detail",
            Self::MissingStructure => "missing_structure",
            Self::InsufficientContent => "insufficient_content",
            Self::NoCodeDetected => "no_code_detected",
            Self::InvalidOutput => "invalid_output",
            Self::ExecutionError => "execution_error",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueSeverity {
    /// Worth telling; nothing is held up.
    Minor,
    /// It must be mended.
    Major,
    /// Nothing can be built on it.
    Critical,
}

impl IssueSeverity {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

/// One thing that is wrong with the result of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// What kind of thing.
    pub kind: IssueKind,
    /// How bad it is.
    pub severity: IssueSeverity,
    /// The name under which it is known, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The file, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// One sentence about it.
    pub message: String,
}

impl Issue {
    /// Returns the name under which it is known: its own, else that of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        self.condition.as_deref().unwrap_or_else(|| self.kind.word())
    }
}
