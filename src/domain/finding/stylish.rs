//! The text of eslint, stylelint and yamllint: the file on a line of its own, and under it `line:column  level  message  rule`.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static LINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ +(\d+):(\d+) +(error|warning|✖|⚠|×) +(\S.*?)(?: {2,}(\S+))?$").expect("constant pattern"));

/// Reads the lines under each file.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let mut file: Option<&str> = None;
    let mut drafts = Vec::new();
    for line in check.text.lines() {
        if let (Some(path), Some(found)) = (file, LINE.captures(line)) {
            let level = if matches!(&found[3], "warning" | "⚠") { Level::Warning } else { Level::Error };
            let rule = found.get(5).map(|rule| rule.as_str().trim_matches(['(', ')']).to_owned());
            // What can not be parsed has no rule.
            let kind = if rule.is_some() { FindingKind::Lint } else { FindingKind::Compile };
            let place = found[1].parse().ok().map(|line| Place::new(path, line, found[2].parse().ok()));
            drafts.push(Draft { source: check.program().to_owned(), kind, level, rule, message: found[4].to_owned(), place });
        } else if line.is_empty() || !line.starts_with(' ') {
            file = Some(line).filter(|line| line.contains(['.', '/']) && !line.ends_with(':'));
        }
    }
    Reading::of_lines(drafts)
}
