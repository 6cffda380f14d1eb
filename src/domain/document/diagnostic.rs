//! What is wrong with a plan, where, and what helps: plain data, without colours and without the source text.

use std::fmt;

use serde::{Serialize, Serializer};

/// How much a diagnostic weighs. Only errors keep a plan from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan can not run.
    Error,
    /// The plan runs, but probably not as meant.
    Warning,
    /// It is good to know.
    Note,
}

/// Which part of the reading finds a problem; it decides whether a JSON Schema can find it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The text itself: a schema never sees such a file.
    Text,
    /// Keys, types and ranges of values: the schemas in `schema/` find it too.
    Structure,
    /// What the values mean together: beyond a schema.
    Meaning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $class:ident, $severity:ident;)*) => {
        /// The kind of a diagnostic; its text is stable and part of the `--json` output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of the source.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the stable text, in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns which part of the reading finds it.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }

            /// Returns how much it weighs.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The text is no YAML or JSON.
    Syntax = "syntax", Text, Error;
    /// The file is larger than a plan may be.
    TooLarge = "too-large", Text, Error;
    /// The file is not UTF-8.
    NotUtf8 = "not-utf8", Text, Error;
    /// Lists and maps are nested too deeply.
    TooDeep = "too-deep", Text, Error;
    /// A YAML feature that plans do without: tags, several documents, keys that are no text.
    UnsupportedYaml = "unsupported-yaml", Text, Error;
    /// Two YAML readers understand the text differently.
    AmbiguousYaml = "ambiguous-yaml", Text, Error;
    /// A key is given twice in one map.
    DuplicateKey = "duplicate-key", Text, Error;

    /// A value has the wrong type.
    WrongType = "wrong-type", Structure, Error;
    /// A key is not known here.
    UnknownKey = "unknown-key", Structure, Error;
    /// A key is missing.
    MissingKey = "missing-key", Structure, Error;
    /// A word is none of those that are allowed here.
    UnknownValue = "unknown-value", Structure, Error;
    /// A number is too small or too large.
    OutOfRange = "out-of-range", Structure, Error;
    /// The version of the format is not known.
    UnsupportedVersion = "unsupported-version", Structure, Error;
    /// A name does not match the rule for ids.
    InvalidId = "invalid-id", Structure, Error;
    /// A command has no words.
    EmptyCommand = "empty-command", Structure, Error;
    /// There is no workstream.
    EmptyPlan = "empty-plan", Structure, Error;

    /// Two things have the same id.
    DuplicateId = "duplicate-id", Meaning, Error;
    /// An id is used that nothing has.
    UnknownId = "unknown-id", Meaning, Error;
    /// An id is kept for the program's own use.
    ReservedId = "reserved-id", Meaning, Error;
    /// Something depends on itself.
    SelfDependency = "self-dependency", Meaning, Error;
    /// Dependencies form a circle.
    Cycle = "cycle", Meaning, Error;
    /// A workstream may write nothing.
    EmptyScope = "empty-scope", Meaning, Error;
    /// A glob can not be read.
    BadGlob = "bad-glob", Meaning, Error;
    /// A workstream forbids what it is to write.
    ContradictoryScope = "contradictory-scope", Meaning, Error;
    /// A command can not be split or started.
    BadCommand = "bad-command", Meaning, Error;
    /// A branch name that git refuses.
    InvalidBranch = "invalid-branch", Meaning, Error;
    /// A commit-ish that can not name a commit.
    InvalidBase = "invalid-base", Meaning, Error;
    /// Two keys that exclude each other.
    ConflictingKeys = "conflicting-keys", Meaning, Error;
    /// A key that has no use in this place.
    MisplacedKey = "misplaced-key", Meaning, Error;
    /// Nothing says which tool does the work.
    MissingTool = "missing-tool", Meaning, Error;
    /// The tool `command` has no command, a check has none, or `replay` has no patches.
    MissingCommand = "missing-command", Meaning, Error;
    /// A goal has nothing to reach.
    MissingTarget = "missing-target", Meaning, Error;
    /// No tool profile has this id.
    UnknownTool = "unknown-tool", Meaning, Error;
    /// No tool has this capability.
    UnknownCapability = "unknown-capability", Meaning, Error;
    /// The first step of a workstream changes nothing.
    FirstStep = "first-step", Meaning, Error;
    /// Nothing says what is meant.
    MissingName = "missing-name", Meaning, Error;
    /// A path leads where it must not.
    BadPath = "bad-path", Meaning, Error;
    /// A condition or an expectation that does not say what it is about.
    IncompleteRule = "incomplete-rule", Meaning, Error;
    /// There is no template of prompts with this name.
    UnknownTemplate = "unknown-template", Meaning, Error;
    /// There is no pipeline with this name.
    UnknownPipeline = "unknown-pipeline", Meaning, Error;
    /// A plugin needs another version of the program.
    Incompatible = "incompatible", Meaning, Error;
    /// A file is named that is not there.
    MissingFile = "missing-file", Meaning, Error;
    /// A name that is not that of the file that gives it.
    WrongName = "wrong-name", Meaning, Error;
    /// Something is needed that nothing before it makes.
    Unfulfilled = "unfulfilled", Meaning, Warning;
    /// Something is never due.
    Unreachable = "unreachable", Meaning, Warning;
    /// An id to which something is added becomes too long.
    LongId = "long-id", Meaning, Error;

    /// A regular expression can not be used.
    BadRegex = "bad-regex", Meaning, Error;
    /// A layer loosens what a lower one says.
    ConstraintWeakened = "constraint-weakened", Meaning, Error;

    /// A workstream names no issue where the repository asks for one.
    MissingIssue = "missing-issue", Meaning, Error;
    /// A file of the repository can not be used as what its name says.
    UnusableFile = "unusable-file", Meaning, Error;

    /// A workflow lacks a state that it can not do without.
    MissingState = "missing-state", Meaning, Error;
    /// No transition leads to a state.
    UnreachableState = "unreachable-state", Meaning, Error;
    /// No transition leads from a state back to the first one.
    DeadEnd = "dead-end", Meaning, Error;
    /// Phases or handoffs do not agree with the transitions.
    BadTransition = "bad-transition", Meaning, Error;
    /// A state whose gate can block has no transition for it.
    CanNotBlock = "can-not-block", Meaning, Error;
    /// A state from which nothing that was merged can be taken back, though an error asks for it.
    NoRollback = "no-rollback", Meaning, Error;
    /// A handoff goes around a gate.
    GateBypass = "gate-bypass", Meaning, Error;
    /// Nobody makes something before it is needed.
    NoProducer = "no-producer", Meaning, Error;

    /// A command looks as if a shell were to run it.
    ShellSyntax = "shell-syntax", Meaning, Warning;
    /// A dependency is named twice.
    DuplicateDependency = "duplicate-dependency", Meaning, Warning;
    /// A tool is not told what to do.
    NoInstructions = "no-instructions", Meaning, Warning;
    /// A key is accepted and means nothing here.
    Ignored = "ignored", Meaning, Warning;
    /// No tool profile has this id, which does no harm here.
    UnlistedTool = "unlisted-tool", Meaning, Warning;
    /// Nothing runs the tests of a workstream where the repository asks for it.
    Untested = "untested", Meaning, Warning;
    /// Two workstreams of one level may write the same files.
    Overlap = "overlap", Meaning, Note;
    /// Something of the same name is elsewhere, and one of the two stands in place of the other.
    Shadowed = "shadowed", Meaning, Note;
    /// There is more to say than is shown.
    Omitted = "omitted", Meaning, Note;
}

