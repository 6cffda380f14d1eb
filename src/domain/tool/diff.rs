//! Finds unified diffs in what a tool printed, between prose and fences.
//!
//! Both forms are read: git's (`diff --git`, with modes, renames and binary patches) and the plain one (`---`, `+++`, `@@`). The line
//! counts of a hunk's header decide where it ends, so prose after it is never taken for content; a hunk that does not keep its promise is
//! an error and is not guessed at. The result is written so that `git apply -p1` reads it: paths without the prefixes `a/` and `b/` get
//! them. When the header lines end in CR LF the whole section was transported that way, and one CR is taken from each of its lines.

use super::diff_header::{Header, Names, hunk_counts, is_extended};
use crate::domain::id::RepoPath;

/// The diffs found in an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedDiff {
    /// All sections in their order, for `git apply -p1`.
    pub bytes: Vec<u8>,
    /// The file that each section is about.
    pub files: Vec<DiffFile>,
}

/// The file that one section of a diff is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffFile {
    /// Its path before; `None` when it is new.
    pub old: Option<RepoPath>,
    /// Its path after; `None` when it is deleted.
    pub new: Option<RepoPath>,
}

/// Why no diff could be taken from an output.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// There is none.
    #[error("the output holds no unified diff")]
    None,
    /// There is one, and it is wrong.
    #[error("malformed diff in line {line} of the output: {reason}")]
    Malformed {
        /// The line of the output, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Returns all diffs in an output.
///
/// # Errors
/// Returns [`DiffError::None`] when there is none and [`DiffError::Malformed`] for the first mistake.
pub fn extract(output: &[u8]) -> Result<ExtractedDiff, DiffError> {
    let mut reader =
        Reader { lines: output.split(|byte| *byte == b'\n').collect(), at: 0, bytes: Vec::new(), files: Vec::new(), is_bare: false };
    while reader.at < reader.lines.len() {
        if let Some(header) = reader.lines[reader.at].strip_prefix(b"diff --git ") {
            reader.git_section(header)?;
        } else if reader.is_combined() {
            return Err(reader.malformed(reader.at, "a combined diff of a merge cannot be applied"));
        } else if reader.is_plain_section() {
            reader.plain_section()?;
        } else {
            reader.at += 1;
        }
    }
    if reader.files.is_empty() { Err(DiffError::None) } else { Ok(ExtractedDiff { bytes: reader.bytes, files: reader.files }) }
}

struct Reader<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
    bytes: Vec<u8>,
    files: Vec<DiffFile>,
    /// Whether the last section is a header of git without any lines; names that followed it directly would become a part of it.
    is_bare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Lf,
    CrLf,
}

impl LineEnd {
    fn of(line: &[u8]) -> Self {
        if line.ends_with(b"\r") { Self::CrLf } else { Self::Lf }
    }

    fn strip(self, line: &[u8]) -> &[u8] {
        match self {
            Self::Lf => line,
            Self::CrLf => line.strip_suffix(b"\r").unwrap_or(line),
        }
    }
}

