//! The text that rustc, clippy and cargo print for people: a line with level and message, and under it a line with `-->` and the place.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(error|warning)(?:\[([\w:-]+)\])?: (.+)$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static ARROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ *--> (.+):(\d+):(\d+)$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`#\[(?:warn|deny|forbid)\(([\w:]+)\)\]`|implied by `-[DW] ([\w:-]+)`|`-[DW] ([\w:-]+)` implied").expect("constant pattern")
});

/// Reads each level line that has a place under it.
pub(super) fn read(check: &CheckOutput<'_>) -> Vec<Draft> {
    let lines: Vec<&str> = check.text.lines().collect();
    (0..lines.len()).filter_map(|at| draft(&lines[at..])).collect()
}

fn draft(lines: &[&str]) -> Option<Draft> {
    let head = HEAD.captures(lines.first()?)?;
    let body = || lines.iter().skip(1).take(60).take_while(|line| !line.is_empty() && !HEAD.is_match(line));
    // A message may have more than one line; the place follows within a few.
    let arrow = body().take(4).find_map(|line| ARROW.captures(line))?;
    let level = if &head[1] == "error" { Level::Error } else { Level::Warning };
    let lint = || {
        body()
            .find_map(|line| NAMED.captures(line))
            .and_then(|found| found.iter().skip(1).flatten().next().map(|m| m.as_str().replace('-', "_")))
    };
    let code = head.get(2).map(|code| code.as_str().to_owned());
    let kind = if level == Level::Error && code.is_some() { FindingKind::Compile } else { FindingKind::Lint };
    let rule = code.or_else(lint);
    let kind = if level == Level::Error && rule.is_none() { FindingKind::Compile } else { kind };
    let is_clippy = rule.as_deref().is_some_and(|rule| rule.starts_with("clippy::"));
    let place = Place { path: arrow[1].to_owned(), line: arrow[2].parse().ok()?, column: arrow[3].parse().ok() };
    let source = if is_clippy { "clippy" } else { "rustc" }.to_owned();
    Some(Draft { source, kind, level, rule, message: head[3].to_owned(), place: Some(place) })
}
