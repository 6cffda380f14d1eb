//! STATIC and RUNTIME steps: commands in the worktree, on exactly the captured tree.

use std::path::Path;
use std::time::Duration;

use super::bench::{self, Command};
use super::cached::{self, Told};
use super::check_base::{self, Failure, compare_with_base};
use super::checked::{Checked, FINDINGS_KEPT, Printed, judge};
use super::context::{Live, RunContext, Since};
use super::failure::{ExecuteError, blocking};
use super::phases;
use super::place::{self, Stand};
use super::recorder::Recorder;
use super::watch::{self, Told as Reported};
use crate::domain::document::command::Argv;
use crate::domain::gate::model::Baseline;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome};
use crate::domain::run::state::RunState;
use crate::domain::text::one_line;
use crate::domain::tool::profile::IntegrityMode;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::git::objects::Objects;

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
    let lacks = phases::lacks(cx, order, state, step).await?;
    if let Some(event) = phases::verdict(order, &lacks, commands.len()) {
        recorder.record(vec![event]).await?;
        return Ok(());
    }
    let Told { result, wanted, note } = cached::check(cx, order, state).await?;
    if let Some(message) = result {
        let known =
            StepFinished { cached: true, findings: phases::findings(&lacks), ..ended(order, (StepOutcome::Passed, message), &watch) };
        return Ok(recorder.record(vec![Event::StepFinished(known)]).await?);
    }
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
    let Reported { mut events, stop } = watch::told(cx, order, IntegrityMode::Stop);
    events.extend(on_base);
    if let Some(reason) = stop {
        checked.message = reason;
        checked.outcome = if checked.outcome == StepOutcome::Cancelled { StepOutcome::Cancelled } else { StepOutcome::Rejected };
    }
    // A verdict that needs a remark is about more than the files that it is known by.
    let is_plain = checked.outcome == StepOutcome::Passed && checked.exit_code == Some(0) && notes.is_empty() && events.is_empty();
    notes.splice(..0, note);
    events.push(Event::StepFinished(StepFinished {
        notes,
        exit_code: checked.exit_code,
        output: checked.output,
        findings: checked.findings.into_iter().chain(phases::findings(&lacks)).take(FINDINGS_KEPT).collect(),
        ..ended(order, (checked.outcome, checked.message), &watch)
    }));
    recorder.record(events).await?;
    if let Some(wanted) = wanted.filter(|_| is_plain) {
        let tree = wanted.start.tree;
        cached::keep(cx, wanted, tree).await;
    }
    Ok(())
}

/// Returns what is recorded of the end of a check that found nothing.
fn ended(order: &StepOrder, (outcome, message): (StepOutcome, String), watch: &Stopwatch) -> StepFinished {
    StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: None,
        outcome,
        message,
        notes: Vec::new(),
        tool_fault: false,
        exit_code: None,
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        output: None,
        findings: Vec::new(),
        review: None,
        failure: None,
        usage: None,
        cached: false,
    }
}

/// Says which files of the captured tree are not as they were captured when a check has ended: its verdict is about files that were changed
/// meanwhile, by itself or by somebody else.
pub(super) async fn strayed(cx: &RunContext, mut live: Live) -> Result<(Live, Option<String>), ExecuteError> {
    let own = cx.clone();
    blocking(move || {
        let objects = Objects::open(&own.repo)?;
        let mut paths = Vec::new();
        for path in own.worktrees.unrecorded(&mut live.worktree, live.captured)? {
            if objects.entry_at(live.captured, &path)?.is_some() {
                paths.push(path);
            }
        }
        let note = format!("{} changed after the capture; what is merged is what was captured", listed(&paths));
        Ok((live, (!paths.is_empty()).then_some(note)))
    })
    .await
}

/// Puts back what earlier commands did to files of the captured tree, before something is measured on it; the inner result is a note about it, or
/// a sentence about why it can not be done.
pub(super) async fn put_back(cx: &RunContext, mut live: Live) -> Result<(Live, Result<Option<String>, String>), ExecuteError> {
    let own = cx.clone();
    blocking(move || {
        let told = match own.worktrees.put_back(&mut live.worktree)? {
            Some(paths) if paths.is_empty() => Ok(None),
            Some(paths) => Ok(Some(format!("{} changed after the capture, and was put back before it was measured", listed(&paths)))),
            None => Err("a command changed files after the capture, and only git can put them back here".to_owned()),
        };
        Ok((live, told))
    })
    .await
}

/// Returns the first of some paths, and how many more there are.
fn listed(paths: &[RepoPath]) -> String {
    let named: Vec<String> = paths.iter().take(5).map(|path| format!("`{}`", one_line(&path.to_string()))).collect();
    let more = if paths.len() > 5 { format!(" and {} more", paths.len() - 5) } else { String::new() };
    format!("{}{more}", named.join(", "))
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
