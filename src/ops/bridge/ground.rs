//! What a bridge stands on, and where it says something.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::io::clock::Clock;
use crate::io::settings::environment::Environment;

/// Where a bridge says something.
pub struct Voice<'a> {
    /// What it was asked for.
    pub out: &'a mut dyn Write,
    /// What else there is to say.
    pub err: &'a mut dyn Write,
}

impl std::fmt::Debug for Voice<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Voice")
    }
}

impl Voice<'_> {
    /// Says a part of what it was asked for, at once. Nobody may listen any more, which is no reason to stop half-way.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        let _heard = self.out.write_all(bytes).and_then(|()| self.out.flush());
    }

    /// Says something else.
    pub(super) fn note(&mut self, text: &str) {
        let _heard = writeln!(self.err, "{text}").and_then(|()| self.err.flush());
    }
}

/// What a bridge stands on.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    /// The worktree.
    pub(super) worktree: PathBuf,
    /// The folder of the step.
    pub(super) run_dir: &'a Path,
    /// The prompt.
    pub(super) prompt: String,
    /// The environment.
    pub(super) environment: &'a Environment,
    /// Time.
    pub(super) clock: Clock,
    /// The program to talk to and its arguments.
    pub(super) program: &'a [OsString],
}
