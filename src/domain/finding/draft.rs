//! What a reader gets and what it gives: the output of a check, and findings that are not yet cleaned, bounded and fingerprinted.

use super::clean::{cut, relative_path};
use super::fingerprint::fingerprint;
use super::model::{Finding, FindingKind, Level, Location};

const LONGEST_MESSAGE: usize = 2 << 10;

/// The output of one finished check.
#[derive(Debug, Clone, Copy)]
pub struct CheckOutput<'a> {
    /// The command that ran.
    pub command: &'a [String],
    /// Its exit code.
    pub exit: i32,
    /// Both streams, without colours.
    pub text: &'a str,
}

impl CheckOutput<'_> {
    /// Returns the name of the program without its folder.
    #[must_use]
    pub fn program(&self) -> &str {
        let program = self.command.first().map_or("", String::as_str);
        program.rsplit('/').next().unwrap_or(program)
    }

    /// Returns the level of a message whose tool says none.
    #[must_use]
    pub const fn default_level(&self) -> Level {
        if self.exit == 0 { Level::Warning } else { Level::Error }
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
}

impl Draft {
    /// Returns the finding. A place outside of `root`, the absolute path of the worktree's top, is dropped.
    #[must_use]
    pub fn finish(self, root: &str) -> Finding {
        let location = self.place.and_then(|place| {
            let path = relative_path(&place.path, root)?;
            Some(Location { path, line: place.line.max(1), column: place.column.filter(|column| *column > 0) })
        });
        let path = location.as_ref().map(|location| location.path.as_str());
        // An unparsed failure is known by all of its lines, everything else by the line that says what it is.
        let identity = match self.kind {
            FindingKind::Unparsed => self.message.as_str(),
            FindingKind::Compile | FindingKind::Lint | FindingKind::Test => self.message.lines().next().unwrap_or_default(),
        };
        let fingerprint = fingerprint(self.rule.as_deref(), path, identity);
        let message = cut(self.message.trim_end(), LONGEST_MESSAGE);
        Finding { source: self.source, kind: self.kind, level: self.level, rule: self.rule, message, location, fingerprint }
    }
}
