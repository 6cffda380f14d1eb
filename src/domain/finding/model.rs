//! One diagnostic of a linter, compiler or test, in one schema. Vocabulary: SARIF (rule, level, location); ranges: 1-based, end exclusive.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It must be mended.
    Error,
    /// It should be looked at.
    Warning,
    /// It is worth knowing.
    Note,
}

/// What kind of check found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A compiler or type checker.
    Compile,
    /// A linter.
    Lint,
    /// A test.
    Test,
    /// The command failed and nothing in its output was understood; the message holds the last lines.
    Unparsed,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, relative to the top of the worktree.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in bytes, counted from 1; `None` when the tool does not say.
    pub column: Option<u32>,
}

/// One diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The program that reported it.
    pub source: String,
    /// What kind of check found it.
    pub kind: FindingKind,
    /// How bad it is.
    pub level: Level,
    /// The rule, as the program names it.
    pub rule: Option<String>,
    /// What it says, without colours.
    pub message: String,
    /// Where it is.
    pub location: Option<Location>,
    /// Equal for the same finding on moved lines, with other timings, numbers and paths: 16 hexadecimal digits.
    pub fingerprint: String,
}