impl<'a> Reader<'a> {
    fn line(&self, at: usize) -> &'a [u8] {
        self.lines.get(at).copied().unwrap_or_default()
    }

    #[expect(clippy::unused_self, reason = "reads as what it is: the reader's error")]
    fn malformed(&self, at: usize, reason: impl Into<String>) -> DiffError {
        DiffError::Malformed { line: at + 1, reason: reason.into() }
    }

    fn emit(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
    }

    fn is_combined(&self) -> bool {
        let line = self.line(self.at);
        line.starts_with(b"diff --cc ") || line.starts_with(b"diff --combined ")
    }

    fn is_plain_section(&self) -> bool {
        self.line(self.at).starts_with(b"--- ")
            && self.line(self.at + 1).starts_with(b"+++ ")
            && self.line(self.at + 2).starts_with(b"@@ -")
    }

    fn plain_section(&mut self) -> Result<(), DiffError> {
        let end = LineEnd::of(self.line(self.at));
        let names = Names::of_lines(end.strip(self.line(self.at)), end.strip(self.line(self.at + 1)), None);
        let names = names.map_err(|reason| self.malformed(self.at, reason))?;
        if std::mem::take(&mut self.is_bare) {
            self.emit(b"");
        }
        self.emit(&[b"--- ", names.old_token().as_slice()].concat());
        self.emit(&[b"+++ ", names.new_token().as_slice()].concat());
        self.files.push(DiffFile { old: names.old.path(), new: names.new.path() });
        self.at += 2;
        self.hunks(end)
    }

    fn git_section(&mut self, header: &'a [u8]) -> Result<(), DiffError> {
        let start = self.at;
        let end = LineEnd::of(header);
        self.at += 1;
        let mut extended = Header::new(end.strip(header));
        while self.at < self.lines.len() && is_extended(self.line(self.at)) {
            extended.push(end.strip(self.line(self.at)));
            self.at += 1;
        }
        if let Some(mode) = extended.foreign_mode() {
            return Err(self.malformed(start, format!("the mode `{mode}` is none that git stores")));
        }
        let has_lines = self.line(self.at).starts_with(b"--- ") && self.line(self.at + 1).starts_with(b"+++ ");
        let lines = has_lines.then(|| (end.strip(self.line(self.at)), end.strip(self.line(self.at + 1))));
        let names = extended.names(lines).map_err(|reason| self.malformed(start, reason))?;
        self.emit(&names.git_line());
        for line in &extended.lines {
            self.emit(line);
        }
        self.files.push(DiffFile { old: names.old.path(), new: names.new.path() });
        self.is_bare = !has_lines;
        if has_lines {
            self.emit(&[b"--- ", names.old_token().as_slice()].concat());
            self.emit(&[b"+++ ", names.new_token().as_slice()].concat());
            self.at += 2;
            return self.hunks(end);
        }
        let next = end.strip(self.line(self.at));
        if next == b"GIT binary patch" {
            return self.binary(end);
        }
        if next.starts_with(b"Binary files ") {
            return Err(self.malformed(self.at, "the content of a binary file is missing; `git diff --binary` prints it"));
        }
        if extended.changes_something() { Ok(()) } else { Err(self.malformed(start, "the section changes nothing")) }
    }

    fn hunks(&mut self, end: LineEnd) -> Result<(), DiffError> {
        let first = self.at;
        while self.line(self.at).starts_with(b"@@ -") {
            self.hunk(end)?;
        }
        if self.at == first { Err(self.malformed(first, "a hunk was expected after the file names")) } else { Ok(()) }
    }

    fn hunk(&mut self, end: LineEnd) -> Result<(), DiffError> {
        let start = self.at;
        let head = end.strip(self.line(start));
        let (mut old, mut new) = hunk_counts(head).ok_or_else(|| self.malformed(start, "the hunk header cannot be read"))?;
        self.emit(head);
        self.at += 1;
        while old > 0 || new > 0 {
            let short = format!("the hunk of line {} ends early: its header promises {old} more old and {new} more new lines", start + 1);
            if self.at >= self.lines.len() || (self.at + 1 == self.lines.len() && self.line(self.at).is_empty()) {
                return Err(self.malformed(self.at, short));
            }
            let line = end.strip(self.line(self.at));
            let (takes_old, takes_new) = match line.first() {
                // Many programs cut the blank from an empty context line; git takes both.
                Some(b' ') | None => (1, 1),
                Some(b'-') => (1, 0),
                Some(b'+') => (0, 1),
                Some(b'\\') => (0, 0),
                Some(_) => return Err(self.malformed(self.at, short)),
            };
            if takes_old > old || takes_new > new {
                let long = format!("the hunk of line {} has more lines than its header promises", start + 1);
                return Err(self.malformed(self.at, long));
            }
            (old, new) = (old - takes_old, new - takes_new);
            self.emit(line);
            self.at += 1;
        }
        let last = end.strip(self.line(self.at));
        if last.starts_with(b"\\ ") {
            self.emit(last);
            self.at += 1;
        }
        Ok(())
    }

    /// Copies `GIT binary patch` and its one or two blocks, each of which ends with an empty line.
    fn binary(&mut self, end: LineEnd) -> Result<(), DiffError> {
        let start = self.at;
        self.emit(b"GIT binary patch");
        self.at += 1;
        let mut blocks = 0;
        loop {
            let head = end.strip(self.line(self.at));
            if !head.starts_with(b"literal ") && !head.starts_with(b"delta ") {
                break;
            }
            blocks += 1;
            while self.at < self.lines.len() && !end.strip(self.line(self.at)).is_empty() {
                self.emit(end.strip(self.lines[self.at]));
                self.at += 1;
            }
            self.emit(b"");
            self.at += 1;
        }
        if blocks == 0 { Err(self.malformed(start, "the binary patch has no data")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
