//! Shellcheck's text: `In x.sh line 3:`, the line, and under it a mark for each finding.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^In (\S.*) line (\d+):$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^( *)\^-*\^? (SC\d+) \((error|warning|info|style)\): (.*)$").expect("constant pattern"));

/// Reads the marks under each line.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let mut place: Option<(&str, u32)> = None;
    let mut drafts = Vec::new();
    for line in check.text.lines() {
        if let Some(found) = HEAD.captures(line) {
            place = found.get(1).zip(found[2].parse().ok()).map(|(path, line)| (path.as_str(), line));
        } else if let (Some((path, at)), Some(found)) = (place, MARK.captures(line)) {
            drafts.push(Draft {
                source: "shellcheck".to_owned(),
                kind: FindingKind::Lint,
                level: match &found[3] {
                    "error" => Level::Error,
                    "info" => Level::Note,
                    _ => Level::Warning,
                },
                rule: Some(found[2].to_owned()),
                message: found[4].to_owned(),
                place: Some(Place::new(path, at, u32::try_from(found[1].len() + 1).ok())),
            });
        }
    }
    Reading::of_lines(drafts)
}
