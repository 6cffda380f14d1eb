//! Where programs are set to work: their environment, their limits, their output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::Instrument as _;

use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::hold::Gear;
use crate::domain::run::effect::StepOrder;
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::profile::ToolProfile;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::fs::{self, FsError};
use crate::io::process::request::{LogState, ProcessOutcome, ProcessRequest, SpawnError, Stdin, TimeLimits};
use crate::io::process::spawn;
use crate::io::sandbox::confinement::Confinement;
use crate::io::settings::environment::TaskVariables;

/// A program to run.
#[derive(Debug)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub env: BTreeMap<OsString, OsString>,
    /// What it reads; `None` closes standard input.
    pub stdin: Option<Vec<u8>>,
    /// The longest run.
    pub wall: Option<Duration>,
    /// The longest silence.
    pub idle: Option<Duration>,
    /// Where its output is kept.
    pub log: PathBuf,
    /// Where its standard output is kept as well, when that is what it is run for.
    pub stdout: Option<PathBuf>,
    /// What it may use of the machine, where that differs from the settings.
    pub resources: ResourceLimits,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// The beginning and the end of its output.
    pub text: String,
    /// Its standard output, when that was to be kept.
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    pub stderr: Vec<u8>,
    /// Whether standard output was longer than what is kept of one.
    pub is_cut: bool,
    /// What else is worth telling.
    pub notes: Vec<String>,
}

/// What became of a program: how it ended, or a sentence that says why it could not be started.
pub type Attempt = Result<Ended, String>;

/// Runs a program that is no tool to its end: a check, a gate, a set-up command. It is held to the folder that it runs in.
///
/// # Errors
/// Returns an error when the machine does not let git-orc do its own part. That the program could not be started is no such error.
pub async fn run(cx: &RunContext, command: Command) -> Result<Attempt, ExecuteError> {
    let folders = [command.cwd.clone()];
    let gear = cx.hold.take(None, &folders)?;
    held(cx, command, gear).await
}

/// Runs a tool to its end, held to these folders and to what its profile says.
///
/// # Errors
/// Returns an error when the machine does not let git-orc do its own part.
pub async fn run_tool(cx: &RunContext, command: Command, (profile, folders): (&ToolProfile, &[PathBuf])) -> Result<Attempt, ExecuteError> {
    let gear = cx.hold.take(Some(profile), folders)?;
    held(cx, command, gear).await
}

async fn held(cx: &RunContext, mut command: Command, gear: Gear) -> Result<Attempt, ExecuteError> {
    if let Some(tmp) = &gear.tmp {
        command.env.extend(["TMPDIR", "TMP", "TEMP"].map(|name| (name.into(), tmp.clone().into_os_string())));
    }
    let ended = start(cx, command, gear.confinement).await;
    if let Some(tmp) = gear.tmp {
        // Whatever is left of it goes at the end of the run.
        let _ = blocking(move || Ok(fs::remove_dir_all(&tmp)?)).await;
    }
    ended
}

async fn start(cx: &RunContext, command: Command, confinement: Confinement) -> Result<Attempt, ExecuteError> {
    let mut request = ProcessRequest::new(command.argv, command.cwd, command.env);
    request.confinement = confinement;
    request.stdin = command.stdin.map_or(Stdin::Null, Stdin::Bytes);
    request.limits = TimeLimits { wall: command.wall, idle: command.idle, ..TimeLimits::default() };
    let log = command.log;
    request.log = Some(log.clone());
    request.stdout = command.stdout.clone();
    request.resources = cx.resources.overlaid(command.resources);
    let outcome = match spawn::run(&cx.supervisor, request, cx.signal()).instrument(tracing::trace_span!("tool or check")).await {
        Ok(outcome) => outcome,
        // No program is to blame for a disk that does not take its output.
        Err(SpawnError::Log { path, source }) => return Err(FsError { action: "create", path, source }.into()),
        Err(error) => return Ok(Err(with_sources(&error))),
    };
    let (text, notes) = (text(&outcome, &log), left_behind(&outcome));
    let is_cut = matches!(outcome.stdout_file, LogState::Truncated);
    let stdout = match (command.stdout, outcome.stdout_file) {
        (Some(path), LogState::Complete) => fs::read(&path)?,
        (Some(path), LogState::Failed(source)) => return Err(FsError { action: "write", path, source }.into()),
        (None, _) | (_, LogState::Unwanted | LogState::Truncated) => Vec::new(),
    };
    Ok(Ok(Ended { ending: outcome.ending, text, stdout, stderr: outcome.stderr.end(), is_cut, notes }))
}

/// The most of a log that is read again, in bytes.
const MOST_READ: u64 = 8 << 20;

/// Returns what a program printed. A report is worth nothing with a gap in it, so what memory did not hold is taken from the log.
fn text(outcome: &ProcessOutcome, log: &Path) -> String {
    let is_in_log = outcome.output.dropped() > 0 && outcome.output.total() <= MOST_READ && matches!(outcome.log, LogState::Complete);
    let whole = is_in_log.then(|| fs::read_at_most(log, MOST_READ).ok()).flatten();
    whole.map_or_else(|| outcome.output.text(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns what is worth telling about the processes that a program left.
fn left_behind(outcome: &ProcessOutcome) -> Vec<String> {
    let swept = (outcome.swept > 0).then(|| format!("{} ended that it had left running", many(outcome.swept)));
    let stays = outcome.abandoned.then(|| "a process that it had started could not be ended".to_owned());
    let pipe = outcome.leaked_pipe.then(|| "somebody else still holds its output, which is no longer read".to_owned());
    swept.into_iter().chain(stays).chain(pipe).collect()
}

fn many(processes: u32) -> String {
    if processes == 1 { "a process was".to_owned() } else { format!("{processes} processes were") }
}

/// Returns an error and what caused it in one line.
#[must_use]
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Returns the time limit, at most the run's limit for any step, in seconds.
#[must_use]
pub fn capped(cx: &RunContext, seconds: u64) -> u64 {
    cx.config.timeout_sec.map_or(seconds, |most| seconds.min(most)).max(1)
}

/// Returns the environment of a check.
#[must_use]
pub fn check_environment(cx: &RunContext, order: &StepOrder, worktree: &Path) -> BTreeMap<OsString, OsString> {
    cx.environment.for_task(&variables(cx, order, worktree, None), &[], &BTreeMap::new())
}

/// Returns the environment of a gate.
#[must_use]
pub fn gate_environment(cx: &RunContext, worktree: &Path) -> BTreeMap<OsString, OsString> {
    let variables = TaskVariables {
        run: cx.run,
        workstream: None,
        step: None,
        attempt: None,
        worktree: worktree.to_owned(),
        prompt_file: None,
        index: cx.plan.workstreams.len(),
    };
    cx.environment.for_task(&variables, &[], &BTreeMap::new())
}

/// Returns the `ORC_*` variables of a step.
#[must_use]
pub fn variables(cx: &RunContext, order: &StepOrder, worktree: &Path, prompt_file: Option<&Path>) -> TaskVariables {
    let index = cx.plan.workstreams.iter().position(|w| w.id == order.workstream).unwrap_or(0);
    TaskVariables {
        run: cx.run,
        workstream: Some(order.workstream.clone()),
        step: Some(order.step.clone()),
        attempt: Some(order.attempt),
        worktree: worktree.to_owned(),
        prompt_file: prompt_file.map(Path::to_owned),
        index,
    }
}

/// Returns the last line of an output that says something.
#[must_use]
pub fn last_line(text: &str) -> String {
    crate::domain::text::clip(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").trim(), 160)
}
