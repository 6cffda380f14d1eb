//! From the end of a command to what it means for a check.

use std::path::Path;

use super::bench;
use super::context::RunContext;
use super::failure::ExecuteError;
use super::readers;
use crate::domain::finding::chooser::{Found, MOST_FINDINGS, Output, read};
use crate::domain::finding::draft::{Base, CheckOutput};
use crate::domain::finding::model::Finding;
use crate::domain::run::fact::{OutputRef, StepOutcome};
use crate::domain::text::clip;
use crate::domain::tool::outcome::Ending;

/// How many findings an entry carries.
pub const FINDINGS_KEPT: usize = 20;

/// What came of a list of commands.
#[derive(Debug)]
pub struct Checked {
    /// How it ended.
    pub outcome: StepOutcome,
    /// One sentence about it.
    pub message: String,
    /// The exit code of the last command.
    pub exit_code: Option<i32>,
    /// The findings of the command that failed.
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub left_out: usize,
    /// The signal that ended the last command.
    pub signal: Option<i32>,
    /// The beginning and the end of what it printed.
    pub text: String,
    /// The kept output of the last command.
    pub output: Option<OutputRef>,
}

impl Checked {
    /// Returns whether the last command ran out of time.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.outcome == StepOutcome::TimedOut
    }

    /// Returns what a command comes to that was not started, and why.
    #[must_use]
    pub fn not_started(message: String, output: Option<OutputRef>) -> Self {
        let (findings, text) = (Vec::new(), String::new());
        Self { outcome: StepOutcome::NotStarted, message, exit_code: None, findings, left_out: 0, signal: None, text, output }
    }
}

/// When the output of a command is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// When it failed.
    Failures,
    /// Always.
    Everything,
}

/// A command that has printed something.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// The command.
    pub argv: &'a [String],
    /// Where it ran.
    pub root: &'a Path,
    /// Its kept output.
    pub log: &'a Path,
    /// The only reader that is asked; `None` asks all.
    pub reader: Option<&'a str>,
    /// When its output is read.
    pub reads: Reads,
    /// The most findings that are told.
    pub most: usize,
}

impl<'a> Printed<'a> {
    /// Returns a command whose output is read when it failed, by every reader.
    #[must_use]
    pub const fn by(argv: &'a [String], (root, log): (&'a Path, &'a Path)) -> Self {
        Self { argv, root, log, reader: None, reads: Reads::Failures, most: MOST_FINDINGS }
    }
}

/// Turns the end of a command into what it means for a check.
///
/// # Errors
/// Returns an error when the machine does not let git-orc do its own part.
pub async fn judge(cx: &RunContext, printed: Printed<'_>, ended: bench::Attempt) -> Result<Checked, ExecuteError> {
    let name = clip(&printed.argv.join(" "), 80);
    let output = cx.folder.output(printed.log);
    let ended = match ended {
        Ok(ended) => ended,
        Err(message) => return Ok(Checked::not_started(message, output)),
    };
    let (outcome, message, exit_code, code) = match ended.ending {
        Ending::Exited { code: 0 } => {
            let code = (printed.reads == Reads::Everything).then_some(0);
            (StepOutcome::Passed, format!("`{name}` passed"), Some(0), code)
        }
        Ending::Exited { code } => (StepOutcome::Failed, format!("`{name}` failed with exit code {code}"), Some(code), Some(code)),
        Ending::Signaled { signal } => (StepOutcome::Failed, format!("`{name}` was ended by signal {signal}"), None, Some(128 + signal)),
        Ending::TimedOut { .. } => (StepOutcome::TimedOut, format!("`{name}` ran out of time"), None, Some(124)),
        Ending::Cancelled => (StepOutcome::Cancelled, format!("`{name}` was stopped"), None, None),
    };
    let Found { findings, left_out } = match code {
        Some(code) => found(cx, printed, CheckOutput { command: printed.argv, exit: Some(code), text: &ended.text }).await?,
        None => Found { findings: Vec::new(), left_out: 0 },
    };
    let signal = match ended.ending {
        Ending::Signaled { signal } => Some(signal),
        Ending::Exited { .. } | Ending::TimedOut { .. } | Ending::Cancelled => None,
    };
    Ok(Checked { outcome, message, exit_code, findings, left_out, signal, text: ended.text, output })
}

/// Reads what a command printed.
async fn found(cx: &RunContext, printed: Printed<'_>, check: CheckOutput<'_>) -> Result<Found, ExecuteError> {
    let answers = readers::ask(cx, &readers::Ended { place: printed.root, check, log: printed.log }).await?;
    let root = printed.root.to_string_lossy();
    let base = Base { root: &root, folder: "" };
    let (command, exit, text) = (check.command, check.exit, check.text);
    let (reader, most) = (printed.reader, printed.most);
    Ok(read(Output { base, command, exit, text, reader, matchers: &[], answers: &answers, most }))
}
