//! Expectations: predicates over the files of a tree, which a phase needs before it begins or must have fulfilled at its end.

use super::data::DataClaim;
use super::issue::{IssueKind, IssueSeverity};
use super::traced::Trace;
use crate::domain::policy::pattern::Pattern;

/// Something that must hold of the files.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// What must hold.
    pub what: Predicate,
    /// What kind of issue it is when it does not.
    pub issue: IssueKind,
    /// How bad it is then.
    pub severity: IssueSeverity,
    /// The name under which it is known then, such as that of what blocks a gate; the kind when absent.
    pub condition: Option<String>,
    /// What is said then; `None` for a sentence made from the predicate.
    pub message: Option<String>,
}

/// What must hold of the files that match a glob.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// At least one file matches and is not empty.
    Exists(Pattern),
    /// No file matches.
    Absent(Pattern),
    /// Together they have at least so much.
    AtLeast {
        /// Which files.
        files: Pattern,
        /// How much.
        count: u64,
        /// Of what.
        unit: Unit,
    },
    /// Together they say these words, whatever the case.
    Mentions {
        /// Which files.
        files: Pattern,
        /// The words.
        words: Vec<String>,
        /// How many of them.
        how: HowMany,
    },
    /// They hold code: a line that looks like a definition or an import of a common language.
    HasCode(Pattern),
    /// Each of them can be read as this.
    Parses {
        /// Which files.
        files: Pattern,
        /// As what.
        format: Format,
    },
    /// The workstream changed at least one of them.
    Changed(Pattern),
    /// There is at least one, and this is true of the data of each.
    Data {
        /// Which files.
        files: Pattern,
        /// What is true of them.
        claim: DataClaim,
    },
    /// Together they say something.
    Says {
        /// Which files.
        files: Pattern,
        /// What they say.
        pattern: regex::Regex,
        /// How often, when it matters.
        times: Option<u32>,
    },
    /// What some files name, others take up.
    Traced(Box<Trace>),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Files.
    Files,
    /// Lines.
    Lines,
    /// Words, between white space.
    Words,
    /// Characters.
    Characters,
    /// Headings of Markdown of the first or the second level.
    Headings,
}

/// How many words of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowMany {
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// As what a file can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document.
    Json,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
}
