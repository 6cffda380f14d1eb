//! The text of Rust's test runner: `test name ... FAILED`, and the panic with its place.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FAILED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^test (.+?)(?: - should panic)? \.\.\. FAILED$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PANIC: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^thread '(.+)'(?: \(\d+\))? panicked at (.+):(\d+):(\d+):$").expect("constant pattern"));

/// Reads one finding per failed test, with the message and the place of the panic in the test's own thread where there is one.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    let failed = lines.iter().filter_map(|line| FAILED.captures(line));
    Reading::of_lines(failed.filter_map(|test| test.get(1)).map(|name| draft(name.as_str(), &lines)).collect())
}

fn draft(test: &str, lines: &[&str]) -> Draft {
    let panic =
        lines.iter().enumerate().find_map(|(at, line)| PANIC.captures(line).filter(|panic| &panic[1] == test).map(|panic| (at, panic)));
    let (message, place) = match panic {
        Some((at, panic)) => {
            let column = panic[4].parse().ok();
            let place = panic[3].parse().ok().map(|line| Place::new(&panic[2], line, column));
            (panic_text(&lines[at + 1..]), place)
        }
        None => ("the test failed".to_owned(), None),
    };
    Draft { source: "cargo test".to_owned(), kind: FindingKind::Test, level: Level::Error, rule: Some(test.to_owned()), message, place }
}

fn panic_text(lines: &[&str]) -> String {
    let ends = |line: &str| line.is_empty() || line.starts_with("stack backtrace:") || line.starts_with("note: run with ");
    lines.iter().take(12).take_while(|line| !ends(line)).copied().collect::<Vec<_>>().join("\n")
}
