//! The text of Rust's test runner: `test name ... FAILED`, or `name --- FAILED` when it is quiet, and the panic with its place.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    // The second form is that of `--quiet`.
    Regex::new(r"^(?:test (?<name>.+?)(?: - should panic)? \.\.\. FAILED|(?<quiet>\S.*?)(?: - should panic)? --- FAILED)$")
        .expect("constant pattern")
});

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PANIC: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^thread '(.+)'(?: \(\d+\))? panicked at (.+):(\d+):(\d+):$").expect("constant pattern"));

/// Reads one finding per failed test, with the message and the place of the panic in the test's own thread where there is one.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    let mut panics = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some((thread, place)) = PANIC.captures(line).and_then(|found| panic(&found)) {
            panics.entry(thread).or_insert((at, place));
        }
    }
    let failed =
        lines.iter().filter_map(|line| FAILED.captures(line)).filter_map(|found| found.name("name").or_else(|| found.name("quiet")));
    Reading::of_lines(failed.map(|name| draft(name.as_str(), panics.get(name.as_str()), &lines)).collect())
}

/// Returns the thread of a panic and its place.
fn panic<'a>(found: &Captures<'a>) -> Option<(&'a str, Place)> {
    let place = Place::new(&found[2], found[3].parse().ok()?, found[4].parse().ok());
    Some((found.get(1)?.as_str(), place))
}

fn draft(test: &str, panic: Option<&(usize, Place)>, lines: &[&str]) -> Draft {
    let message = panic.map_or_else(|| "the test failed".to_owned(), |(at, _)| panic_text(&lines[at + 1..]));
    let (source, place) = ("cargo test".to_owned(), panic.map(|(_, place)| place.clone()));
    Draft { source, kind: FindingKind::Test, level: Level::Error, rule: Some(test.to_owned()), message, place }
}

fn panic_text(lines: &[&str]) -> String {
    let ends = |line: &str| line.is_empty() || line.starts_with("stack backtrace:") || line.starts_with("note: run with ");
    lines.iter().take(12).take_while(|line| !ends(line)).copied().collect::<Vec<_>>().join("\n")
}
