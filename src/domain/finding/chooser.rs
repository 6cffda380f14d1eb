//! From the output of a check to its findings.

use std::collections::HashSet;

use serde_json::Value;

use super::clean::strip_ansi;
use super::documents::{self, Documents};
use super::draft::{Base, CheckOutput, Draft, Reading};
use super::json::SHAPES;
use super::model::{Finding, FindingKind, Level};
use super::problem_matcher::Matcher;
use super::{annotation, arrow, exit, formatter, matcher, python, runner, rust_test, shellcheck, stylish, tap, xml};

/// The most findings that one check can have.
pub const MOST_FINDINGS: usize = 200;

/// A reader of lines; what it does not understand it leaves alone.
struct Lines {
    name: &'static str,
    about: &'static str,
    read: fn(&CheckOutput<'_>) -> Reading,
}

/// The readers of lines, the most exact first: of equal findings the first one is kept.
const LINES: [Lines; 10] = [
    Lines { name: "rustc", about: "rustc, clippy and ruff for people", read: arrow::read },
    Lines { name: "rust-test", about: "Rust's test runner", read: rust_test::read },
    Lines { name: "python", about: "pytest, unittest and Python's tracebacks", read: python::read },
    Lines { name: "tap", about: "the Test Anything Protocol", read: tap::read },
    Lines { name: "runner", about: "jest, vitest and `go test` for people", read: runner::read },
    Lines { name: "github", about: "workflow commands for GitHub", read: annotation::read },
    Lines { name: "stylish", about: "eslint, stylelint and yamllint for people", read: stylish::read },
    Lines { name: "shellcheck-text", about: "shellcheck for people", read: shellcheck::read },
    Lines { name: "formatter", about: "black, ruff, prettier and rustfmt that only look", read: formatter::read },
    Lines { name: "lines", about: "`path:line:column: message` and `path(line,column): message` of most compilers", read: matcher::read },
];

/// The name of the reader of XML.
const XML: (&str, &str) = ("xml", "JUnit and checkstyle");

/// A reader, for people and for `reader`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
}

/// Returns all readers in the order in which they are asked.
#[must_use]
pub fn formats() -> Vec<Format> {
    let json = SHAPES.iter().map(|shape| (shape.name, shape.about));
    let lines = LINES.iter().map(|lines| (lines.name, lines.about));
    json.chain([XML]).chain(lines).map(|(name, about)| Format { name, about }).collect()
}

/// An output to be read.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// Where its paths start from; places outside of the worktree are left out.
    pub base: Base<'a>,
    /// The command that printed it.
    pub command: &'a [String],
    /// Its exit code; `None` when only the output is there.
    pub exit: Option<i32>,
    /// Both streams.
    pub text: &'a str,
    /// The one reader that is asked, of [`formats`]; `None` asks all.
    pub reader: Option<&'a str>,
    /// Patterns of the user's own, which are asked before all others.
    pub matchers: &'a [Matcher],
    /// What plugins have answered: a reading, or a sentence about one that broke down. Where one has answered, no reader is asked.
    pub answers: &'a [Answer],
    /// The most findings that are wanted.
    pub most: usize,
}

/// What a plugin has answered.
pub type Answer = Result<Reading, String>;

/// What was found in an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The findings in the order of the output.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub left_out: usize,
}

/// Returns the findings in a check's output, without duplicates, at most [`MOST_FINDINGS`] of them, errors before all others when there are
/// more. Of the places only relative paths are kept; [`findings_in`] also understands absolute ones.
#[must_use]
pub fn findings(command: &[String], exit: i32, output: &str) -> Vec<Finding> {
    findings_in("", command, exit, output)
}

/// Returns what [`findings`] returns. `root` is the absolute path of the worktree's top; places outside of it are left out.
///
/// A failure is never hidden: when the exit code is not 0 and no error was understood, there is a finding with the last lines.
#[must_use]
pub fn findings_in(root: &str, command: &[String], exit: i32, output: &str) -> Vec<Finding> {
    let base = Base { root, folder: "" };
    read(Output { base, command, exit: Some(exit), text: output, reader: None, matchers: &[], answers: &[], most: MOST_FINDINGS }).findings
}

/// Returns the findings of an output, as [`findings_in`] does. An output without an exit code of which nothing was understood is a finding
/// as well, unless it is empty.
#[must_use]
pub fn read(output: Output<'_>) -> Found {
    let text = strip_ansi(output.text);
    let check = CheckOutput { command: output.command, exit: output.exit, text: &text };
    let Reading { drafts, is_report, broken } = answered(output.answers).unwrap_or_else(|| read_all(&check, output));
    let broken = broken.into_iter().chain(output.answers.iter().filter_map(|answer| answer.clone().err()));
    let mut seen = HashSet::new();
    let broken = broken.map(|reason| broken_report(&check, reason));
    let mut findings: Vec<Finding> = Vec::new();
    for draft in drafts.into_iter().chain(broken) {
        let place = draft.place.as_ref().map(|place| (place.path.clone(), place.line));
        let finding = draft.finish(output.base);
        // A place outside of the worktree is left out, and still two places are not one.
        let outside = place.filter(|_| finding.location.is_none());
        if seen.insert((finding.fingerprint.clone(), finding.location.clone(), outside)) {
            findings.push(finding);
        }
    }
    let is_missed = match check.exit {
        Some(0) => false,
        Some(_) => !findings.iter().any(|finding| finding.level == Level::Error),
        None => findings.is_empty() && !is_report && !text.trim().is_empty(),
    };
    if is_missed {
        let draft = if is_report { exit::unexplained(&check) } else { exit::unparsed(&check) };
        findings.push(draft.finish(output.base));
    }
    let left_out = findings.len().saturating_sub(output.most);
    if left_out > 0 {
        findings.sort_by_key(|finding| finding.level);
        findings.truncate(output.most);
    }
    Found { findings, left_out }
}

