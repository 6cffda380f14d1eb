//! One diagnostic of a linter, compiler or test, in one schema. Vocabulary: SARIF (rule, level, location); ranges: 1-based, end exclusive.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It must be mended.
    Error,
    /// It should be looked at.
    Warning,
    /// It is worth knowing.
    Note,
}

/// What kind of check found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A compiler.
    Compile,
    /// A type checker.
    Type,
    /// A linter.
    Lint,
    /// A formatter: the text is not as it would write it.
    Format,
    /// A test.
    Test,
    /// A search for secrets or for weaknesses.
    Security,
    /// The command failed and nothing in its output was understood; the message holds the last lines.
    Unparsed,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, relative to the top of the worktree.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1, in what the tool counts: bytes or characters. `None` when it does not say.
    pub column: Option<u32>,
    /// Where it ends; `None` when the tool does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// The end of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// The line, counted from 1.
    pub line: u32,
    /// The column behind the last one, counted from 1; `None` is the end of the line.
    pub column: Option<u32>,
}

/// One diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The program that reported it.
    pub source: String,
    /// What kind of check found it.
    pub kind: FindingKind,
    /// How bad it is.
    pub level: Level,
    /// The rule, as the program names it.
    pub rule: Option<String>,
    /// What it says, without colours.
    pub message: String,
    /// Where it is.
    pub location: Option<Location>,
    /// Equal for the same finding on moved lines, with other timings, numbers and paths: 16 hexadecimal digits.
    pub fingerprint: String,
}

impl Finding {
    /// Returns the finding in short: `path:line: message`, of a longer message the first line. Output that was not understood says what
    /// matters last.
    #[must_use]
    pub fn short(&self) -> String {
        let place = self.location.as_ref().map(|place| format!("{}:{}: ", place.path, place.line)).unwrap_or_default();
        let mut lines = self.message.lines();
        let line = if self.kind == FindingKind::Unparsed { lines.next_back() } else { lines.next() };
        format!("{place}{}", line.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_in_one_line() {
        let check = |kind: FindingKind, message: &str, line: Option<u32>, expect: &str| {
            let finding = Finding {
                source: "cc".to_owned(),
                kind,
                level: Level::Error,
                rule: None,
                message: message.to_owned(),
                location: line.map(|line| Location { path: "a.c".to_owned(), line, column: Some(3), end: None }),
                fingerprint: "0".repeat(16),
            };
            assert_eq!(finding.short(), expect);
        };
        check(FindingKind::Compile, "no such thing\nin this scope", Some(7), "a.c:7: no such thing");
        check(FindingKind::Test, "left is not right", None, "left is not right");
        check(FindingKind::Unparsed, "`make` ended with exit code 2; its last lines:\none\ntwo", None, "two");
        check(FindingKind::Unparsed, "", None, "");
    }
}
