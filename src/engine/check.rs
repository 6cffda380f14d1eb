//! STATIC and RUNTIME steps: commands in the worktree, on exactly the captured tree.

use std::path::Path;
use std::time::Duration;

use super::bench::{self, Command};
use super::check_base::{self, Failure, compare_with_base};
use super::context::{Live, RunContext, Since};
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::readers;
use super::recorder::Recorder;
use super::watch::{self, Told};
use crate::domain::document::command::Argv;
use crate::domain::finding::chooser::{Found, MOST_FINDINGS, Output, read};
use crate::domain::finding::draft::{Base, CheckOutput};
use crate::domain::finding::model::Finding;
use crate::domain::gate::model::Baseline;
use crate::domain::id::ObjectId;
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{OutputRef, StepFinished, StepOutcome};
use crate::domain::run::state::RunState;
use crate::domain::text::{clip, one_line};
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::profile::IntegrityMode;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::git::objects::Objects;

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

/// Runs a check and records what it found.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let watch = Stopwatch::start();
    let (plan, step) = place::planned(cx, order)?;
    let commands = match &step.kind {
        StepKind::Static(commands) | StepKind::Runtime(commands) => commands,
        StepKind::Edit(_) => return Err(ExecuteError::Inconsistent(format!("step {} of {} is no check", step.id, plan.id))),
    };
    watch::enter(cx, &watch::name(order), None).await?;
    let mut notes = Vec::new();
    let checked = match place::stand(cx, order, state, Stand::Tip).await? {
        Ok(mut live) => {
            live.since = Since::Checks;
            let start = place::commit(state, &order.workstream, Stand::Start)?;
            let checked = run_commands(cx, order, (plan, step), (live.worktree.path(), commands, (start, state.drivers))).await;
            let (live, strayed) = strayed(cx, live).await?;
            notes.extend(strayed);
            cx.keep_worktree(&order.workstream, live);
            checked
        }
        Err(message) => Ok((Checked::not_started(message, None), Vec::new(), Vec::new())),
    };
    watch::leave(cx, &watch::name(order)).await?;
    let (mut checked, told, on_base) = checked?;
    notes.extend(told);
    let Told { mut events, stop } = watch::told(cx, order, IntegrityMode::Stop);
    events.extend(on_base);
    if let Some(reason) = stop {
        checked.message = reason;
        checked.outcome = if checked.outcome == StepOutcome::Cancelled { StepOutcome::Cancelled } else { StepOutcome::Rejected };
    }
    events.push(Event::StepFinished(StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: None,
        outcome: checked.outcome,
        message: checked.message,
        notes,
        tool_fault: false,
        exit_code: checked.exit_code,
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        output: checked.output,
        findings: checked.findings.into_iter().take(FINDINGS_KEPT).collect(),
    }));
    recorder.record(events).await?;
    Ok(())
}

/// Says which files of the captured tree are not as they were captured when a check has ended: its verdict is about files that were changed
/// meanwhile, by itself or by somebody else.
async fn strayed(cx: &RunContext, mut live: Live) -> Result<(Live, Option<String>), ExecuteError> {
    let own = cx.clone();
    blocking(move || {
        let objects = Objects::open(&own.repo)?;
        let mut paths = Vec::new();
        for path in own.worktrees.unrecorded(&mut live.worktree, live.captured)? {
            if objects.entry_at(live.captured, &path)?.is_some() {
                paths.push(format!("`{}`", one_line(&path.to_string())));
            }
        }
        let named = paths.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if paths.len() > 5 { format!(" and {} more", paths.len() - 5) } else { String::new() };
        let note = format!("{named}{more} changed after the capture; what is merged is what was captured");
        Ok((live, (!paths.is_empty()).then_some(note)))
    })
    .await
}

async fn run_commands(
    cx: &RunContext,
    order: &StepOrder,
    (plan, step): (&Workstream, &Step),
    (worktree, commands, (start, round)): (&Path, &[Argv], (ObjectId, u32)),
) -> Result<(Checked, Vec<String>, Vec<Event>), ExecuteError> {
    let seconds = step.timeout_sec.unwrap_or(match step.kind {
        StepKind::Static(_) => plan.limits.timeouts.statics,
        StepKind::Runtime(_) | StepKind::Edit(_) => plan.limits.timeouts.runtime,
    });
    let mut last = Checked { outcome: StepOutcome::Passed, exit_code: Some(0), ..Checked::not_started("passed".into(), None) };
    let (mut notes, mut events) = (Vec::new(), Vec::new());
    for (number, argv) in commands.iter().enumerate() {
        let log = cx.folder.step_file(&order.workstream, (&order.step, order.attempt), &format!("{}.log", number + 1))?;
        let command = Command {
            argv: argv.iter().map(Into::into).collect(),
            cwd: worktree.to_owned(),
            env: bench::check_environment(cx, order, worktree),
            stdin: None,
            wall: Some(Duration::from_secs(bench::capped(cx, seconds))),
            idle: None,
            log: log.clone(),
            stdout: None,
            resources: ResourceLimits::default(),
        };
        let printed = Printed { most: check_base::MOST_FINDINGS, ..Printed::by(argv, (worktree, &log)) };
        last = judge(cx, printed, bench::run(cx, command).await?).await?;
        if step.baseline == Baseline::Base {
            let compared = compare_with_base(cx, Failure { argv, seconds, start, round }, last).await?;
            last = compared.checked;
            notes.extend(compared.note);
            events.extend(compared.events);
        }
        if last.outcome != StepOutcome::Passed {
            break;
        }
    }
    Ok((last, notes, events))
}

impl Checked {
    /// Returns whether the last command ran out of time.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.outcome == StepOutcome::TimedOut
    }

    fn not_started(message: String, output: Option<OutputRef>) -> Self {
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