/// Returns what plugins have read together; nothing when none of them has answered.
fn answered(answers: &[Answer]) -> Option<Reading> {
    let mut readings = answers.iter().filter_map(|answer| answer.as_ref().ok());
    let mut all = readings.next()?.clone();
    readings.for_each(|reading| all.add(reading.clone()));
    Some(all)
}

/// Returns a finding about a report that can not be read, and may have told of anything.
fn broken_report(check: &CheckOutput<'_>, message: String) -> Draft {
    let source = check.program().to_owned();
    Draft { source, kind: FindingKind::Unparsed, level: check.default_level(), rule: None, message, place: None }
}

/// Asks the readers; documents first, and the lines around them afterwards.
fn read_all(check: &CheckOutput<'_>, output: Output<'_>) -> Reading {
    let is_asked = |name: &str| output.reader.is_none_or(|wanted| wanted == name);
    let Documents { json, xml, mut rest, broken } = documents::split(check.text);
    let mut all = Reading { broken, ..Reading::default() };
    let mut known: Vec<(usize, &Value)> = Vec::new();
    for (document, text) in &json {
        match SHAPES.iter().position(|shape| is_asked(shape.name) && shape.is(document)) {
            Some(at) => known.push((at, document)),
            // What nobody knows is text like any other.
            None => rest.extend([text, "\n"]),
        }
    }
    for (at, shape) in SHAPES.iter().enumerate() {
        let documents: Vec<&Value> = known.iter().filter(|(of, _)| *of == at).map(|(_, document)| *document).collect();
        if !documents.is_empty() {
            all.add(shape.read(&documents, check));
        }
    }
    if is_asked(XML.0) {
        xml.iter().for_each(|document| all.add(xml::read(document, check)));
    }
    let around = CheckOutput { text: &rest, ..*check };
    output.matchers.iter().for_each(|matcher| all.add(Reading::of_lines(matcher.read(&around))));
    for lines in LINES.iter().filter(|lines| is_asked(lines.name)) {
        all.add((lines.read)(&around));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::finding::model::FindingKind;

    fn run(exit: i32, output: &str) -> Vec<Finding> {
        findings_in("/wt", &["check".to_owned(), "-x".to_owned()], exit, output)
    }

    #[test]
    fn a_failure_is_never_hidden() {
        assert_eq!(run(0, "fine\n"), []);
        for output in ["", "odd", "a.c:1:1: warning: w\n"] {
            let last = run(1, output).pop().unwrap();
            assert_eq!((last.kind, last.level), (FindingKind::Unparsed, Level::Error), "{output}");
        }
        assert_eq!(run(1, "[]").pop().unwrap().message, "`check -x` ended with exit code 1, and its report names no error");
        assert_eq!(run(3, "")[0].message, "`check -x` ended with exit code 3 and printed nothing");
        assert_eq!(run(1, "a.c:1:1: error: e\n").len(), 1);
    }

    #[test]
    fn errors_survive_a_flood_of_warnings() {
        let mut output: String = (0..500).map(|n| format!("f{n}.c:{n}:1: warning: w\n")).collect();
        output.push_str("z.c:1:1: error: e\n");
        let findings = run(1, &output);
        assert_eq!((findings.len(), findings[0].level), (MOST_FINDINGS, Level::Error));
    }

    #[test]
    fn the_same_finding_twice_is_one_and_in_two_places_two() {
        assert_eq!(run(1, "a.c:1:1: error: e\na.c:1:1: error: e\na.c:2:1: error: e\n").len(), 2);
        assert_eq!(run(1, "/x/a.c:1:1: error: e\n/x/a.c:1:1: error: e\n/x/b.c:1:1: error: e\n").len(), 2);
    }

    #[test]
    fn places_are_inside_or_left_out() {
        let findings = run(1, "/wt/a.c:1:1: error: x\n/usr/include/s.h:2:2: error: y\n../o.c:1:1: error: z\n");
        let paths: Vec<_> = findings.iter().map(|finding| finding.location.as_ref().map(|place| place.path.as_str())).collect();
        assert_eq!(paths, [Some("a.c"), None, None]);
    }

    #[test]
    fn fingerprints_outlive_moved_lines_and_other_folders() {
        let first = run(1, "/wt/a.c:1:1: error: took 3 ms in /tmp/x1/y\n");
        let second = findings(&["other".to_owned()], 2, "a.c:90:7: error: took 45 ms in /tmp/x2/y\n");
        assert_eq!(first[0].fingerprint, second[0].fingerprint);
    }

    proptest! {
        #[test]
        fn any_output_is_read(output in "(?s).{0,200}", exit in -1..300_i32) {
            let findings = run(exit, &output);
            prop_assert!(exit == 0 || findings.iter().any(|finding| finding.level == Level::Error));
            for finding in findings {
                prop_assert_eq!(finding.fingerprint.len(), 16);
                prop_assert!(!finding.message.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "control characters");
            }
        }
    }
}
