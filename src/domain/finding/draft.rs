//! What a reader gets and what it gives: the output of a check, and findings that are not yet cleaned, bounded and fingerprinted.

use super::clean::{cut, relative_path, strip_ansi};
use super::fingerprint::fingerprint;
use super::model::{End, Finding, FindingKind, Level, Location};

const LONGEST_MESSAGE: usize = 2 << 10;

/// The output of one finished check.
#[derive(Debug, Clone, Copy)]
pub struct CheckOutput<'a> {
    /// The command that ran.
    pub command: &'a [String],
    /// Its exit code; `None` when only the output is there.
    pub exit: Option<i32>,
    /// Both streams, without colours.
    pub text: &'a str,
}

impl CheckOutput<'_> {
    /// Returns the name of the program without its folder. What only starts another program is passed over: `npx eslint`, `uv run mypy`,
    /// `python3 -m pytest`.
    #[must_use]
    pub fn program(&self) -> &str {
        let words: Vec<&str> = self.command.iter().map(String::as_str).collect();
        let own = match words.as_slice() {
            ["npx" | "pnpx" | "bunx" | "uvx", rest @ ..] => rest.iter().find(|word| !word.starts_with('-')),
            ["uv" | "poetry" | "pdm" | "pipenv", "run", rest @ ..] | ["pnpm" | "yarn", "exec", rest @ ..] => {
                rest.iter().find(|word| !word.starts_with('-'))
            }
            ["env", rest @ ..] => rest.iter().find(|word| !word.starts_with('-') && !word.contains('=')),
            [python, "-m", module, ..] if python.contains("python") => Some(module),
            _ => None,
        };
        let program = own.or(words.first()).copied().unwrap_or_default();
        program.rsplit('/').next().unwrap_or(program)
    }

    /// Returns the level of a message whose tool says none.
    #[must_use]
    pub const fn default_level(&self) -> Level {
        if matches!(self.exit, Some(0)) { Level::Warning } else { Level::Error }
    }
}

/// What a reader made of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What was found.
    pub drafts: Vec<Draft>,
    /// Whether a whole report of the format is there: one without findings then says that there are none.
    pub is_report: bool,
    /// Why reports of the format can not be read, a sentence each.
    pub broken: Vec<String>,
}

impl Reading {
    /// Returns a reading of single lines, which never know whether they are all.
    #[must_use]
    pub fn of_lines(drafts: Vec<Draft>) -> Self {
        Self { drafts, ..Self::default() }
    }

    /// Adds another reading to it.
    pub fn add(&mut self, other: Self) {
        self.drafts.extend(other.drafts);
        self.is_report |= other.is_report;
        self.broken.extend(other.broken);
    }

    /// Returns a reading of a whole report.
    #[must_use]
    pub fn of_report(drafts: Vec<Draft>) -> Self {
        Self { drafts, is_report: true, broken: Vec::new() }
    }
}

/// A finding as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// See [`Finding::source`].
    pub source: String,
    /// See [`Finding::kind`].
    pub kind: FindingKind,
    /// See [`Finding::level`].
    pub level: Level,
    /// See [`Finding::rule`].
    pub rule: Option<String>,
    /// The message; its first line says what it is, further lines help.
    pub message: String,
    /// The place as the tool writes it.
    pub place: Option<Place>,
}

/// A place as a tool writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path, absolute or relative to the top.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: Option<u32>,
    /// See [`Location::end`].
    pub end: Option<End>,
}

impl Place {
    /// Returns a place without an end. A line of 0 is the whole file.
    #[must_use]
    pub fn new(path: impl Into<String>, line: u32, column: Option<u32>) -> Self {
        Self { path: path.into(), line, column, end: None }
    }
}

/// Where the paths of an output start from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Base<'a> {
    /// The absolute path of the worktree's top.
    pub root: &'a str,
    /// The folder that the command ran in, relative to the top; empty for the top itself.
    pub folder: &'a str,
}

impl Base<'_> {
    fn relative(self, path: &str) -> Option<String> {
        match self.folder {
            "" => relative_path(path, self.root),
            _ if path.starts_with(['/', '<']) || path.is_empty() => relative_path(path, self.root),
            folder => relative_path(&format!("{folder}/{path}"), self.root),
        }
    }
}

/// Returns a name without anything that moves a cursor.
fn word(name: &str) -> String {
    strip_ansi(name).replace(['\n', '\t'], " ")
}

impl Draft {
    /// Returns the finding, seen from `base`. A place outside of the worktree is dropped.
    #[must_use]
    pub fn finish(self, base: Base<'_>) -> Finding {
        let location = self.place.and_then(|place| {
            let path = base.relative(&place.path)?;
            let line = place.line.max(1);
            let end = place.end.filter(|end| end.line >= line).map(|end| End { column: end.column.filter(|column| *column > 0), ..end });
            Some(Location { path, line, column: place.column.filter(|column| *column > 0), end })
        });
        let path = location.as_ref().map(|location| location.path.as_str());
        // A report may hold in escapes what its text must not.
        let (message, rule) = (strip_ansi(&self.message), self.rule.map(|rule| word(&rule)));
        // An unparsed failure is known by all of its lines, everything else by the line that says what it is.
        let identity = match self.kind {
            FindingKind::Unparsed => message.as_str(),
            FindingKind::Compile
            | FindingKind::Type
            | FindingKind::Lint
            | FindingKind::Format
            | FindingKind::Test
            | FindingKind::Security => message.lines().next().unwrap_or_default(),
        };
        let fingerprint = fingerprint(rule.as_deref(), path, identity);
        let message = cut(message.trim_end(), LONGEST_MESSAGE);
        Finding { source: word(&self.source), kind: self.kind, level: self.level, rule, message, location, fingerprint }
    }
}
