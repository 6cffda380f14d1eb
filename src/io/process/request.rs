//! What is asked of the spawner, and what it answers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::excerpt::{Excerpt, Kept};
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::sandbox::confinement::Confinement;

/// How urgently a process is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelLevel {
    /// It may run.
    Run,
    /// It is asked with TERM, and killed when the grace period is over.
    Gentle,
    /// It is killed at once.
    Now,
}

/// Whether processes go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// They go on.
    Going,
    /// They are stopped until further notice, and no limit of theirs comes nearer.
    Suspended,
}

/// What is wanted of every process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Will {
    /// How urgently it is to end.
    pub level: CancelLevel,
    /// Whether it goes on.
    pub pace: Pace,
}

impl Default for Will {
    fn default() -> Self {
        Self { level: CancelLevel::Run, pace: Pace::Going }
    }
}

/// The receiving side of a cancellation; all receivers of one sender end together.
pub type CancelSignal = watch::Receiver<Will>;

/// Returns a sender and the signal that it drives.
#[must_use]
pub fn cancel_channel() -> (watch::Sender<Will>, CancelSignal) {
    watch::channel(Will::default())
}

/// Returns a signal that never cancels.
#[must_use]
pub fn never_cancelled() -> CancelSignal {
    cancel_channel().1
}

/// What a process reads from standard input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stdin {
    /// Nothing: `/dev/null`, so that a program that asks a question fails instead of hanging.
    #[default]
    Null,
    /// These bytes, then the end of file. A program that does not read them all is no error.
    Bytes(Vec<u8>),
}

/// When a process is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// The longest run; `None` means no limit.
    pub wall: Option<Duration>,
    /// The longest time without a byte on standard output or standard error; `None` means no limit.
    pub idle: Option<Duration>,
    /// From TERM to KILL after a limit.
    pub grace: Duration,
    /// From TERM to KILL when everything is to end.
    pub parting: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { wall: None, idle: None, grace: Duration::from_secs(5), parting: Duration::from_secs(10) }
    }
}

/// How much output is kept, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureLimits {
    /// The first bytes of both streams together, in memory.
    pub head: usize,
    /// The last bytes of both streams together, in memory.
    pub tail: usize,
    /// The first bytes of standard output alone, in memory.
    pub stdout: usize,
    /// The last bytes of standard error alone, in memory.
    pub stderr: usize,
    /// The first bytes of standard output alone, in a file of their own.
    pub stdout_file: u64,
    /// The first bytes of both streams together, in the log file.
    pub log: u64,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        Self { head: 64 << 10, tail: 256 << 10, stdout: 256 << 10, stderr: 64 << 10, stdout_file: 16 << 20, log: 64 << 20 }
    }
}

/// Which stream a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of output, for live progress. Raw: whoever displays it sanitises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it was written.
    pub stream: Stream,
    /// Its text without the line end, cut after 4 KiB.
    pub text: String,
}

/// A process to run.
#[derive(Debug, Clone)]
pub struct ProcessRequest {
    /// The program and its arguments. A program without a slash is found in the `PATH` of `env`.
    pub argv: Vec<OsString>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Its whole environment; nothing is inherited.
    pub env: BTreeMap<OsString, OsString>,
    /// What it reads.
    pub stdin: Stdin,
    /// When it is ended.
    pub limits: TimeLimits,
    /// How much output is kept.
    pub capture: CaptureLimits,
    /// The file that gets the output of both streams in the order of arrival; its folder must exist.
    pub log: Option<PathBuf>,
    /// The file that gets standard output alone; its folder must exist.
    pub stdout: Option<PathBuf>,
    /// Gets lines as they come; lines that do not fit into the channel are dropped.
    pub lines: Option<mpsc::Sender<Line>>,
    /// What it may use of the machine.
    pub resources: ResourceLimits,
    /// What it is held by.
    pub confinement: Confinement,
}

impl ProcessRequest {
    /// Returns a request with standard input closed, the default limits, no log file and no line channel.
    #[must_use]
    pub fn new(argv: Vec<OsString>, cwd: impl Into<PathBuf>, env: BTreeMap<OsString, OsString>) -> Self {
        Self {
            argv,
            cwd: cwd.into(),
            env,
            stdin: Stdin::Null,
            limits: TimeLimits::default(),
            capture: CaptureLimits::default(),
            log: None,
            stdout: None,
            lines: None,
            resources: ResourceLimits::ordinary(),
            confinement: Confinement::none(),
        }
    }
}

/// How a process ended and what it said.
#[derive(Debug)]
pub struct ProcessOutcome {
    /// How it ended.
    pub ending: Ending,
    /// From its start to its end, draining included.
    pub elapsed: Duration,
    /// The beginning and the end of both streams together.
    pub output: Excerpt,
    /// The beginning of standard output alone.
    pub stdout: Kept,
    /// The end of standard error alone.
    pub stderr: Excerpt,
    /// What became of the log file.
    pub log: LogState,
    /// What became of the file of standard output.
    pub stdout_file: LogState,
    /// How many processes it had left behind when it ended; they were ended.
    pub swept: u32,
    /// Whether somebody outside of its own processes still held an output pipe 200 ms after all of them had ended. What they write later is
    /// not read.
    pub leaked_pipe: bool,
    /// Whether something of it outlived KILL for seconds (it hangs in the kernel, or belongs to another user) and was left behind.
    pub abandoned: bool,
}

/// What became of a log file.
#[derive(Debug)]
pub enum LogState {
    /// None was asked for.
    Unwanted,
    /// It holds all output.
    Complete,
    /// It holds the beginning up to the limit, and a last line that says so.
    Truncated,
    /// Writing failed, and nothing was written after that. The process was not disturbed.
    Failed(io::Error),
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The argument vector has no program.
    #[error("the command is empty")]
    EmptyCommand,
    /// No such program.
    #[error("program `{program}` was not found")]
    NotFound {
        /// The program as given.
        program: String,
    },
    /// The program may not be executed, or is no program.
    #[error("`{program}` cannot be executed")]
    NotExecutable {
        /// The program as given.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder to run in does not exist.
    #[error("folder `{}` to run in does not exist", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The log file could not be created.
    #[error("log file `{}` cannot be created", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The sandbox can not be made; the program was not started without it.
    #[error("`{program}` was not started, because its sandbox can not be made: {reason}")]
    Confinement {
        /// The program as given.
        program: String,
        /// What failed.
        reason: String,
    },
    /// The supervisor could not be started, or said nothing that makes sense.
    #[error("the supervisor `{}` could not be started", program.display())]
    Supervisor {
        /// The program that supervises.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refused.
    #[error("`{program}` could not be started")]
    Io {
        /// The program as given.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
