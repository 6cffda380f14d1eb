//! The text of a document, and the places in it.

use crate::domain::document::diagnostic::Span;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The mark that some editors put before UTF-8.
pub const MARK: &str = "\u{feff}";

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// Returns the language that a file name stands for: JSON for `*.json`, YAML for everything else.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let is_json = path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Yaml }
    }
}

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as it is shown to the user.
    pub path: String,
    /// The text.
    pub text: String,
    /// The language.
    pub format: Format,
}

impl SourceFile {
    /// Wraps a text; the language follows from the path.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self { format: Format::of_path(&path), text: text.into(), path }
    }

    /// Wraps bytes as they were read, without the mark that some editors put before UTF-8. Bytes that are no UTF-8 become U+FFFD, which the
    /// reading then reports.
    #[must_use]
    pub fn from_bytes(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self::new(path, String::from_utf8_lossy(bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes)))
    }
}

/// What the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// One file: a plan, or another document.
    File,
    /// The bundle files of a folder, each one workstream or a list of them.
    Bundles {
        /// The path of the folder; its last component names the plan.
        folder: &'a str,
    },
}

/// A range of bytes in one of the input's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// The index of the file.
    pub file: u32,
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

/// Turns offsets into lines and columns.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds the lines of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { starts }
    }

    /// Returns the span of the bytes from `start` to `end` of the same text. Offsets outside are moved inside.
    #[must_use]
    pub fn span(&self, text: &str, start: usize, end: usize) -> Span {
        let start = floor(text, start);
        let end = floor(text, end).max(start);
        let line = self.starts.partition_point(|at| *at <= start).saturating_sub(1);
        let line_start = self.starts.get(line).copied().unwrap_or(0);
        let rest = text.get(start..end).unwrap_or_default();
        let shown = rest.split(['\n', '\r']).next().unwrap_or_default();
        let column = text.get(line_start..start).unwrap_or_default().chars().count() + 1;
        Span { line: narrow(line + 1), column: narrow(column), end_column: narrow(column + shown.chars().count()), start, end }
    }

    /// Returns the offset of a line and column, both counted from 1, columns in characters.
    #[must_use]
    pub fn offset(&self, text: &str, line: usize, column: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(text.len());
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        start + line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at)
    }
}

/// Moves an offset down to the nearest character boundary of the text.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Narrows a count for display.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_the_name() {
        for (path, format) in [("a.json", Format::Json), ("a.JSON", Format::Json), ("a.yaml", Format::Yaml), ("json", Format::Yaml)] {
            assert_eq!(Format::of_path(path), format, "{path}");
        }
    }

    #[test]
    fn a_mark_before_the_text_is_no_part_of_it() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(SourceFile::from_bytes("a.yaml", bytes).text, expect);
        check(b"\xef\xbb\xbfa: 1", "a: 1");
        check(b"\xef\xbb\xbf\xef\xbb\xbfa", "\u{feff}a");
        check(b"a\xff", "a\u{fffd}");
    }

    #[test]
    fn spans_count_characters_and_stay_on_one_line() {
        let text = "é: b\r\nsecond line\n";
        let index = LineIndex::new(text);
        let check = |start, end, expect: (u32, u32, u32)| {
            let span = index.span(text, start, end);
            assert_eq!((span.line, span.column, span.end_column), expect, "{start}..{end}");
        };
        check(0, 2, (1, 1, 2));
        check(4, 5, (1, 4, 5));
        check(4, 12, (1, 4, 5));
        check(7, 13, (2, 1, 7));
        check(1, 2, (1, 1, 2));
        check(900, 950, (3, 1, 1));
        assert_eq!(index.offset(text, 2, 3), 9);
        assert_eq!(index.offset(text, 1, 2), 2);
        assert_eq!(index.offset(text, 9, 9), text.len());
    }
}