/// The codes that no plan has by itself: those of other documents, and of what a repository asks of plans.
pub const BEYOND_PLANS: [Code; 21] = [
    Code::Shadowed,
    Code::Incompatible,
    Code::MissingFile,
    Code::WrongName,
    Code::Unfulfilled,
    Code::Unreachable,
    Code::ConstraintWeakened,
    Code::MissingName,
    Code::Ignored,
    Code::UnlistedTool,
    Code::MissingIssue,
    Code::UnusableFile,
    Code::Untested,
    Code::MissingState,
    Code::UnreachableState,
    Code::DeadEnd,
    Code::BadTransition,
    Code::CanNotBlock,
    Code::NoRollback,
    Code::GateBypass,
    Code::NoProducer,
];

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place in a source file. Lines and columns count from 1; columns count characters and their end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The line of the first byte.
    pub line: u32,
    /// The column of the first byte.
    pub column: u32,
    /// The column after the last character on the first line.
    pub end_column: u32,
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

/// Another place that explains a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What is there.
    pub label: String,
    /// The file, as in [`crate::domain::document::source::SourceFile::path`].
    pub file: String,
    /// The place.
    pub span: Span,
}

/// One thing to say about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// The file, as in [`crate::domain::document::source::SourceFile::path`].
    pub file: String,
    /// The place; `None` when it concerns the whole file.
    pub span: Option<Span>,
    /// What helps: a sentence.
    pub hint: Option<String>,
    /// Other places that explain it.
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// Returns one about a file as a whole.
    #[must_use]
    pub fn whole(code: Code, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: code.severity(), code, message: message.into(), file: file.into(), span: None, hint: None, related: Vec::new() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(span) = self.span {
            write!(f, ":{}:{}", span.line, span.column)?;
        }
        write!(f, ": {} [{}]", self.message, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for text in &texts {
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{text}");
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn displays_the_place() {
        let span = Span { line: 3, column: 5, end_column: 9, start: 20, end: 24 };
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            code: Code::UnknownKey,
            message: "unknown key `x`".to_owned(),
            file: "plan.yaml".to_owned(),
            span: Some(span),
            hint: None,
            related: Vec::new(),
        };
        assert_eq!(diagnostic.to_string(), "plan.yaml:3:5: unknown key `x` [unknown-key]");
        assert_eq!(serde_json::to_value(&diagnostic).unwrap()["code"], "unknown-key");
    }
}
