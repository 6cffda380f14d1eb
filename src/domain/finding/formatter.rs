//! Formatters that only look: which files they would write otherwise (black, ruff, prettier, rustfmt).

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::FindingKind;

/// `would reformat x.py`, `Would reformat: x.py`, `Diff in x.rs:3:`, `Diff in x.rs at line 3:`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static OTHERWISE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:[Ww]ould reformat:? |Diff in )(\S.*?)(?:(?::| at line )(\d+):)?$").expect("constant pattern"));

/// `error: cannot format x.py: Cannot parse ...`, `error: cannot parse: x.py:1:6`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static UNREADABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^error: (?:cannot format (\S+): (.*)|cannot parse: (\S+):(\d+):(\d+))$").expect("constant pattern"));

/// `[warn] x.js`, `[error] x.js: SyntaxError: Unexpected token (1:11)`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PRETTIER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[(?:warn|error)\] (\S+\.\w+)(?:: (.*?)(?: \((\d+):(\d+)\))?)?$").expect("constant pattern"));

const MESSAGE: &str = "the file is not formatted";

/// Reads the names of files.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    Reading::of_lines(check.text.lines().filter_map(|line| draft(check, line)).collect())
}

fn draft(check: &CheckOutput<'_>, line: &str) -> Option<Draft> {
    if let Some(found) = OTHERWISE.captures(line) {
        let at = found.get(2).and_then(|line| line.as_str().parse().ok()).unwrap_or(1);
        return Some(finding(check, FindingKind::Format, MESSAGE, Place::new(&found[1], at, None)));
    }
    if let Some(found) = UNREADABLE.captures(line) {
        let (message, place) = match found.get(1) {
            Some(path) => (found[2].to_owned(), Place::new(path.as_str(), 1, None)),
            None => ("the file can not be parsed".to_owned(), Place::new(&found[3], found[4].parse().ok()?, found[5].parse().ok())),
        };
        return Some(finding(check, FindingKind::Compile, &message, place));
    }
    let found = PRETTIER.captures(line)?;
    let number = |at: usize| found.get(at).and_then(|text| text.as_str().parse().ok());
    let place = Place::new(&found[1], number(3).unwrap_or(1), number(4));
    Some(match found.get(2) {
        Some(message) => finding(check, FindingKind::Compile, message.as_str(), place),
        None => finding(check, FindingKind::Format, MESSAGE, place),
    })
}

fn finding(check: &CheckOutput<'_>, kind: FindingKind, message: &str, place: Place) -> Draft {
    let (source, level) = (check.program().to_owned(), check.default_level());
    Draft { source, kind, level, rule: None, message: message.to_owned(), place: Some(place) }
}
