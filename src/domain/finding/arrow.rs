//! The text that rustc, clippy and cargo print for people, and ruff after them: a line with level or rule and the message, and under it a
//! line with `-->` and the place.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:(error|warning)(?:\[([\w:-]+)\])?: |([A-Z]{1,6}\d{2,5}|invalid-syntax):? (?:\[\*\] )?)(\S.*)$")
        .expect("constant pattern")
});

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static ARROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ *--> (.+):(\d+):(\d+)$").expect("constant pattern"));

/// Where rustc names the lint of a warning, or of an error that a lint was made into.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static LINT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"note: `#\[(?:warn|deny|forbid)\(([\w:]+)\)\]`|`-[DWF] ([\w:-]+)`").expect("constant pattern"));

/// Reads each head line that has a place under it.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    Reading::of_lines((0..lines.len()).filter_map(|at| draft(check, &lines[at..])).collect())
}

fn draft(check: &CheckOutput<'_>, lines: &[&str]) -> Option<Draft> {
    let head = HEAD.captures(lines.first()?)?;
    let body: Vec<&str> = lines.iter().skip(1).take(60).take_while(|line| !line.is_empty() && !HEAD.is_match(line)).copied().collect();
    // A message may have more than one line; the place follows within a few.
    let arrow = body.iter().take(4).find_map(|line| ARROW.captures(line))?;
    let place = Place::new(&arrow[1], arrow[2].parse().ok()?, arrow[3].parse().ok());
    let finding = match head.get(3) {
        Some(rule) => Draft {
            source: check.program().to_owned(),
            kind: FindingKind::Lint,
            level: check.default_level(),
            rule: Some(rule.as_str().to_owned()),
            message: head[4].to_owned(),
            place: Some(place),
        },
        None => rustc(&head, &body, place),
    };
    Some(finding)
}

fn rustc(head: &Captures<'_>, body: &[&str], place: Place) -> Draft {
    let level = if &head[1] == "error" { Level::Error } else { Level::Warning };
    let code = head.get(2).map(|code| code.as_str().to_owned());
    let lint = body
        .iter()
        .find_map(|line| LINT.captures(line))
        .and_then(|found| found.get(1).or(found.get(2)).map(|name| name.as_str().replace('-', "_")));
    let kind = match (level, &code, &lint) {
        (Level::Error, Some(_), _) | (Level::Error, None, None) => FindingKind::Compile,
        (Level::Error | Level::Warning | Level::Note, _, _) => FindingKind::Lint,
    };
    let rule = code.or(lint);
    let is_clippy = rule.as_deref().is_some_and(|rule| rule.starts_with("clippy::"));
    let source = if is_clippy { "clippy" } else { "rustc" }.to_owned();
    Draft { source, kind, level, rule, message: head[4].to_owned(), place: Some(place) }
}
