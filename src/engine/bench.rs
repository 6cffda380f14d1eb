//! Where programs are set to work: their environment, their limits, their output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::Instrument as _;

use super::context::RunContext;
use crate::domain::run::effect::StepOrder;
use crate::domain::tool::outcome::Ending;
use crate::io::process::request::{ProcessRequest, Stdin, TimeLimits};
use crate::io::process::spawn;
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
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// The beginning and the end of its output.
    pub text: String,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// Whether standard output was longer than that.
    pub is_cut: bool,
}

/// Runs a program to its end.
///
/// # Errors
/// Returns a sentence when it could not be started.
pub async fn run(cx: &RunContext, command: Command) -> Result<Ended, String> {
    let mut request = ProcessRequest::new(command.argv, command.cwd, command.env);
    request.stdin = command.stdin.map_or(Stdin::Null, Stdin::Bytes);
    request.limits = TimeLimits { wall: command.wall, idle: command.idle, ..TimeLimits::default() };
    request.log = Some(command.log);
    let outcome = spawn::run(&cx.supervisor, request, cx.signal())
        .instrument(tracing::trace_span!("tool or check"))
        .await
        .map_err(|e| with_sources(&e))?;
    let text = outcome.output.text();
    let is_cut = outcome.stdout.is_cut();
    Ok(Ended { ending: outcome.ending, text, stdout: outcome.stdout.bytes, is_cut })
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
