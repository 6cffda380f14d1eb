//! Conditions, expectations and artifacts as users write them. The doc comments here are the descriptions in the JSON Schemas.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use super::issue::{IssueKind, IssueSeverity};
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Anything, Name, Read, Real, Whole, inline_schema, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::document::word::{unknown_value, words};

/// How much there must be at least.
pub type Much = Whole<1, 1_000_000_000>;
/// A bound of a number.
pub type Number = Real<{ -1_000_000_000_000 }, 1_000_000_000_000>;
/// A list of conditions.
pub type Conditions = Vec<At<RawCondition>>;
/// A list of expectations.
pub type Expectations = Vec<At<RawExpectation>>;

words! {
    /// How many words of a list.
    HowWord {
        /// At least one.
        Any = "any",
        /// Every one.
        All = "all",
    }
    /// As what a file can be read.
    FormatWord {
        /// One JSON document.
        Json = "json",
        /// YAML.
        Yaml = "yaml",
        /// TOML.
        Toml = "toml",
    }
    /// What values are.
    ClaimWord {
        /// They are there.
        Present = "present",
        /// They are there and not empty.
        Filled = "filled",
    }
    /// How an earlier step ended.
    EndedWord {
        /// It passed.
        Passed = "passed",
        /// It passed only after FIX steps.
        Mended = "mended",
        /// It was not due.
        Skipped = "skipped",
    }
}

record! {
    /// Something that must hold for a step to be due; exactly one of it is said.
    RawCondition requires [] extra Closed {
        /// The request (prompt, title and tasks) has one of these words, whatever the case.
        request "request": Vec<At<String>>,
        /// An earlier step ended like this: its id, and `passed`, `mended` or `skipped`.
        step "step": RawEnded,
        /// An earlier check of the workstream reported an issue of this kind, mended or not.
        issue "issue": KindOfIssue,
        /// None of these holds.
        not "not": Conditions,
        /// At least one of these holds.
        any "any": Conditions,
        /// At least one file matches this glob and is not empty.
        exists "exists": String,
        /// No file matches this glob.
        absent "absent": String,
        /// At least so many files match `in`.
        files "files": Much,
        /// The files of `in` have at least so many lines together.
        lines "lines": Much,
        /// The files of `in` have at least so many words together.
        words "words": Much,
        /// The files of `in` have at least so many characters together.
        characters "characters": Much,
        /// The files of `in` have at least so many headings of the first or the second level together.
        headings "headings": Much,
        /// The files of `in` say these words, whatever the case.
        mentions "mentions": Vec<At<String>>,
        /// How many of the words of `mentions`: `any` or `all`; `all` when absent.
        how "how": HowWord,
        /// The files of this glob hold code.
        code "code": String,
        /// Each file of `in` can be read as this.
        parses "parses": FormatWord,
        /// The workstream changed at least one file of this glob.
        changed "changed": String,
        /// The glob of the files that are looked at.
        within "in": String,
    }

    /// Something that must hold of the files; exactly one of it is said.
    RawExpectation requires [] extra Closed {
        /// At least one file matches this glob and is not empty.
        exists "exists": String,
        /// No file matches this glob.
        absent "absent": String,
        /// At least so many files match `in`.
        files "files": Much,
        /// The files of `in` have at least so many lines together.
        lines "lines": Much,
        /// The files of `in` have at least so many words together.
        words "words": Much,
        /// The files of `in` have at least so many characters together.
        characters "characters": Much,
        /// The files of `in` have at least so many headings of the first or the second level together.
        headings "headings": Much,
        /// The files of `in` say these words, whatever the case.
        mentions "mentions": Vec<At<String>>,
        /// How many of the words of `mentions`: `any` or `all`; `all` when absent.
        how "how": HowWord,
        /// The files of this glob hold code.
        code "code": String,
        /// Each file of `in` can be read as this.
        parses "parses": FormatWord,
        /// The workstream changed at least one file of this glob.
        changed "changed": String,
        /// The glob of the files that are looked at.
        within "in": String,
        /// This is true of the data of each file of `in`: a path such as `stories.*.id`, beside `is`, `equals`, `at_least` or `at_most`.
        data "data": String,
        /// What the values at the path of `data` are: `present` or `filled`; `present` when nothing else is said.
        is "is": ClaimWord,
        /// What the values at the path of `data` are.
        equals "equals": Anything,
        /// The least that the numbers at the path of `data` are.
        at_least "at_least": Number,
        /// The most that the numbers at the path of `data` are.
        at_most "at_most": Number,
        /// The files of `in` say together what this regular expression matches.
        matches "matches": String,
        /// How often they say it; at least once when absent.
        times "times": Whole<0, 1_000_000>,
        /// Whatever this regular expression finds in the files of `from` (its first group, if it has one), the files of `in` take up.
        traced "traced": String,
        /// The glob of the files in which `traced` looks.
        from "from": String,
        /// A regular expression that a line must match that takes up what `traced` found.
        with "with": String,
        /// The name under which it is known when it does not hold; the kind of the issue when absent.
        condition "condition": String,
        /// What kind of issue it is when it does not hold; follows from what is expected when absent.
        issue "issue": KindOfIssue,
        /// How bad it is when it does not hold: `minor` holds nothing up; `major` when absent.
        severity "severity": Severity,
        /// What is said when it does not hold.
        message "message": String,
    }

    /// Something that a step makes for those that come after it.
    RawArtifact requires ["name", "path"] extra Closed {
        /// Its name.
        name "name": Name,
        /// Where it is: a glob.
        path "path": String,
        /// Whether a person must approve it before it lands.
        approval "approval": bool,
    }
}

/// How one earlier step ended: a map of one entry.
#[derive(Debug, Clone)]
pub struct RawEnded {
    /// The step.
    pub step: At<String>,
    /// How it ended.
    pub ended: EndedWord,
}

impl Read for RawEnded {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(entries) if entries.len() == 1 => {
                let entry = entries.first()?;
                let ended = EndedWord::read(&entry.node, sink)?;
                Some(Self { step: At { value: entry.key.clone(), place: entry.key_place }, ended })
            }
            Value::Map(_) | Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
                wrong_type(node, "one step and how it ended, such as `{edit: passed}`", sink);
                None
            }
        }
    }
}

inline_schema!(
    RawEnded,
    json_schema!({"type": "object", "additionalProperties": {"enum": EndedWord::TEXTS}, "minProperties": 1, "maxProperties": 1})
);

/// The kind of an issue, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindOfIssue(pub IssueKind);

impl Read for KindOfIssue {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let text = String::read(node, sink)?;
        let kind = IssueKind::ALL.into_iter().find(|kind| kind.word() == text);
        if kind.is_none() {
            unknown_value(node, &text, &IssueKind::ALL.map(IssueKind::word), sink);
        }
        kind.map(Self)
    }
}

inline_schema!(KindOfIssue, json_schema!({"type": "string", "enum": IssueKind::ALL.map(IssueKind::word)}));

/// The severity of an issue, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severity(pub IssueSeverity);

const SEVERITIES: [IssueSeverity; 3] = [IssueSeverity::Minor, IssueSeverity::Major, IssueSeverity::Critical];

impl Read for Severity {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let text = String::read(node, sink)?;
        let severity = SEVERITIES.into_iter().find(|severity| severity.word() == text);
        if severity.is_none() {
            unknown_value(node, &text, &SEVERITIES.map(IssueSeverity::word), sink);
        }
        severity.map(Self)
    }
}

inline_schema!(Severity, json_schema!({"type": "string", "enum": SEVERITIES.map(IssueSeverity::word)}));
