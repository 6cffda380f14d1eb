//! What is wrong with one document, as findings.

use std::ops::Range;

use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::document::source::LineIndex;
use crate::domain::finding::draft::{Draft, Place};
use crate::domain::finding::model::{End, FindingKind, Level};
use crate::domain::text::one_line;

/// The name of the program in the findings.
const SOURCE: &str = "git-orc";

/// Collects what is wrong with one document.
#[derive(Debug)]
pub struct Report<'a> {
    path: &'a str,
    text: &'a str,
    lines: LineIndex,
    drafts: Vec<Draft>,
}

impl<'a> Report<'a> {
    /// Starts with nothing found. `path` is the document as findings name it.
    #[must_use]
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, lines: LineIndex::new(text), drafts: Vec::new() }
    }

    /// Adds an error at a range of bytes. The first line of the message says what is wrong, further lines help.
    pub fn error(&mut self, rule: impl Into<String>, range: Range<usize>, message: impl Into<String>) {
        self.add(Level::Error, rule.into(), Some(range), &message.into());
    }

    /// Adds an error that concerns the document as a whole.
    pub fn whole(&mut self, rule: impl Into<String>, message: impl Into<String>) {
        self.add(Level::Error, rule.into(), None, &message.into());
    }

    /// Adds what the reading of the document said. It may know the document by another name.
    pub fn diagnostics(&mut self, found: &[Diagnostic]) {
        for one in found {
            let level = match one.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Note,
            };
            let hint = one.hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default();
            self.add(level, one.code.as_str().to_owned(), one.span.map(|span| span.start..span.end), &format!("{}{hint}", one.message));
        }
    }

    fn add(&mut self, level: Level, rule: String, range: Option<Range<usize>>, message: &str) {
        let place = match range {
            None => Place::new(self.path, 1, None),
            Some(range) => {
                let start = self.lines.span(self.text, range.start, range.end);
                let end = self.lines.span(self.text, range.end, range.end);
                let end = (range.end > range.start).then_some(End { line: end.line, column: Some(end.column) });
                Place { path: self.path.to_owned(), line: start.line, column: Some(start.column), end }
            }
        };
        let message = message.lines().map(one_line).collect::<Vec<_>>().join("\n");
        self.drafts.push(Draft {
            source: SOURCE.to_owned(),
            kind: FindingKind::Lint,
            level,
            rule: Some(rule),
            message,
            place: Some(place),
        });
    }

    /// Returns what was found, in the order of the document.
    #[must_use]
    pub fn finish(mut self) -> Vec<Draft> {
        self.drafts.sort_by_key(|draft| draft.place.as_ref().map(|place| (place.line, place.column)));
        self.drafts
    }
}
