//! What a policy says about a change.

use std::fmt;

use crate::domain::id::RepoPath;
use crate::domain::text::{clip, one_line};

/// The longest part of a sentence that people wrote.
const MOST: usize = 300;

/// What follows from a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// The change may not land.
    Refused,
    /// The change may land once a person has looked at it.
    NeedsReview,
    /// The change may land, and the run tells of it.
    Noted,
}

/// What a policy says about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What follows from it.
    pub consequence: Consequence,
    /// The rule, as a path of keys and ids: `zones.read_only`, `forbidden_patterns.no-eval`, `secrets.jwt`.
    pub rule: String,
    /// The path; `None` when it concerns the change as a whole.
    pub path: Option<RepoPath>,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// What is to be said: the rest of a sentence that begins with the place.
    pub message: String,
    /// Why the rule is there.
    pub rationale: Option<String>,
}

impl Remark {
    /// Makes a remark about a path, or about the change as a whole.
    #[must_use]
    pub fn new(consequence: Consequence, rule: impl Into<String>, path: Option<&RepoPath>) -> Self {
        Self { consequence, rule: rule.into(), path: path.cloned(), line: None, message: String::new(), rationale: None }
    }

    /// Says it.
    #[must_use]
    pub fn says(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Names the line.
    #[must_use]
    pub const fn at(mut self, line: Option<u32>) -> Self {
        self.line = line;
        self
    }

    /// Adds why the rule is there, if that is known.
    #[must_use]
    pub fn because(mut self, rationale: Option<&str>) -> Self {
        self.rationale = rationale.map(|text| said(text.trim().trim_end_matches('.')));
        self
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "`{}:{line}` ", shown(path))?,
            (Some(path), None) => write!(f, "`{}` ", shown(path))?,
            (None, _) => {}
        }
        f.write_str(&self.message)?;
        match &self.rationale {
            Some(rationale) => write!(f, ": {rationale}"),
            None => Ok(()),
        }
    }
}

/// Returns a path so that it can be shown.
fn shown(path: &RepoPath) -> String {
    one_line(&path.to_string())
}

/// Returns what people wrote so that it can stand in a sentence.
#[must_use]
pub fn said(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    clip(&one_line(&words.join(" ")), MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_sentences_on_one_line() {
        let path = RepoPath::from("a\nb");
        let remark =
            Remark::new(Consequence::Refused, "x", Some(&path)).says("is not good").at(Some(3)).because(Some(" two\nlines \u{1b}. "));
        assert_eq!(remark.to_string(), "`a\\nb:3` is not good: two lines \\u{1b}");
        assert_eq!(Remark::new(Consequence::Noted, "x", None).says("too much").to_string(), "too much");
    }
}
