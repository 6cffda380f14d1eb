//! The fixers of a workstream: commands that mend by rule what a check found, before a tool is asked to. What they leave is captured and
//! judged like the work of any tool.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bench::{self, Command};
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::watch;
use super::work::{self, Worked};
use crate::domain::document::command::Argv;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{PatchOrigin, StepOutcome};
use crate::domain::run::state::RunState;
use crate::domain::text::clip;
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::fs::{self, Durability};

/// The most of the output of one fixer that goes into the step's log, in bytes.
const MOST_KEPT: u64 = 1 << 20;

/// Runs the fixers one after the other on the tip of the workstream, and takes what they left. An exit code says little about fixers: some
/// tell by it that they changed something. So they failed only when nothing was changed.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, state: &RunState) -> Result<Worked, ExecuteError> {
    let live = match place::stand(cx, order, state, Stand::Tip).await? {
        Ok(live) => live,
        Err(message) => return Ok(Worked::ended(StepOutcome::NotStarted, message)),
    };
    let parent = place::commit(state, &order.workstream, Stand::Tip)?;
    let (mut worked, complaint) = run_all(cx, order, live.worktree.path()).await?;
    // Before anything reads the repository again, so that it reads what was there before.
    watch::leave(cx, &watch::name(order)).await?;
    let origin = (worked.outcome == StepOutcome::Cancelled).then_some(PatchOrigin::Salvage);
    let (own, order_own) = (cx.clone(), order.clone());
    let left = blocking(move || work::snapshot(&own, &order_own, live, (vec![parent], origin))).await?;
    cx.keep_worktree(&order.workstream, left.live);
    worked.notes.extend(left.notes);
    if worked.outcome == StepOutcome::Passed {
        let nothing = || (StepOutcome::NoChange, "the fixers changed nothing".to_owned());
        match (left.gone, &left.found) {
            (Some(gone), _) => (worked.outcome, worked.message) = (StepOutcome::Failed, gone),
            (None, None) => (worked.outcome, worked.message) = complaint.unwrap_or_else(nothing),
            (None, Some(_)) => worked.notes.extend(complaint.map(|(_, message)| message)),
        }
    }
    worked.found.extend(left.found);
    Ok(worked)
}

/// How an attempt ended, and one sentence about it.
type Said = (StepOutcome, String);

/// Runs them all, unless one is cut short. Returns also the first complaint of one that ended by itself.
async fn run_all(cx: &RunContext, order: &StepOrder, worktree: &Path) -> Result<(Worked, Option<Said>), ExecuteError> {
    let (plan, _) = place::planned(cx, order)?;
    let mut worked = Worked { exit_code: Some(0), ..Worked::ended(StepOutcome::Passed, "done") };
    let (mut complaint, mut logs) = (None, Vec::new());
    for (number, argv) in plan.fixers.iter().enumerate() {
        let log = cx.folder.step_file(&order.workstream, (&order.step, order.attempt), &format!("{}.log", number + 1))?;
        logs.push((argv, log.clone()));
        let command = Command {
            argv: argv.iter().map(Into::into).collect(),
            cwd: worktree.to_owned(),
            env: bench::check_environment(cx, order, worktree),
            stdin: None,
            wall: Some(Duration::from_secs(bench::capped(cx, plan.limits.timeouts.fix))),
            idle: None,
            log,
            stdout: None,
            resources: ResourceLimits::default(),
        };
        let ended = bench::run(cx, command).await?;
        if let Ok(ended) = &ended {
            worked.notes.extend(ended.notes.iter().cloned());
        }
        let Some((code, said)) = said(argv, ended) else { continue };
        if code.is_none() && said.0 != StepOutcome::NotStarted {
            // What it was at may be half done.
            (worked.exit_code, worked.outcome, worked.message) = (None, said.0, said.1);
            break;
        }
        if complaint.is_none() {
            worked.exit_code = code;
            complaint = Some(said);
        }
    }
    let log = cx.folder.step_file(&order.workstream, (&order.step, order.attempt), "log")?;
    fs::write_atomic(&log, &joined(&logs)?, Durability::Relaxed)?;
    worked.output = cx.folder.output(&log);
    Ok((worked, complaint))
}

/// Returns what is to be said about the end of a fixer, with its exit code; nothing when it is fine.
fn said(argv: &Argv, ended: bench::Attempt) -> Option<(Option<i32>, Said)> {
    let name = clip(&argv.join(" "), 80);
    let ended = match ended {
        Ok(ended) => ended,
        Err(message) => return Some((None, (StepOutcome::NotStarted, message))),
    };
    let last = || bench::last_line(&ended.text);
    let (code, outcome, message) = match ended.ending {
        Ending::Exited { code: 0 } => return None,
        Ending::Exited { code } => (Some(code), StepOutcome::Failed, format!("`{name}` ended with exit code {code}: {}", last())),
        Ending::Signaled { signal } => (None, StepOutcome::Failed, format!("`{name}` was ended by signal {signal}: {}", last())),
        Ending::TimedOut { .. } => (None, StepOutcome::TimedOut, format!("`{name}` ran out of time: {}", last())),
        Ending::Cancelled => (None, StepOutcome::Cancelled, format!("`{name}` was stopped together with the run")),
    };
    Some((code, (outcome, message)))
}

/// Returns the ends of the outputs below each other, each with its command.
fn joined(logs: &[(&Argv, PathBuf)]) -> Result<Vec<u8>, ExecuteError> {
    let mut all = Vec::new();
    for (argv, log) in logs {
        all.extend(format!("$ {}\n", argv.join(" ")).into_bytes());
        match fs::read_tail(log, MOST_KEPT) {
            Ok(bytes) => all.extend(bytes),
            // It was not started.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all)
}
