//! MEASURE steps: the goals of a workstream, measured on exactly the captured tree. What is counted in files is read from commits; commands run
//! in the worktree as checks do.

use std::path::Path;
use std::time::Duration;

use super::bench::{self, Command};
use super::checked::{Checked, FINDINGS_KEPT, Printed, Reads, judge};
use super::context::{RunContext, Since};
use super::failure::{ExecuteError, blocking};
use super::measured_files::{Value, counted};
use super::place::{self, Stand};
use super::recorder::Recorder;
use super::watch::{self, Told};
use super::{check, gate_run};
use crate::domain::document::command::Argv;
use crate::domain::finding::model::Finding;
use crate::domain::gate::coverage;
use crate::domain::goal::amount::Amount;
use crate::domain::goal::gap::{GoalValue, score};
use crate::domain::goal::model::Measure;
use crate::domain::goal::number::read;
use crate::domain::plan::model::{StepKind, Workstream};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{OutputRef, StepFinished, StepOutcome};
use crate::domain::run::goals::GoalsMeasured;
use crate::domain::run::state::RunState;
use crate::domain::tool::profile::IntegrityMode;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::fs;
use crate::io::git::objects::Objects;

/// The most findings that are counted.
const MOST_COUNTED: usize = 10_000;
/// Where tools write their report of coverage, where nobody says otherwise.
const REPORTS: [&str; 6] =
    ["coverage.xml", "cobertura.xml", "lcov.info", "coverage/lcov.info", "coverage/cobertura-coverage.xml", "target/lcov.info"];

/// What measuring came to.
#[derive(Debug, Default)]
struct Measuring {
    values: Vec<GoalValue>,
    findings: Vec<Finding>,
    output: Option<OutputRef>,
    notes: Vec<String>,
    /// Whether the run was stopped meanwhile.
    is_cut: bool,
    /// Why nothing could be measured.
    failed: Option<String>,
}

/// Measures the goals of a workstream and records what they are.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let watch = Stopwatch::start();
    let plan = place::workstream(cx, order)?;
    let commit = place::commit(state, &order.workstream, Stand::Tip)?;
    let (own, own_plan) = (cx.clone(), plan.clone());
    let (tree, counted) = blocking(move || {
        let tree = Objects::open(&own.repo)?.tree_of(commit)?;
        Ok((tree, own_plan.goals.list.iter().map(|goal| counted(&own, (&own_plan, goal), commit)).collect::<Result<Vec<_>, _>>()?))
    })
    .await?;
    watch::enter(cx, &watch::name(order), None).await?;
    let mut measuring = Measuring::default();
    if counted.iter().any(Option::is_none) {
        measuring = with_commands(cx, order, (plan, state), &counted).await?;
    } else {
        measuring.values = values(plan, counted.into_iter().map(|value| value.unwrap_or_else(|| Err(String::new()))));
    }
    watch::leave(cx, &watch::name(order)).await?;
    let Told { mut events, stop } = watch::told(cx, order, IntegrityMode::Stop);
    let one = place::one(state, &order.workstream)?;
    let (outcome, message) = match (stop, measuring.is_cut, measuring.failed) {
        (_, true, _) => (StepOutcome::Cancelled, "it was stopped together with the run".to_owned()),
        (Some(reason), false, _) => (StepOutcome::Rejected, reason),
        (None, false, Some(reason)) => (StepOutcome::NotStarted, reason),
        (None, false, None) => (StepOutcome::Passed, "measured".to_owned()),
    };
    if outcome == StepOutcome::Passed {
        let (workstream, turn, round) = (order.workstream.clone(), one.goals.turns, one.goals.round());
        let (score, values) = (score(&measuring.values), std::mem::take(&mut measuring.values));
        events.push(Event::GoalsMeasured(GoalsMeasured { workstream, turn, round, commit, tree, values, score }));
    }
    events.push(Event::StepFinished(StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: None,
        outcome,
        message,
        notes: measuring.notes,
        tool_fault: false,
        exit_code: None,
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        output: measuring.output,
        findings: measuring.findings.into_iter().take(FINDINGS_KEPT).collect(),
        review: None,
        failure: None,
        usage: None,
        cached: false,
    }));
    recorder.record(events).await?;
    Ok(())
}

fn values(plan: &Workstream, measured: impl Iterator<Item = Value>) -> Vec<GoalValue> {
    plan.goals.list.iter().zip(measured).map(|(goal, value)| GoalValue::new(goal, value)).collect()
}

async fn with_commands(
    cx: &RunContext,
    order: &StepOrder,
    (plan, state): (&Workstream, &RunState),
    counted: &[Option<Value>],
) -> Result<Measuring, ExecuteError> {
    let mut measuring = Measuring::default();
    let mut live = match place::stand(cx, order, state, Stand::Tip).await? {
        Ok(live) => live,
        Err(message) => return Ok(Measuring { failed: Some(message), ..measuring }),
    };
    live.since = Since::Checks;
    let mut measured = Vec::new();
    let mut failed = None;
    for (number, (goal, counted)) in plan.goals.list.iter().zip(counted).enumerate() {
        if let Some(value) = counted {
            measured.push(value.clone());
            continue;
        }
        // A report that the checks wrote may be a file of the tree.
        let told = if matches!(goal.measure, Measure::Coverage { command: None, .. }) {
            Ok(None)
        } else {
            let (back, told) = check::put_back(cx, live).await?;
            live = back;
            told
        };
        let value = match told {
            Ok(note) => {
                measuring.notes.extend(note);
                let asking = Asking { cx, order, plan, worktree: live.worktree.path(), number };
                asking.ask(&goal.measure, &mut measuring).await
            }
            Err(reason) => Ok(Err(reason)),
        };
        match value {
            Ok(value) => measured.push(value),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let (live, strayed) = check::strayed(cx, live).await?;
    cx.keep_worktree(&order.workstream, live);
    measuring.notes.extend(strayed);
    measuring.values = values(plan, measured.into_iter());
    match failed {
        Some(error) => Err(error),
        None => Ok(measuring),
    }
}

/// One goal whose measure is a command.
struct Asking<'a> {
    cx: &'a RunContext,
    order: &'a StepOrder,
    plan: &'a Workstream,
    worktree: &'a Path,
    number: usize,
}

impl Asking<'_> {
    async fn ask(&self, measure: &Measure, into: &mut Measuring) -> Result<Value, ExecuteError> {
        match measure {
            Measure::Words(_) | Measure::Chapters(_) | Measure::Completeness { .. } => Ok(Err("it is no matter of commands".to_owned())),
            Measure::Number { command, reading } => {
                let ran = self.run((command, 0), into).await?;
                Ok(ended(&ran, reading_needs_success(reading)).and_then(|text| read(reading, text).ok_or_else(|| lacks(command))))
            }
            Measure::Findings(command) => self.findings(command.as_ref(), into).await,
            Measure::Coverage { command, report } => self.coverage((command.as_ref(), report.as_deref()), into).await,
        }
    }

    async fn run(&self, (argv, part): (&Argv, usize), into: &mut Measuring) -> Result<Checked, ExecuteError> {
        let name = format!("{}.{}.log", self.number + 1, part + 1);
        let log = self.cx.folder.step_file(&self.order.workstream, (&self.order.step, self.order.attempt), &name)?;
        let command = Command {
            argv: argv.iter().map(Into::into).collect(),
            cwd: self.worktree.to_owned(),
            env: bench::check_environment(self.cx, self.order, self.worktree),
            stdin: None,
            wall: Some(Duration::from_secs(bench::capped(self.cx, self.plan.limits.timeouts.runtime))),
            idle: None,
            log: log.clone(),
            stdout: None,
            resources: ResourceLimits::default(),
        };
        let printed = Printed { reads: Reads::Everything, most: MOST_COUNTED, ..Printed::by(argv, (self.worktree, &log)) };
        let mut checked = judge(self.cx, printed, bench::run(self.cx, command).await?).await?;
        into.output = checked.output.take().or(into.output.take());
        into.is_cut |= checked.outcome == StepOutcome::Cancelled;
        Ok(checked)
    }

    /// Counts the findings of a command, or of the static checks of the workstream.
    async fn findings(&self, command: Option<&Argv>, into: &mut Measuring) -> Result<Value, ExecuteError> {
        let statics = self.plan.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Static(commands) => Some(commands),
            StepKind::Edit(_) | StepKind::Runtime(_) => None,
        });
        let all: Vec<&Argv> = command.map_or_else(|| statics.flatten().collect(), |command| vec![command]);
        if all.is_empty() {
            return Ok(Err("the workstream has no static check, and the goal no command".to_owned()));
        }
        let mut sum = 0;
        for (part, argv) in all.into_iter().enumerate() {
            let ran = self.run((argv, part), into).await?;
            if let Err(reason) = ended(&ran, Success::Unneeded) {
                return Ok(Err(reason));
            }
            sum += ran.findings.len() + ran.left_out;
            into.findings.extend(ran.findings);
        }
        Ok(Ok(Amount::whole(sum as u64)))
    }

    async fn coverage(&self, (command, report): (Option<&Argv>, Option<&str>), into: &mut Measuring) -> Result<Value, ExecuteError> {
        let places: Vec<&str> = report.map_or_else(|| REPORTS.to_vec(), |report| vec![report]);
        let mut printed = String::new();
        if let Some(argv) = command {
            // What an earlier round wrote says nothing about this one.
            for place in &places {
                self.forget(place).await?;
            }
            let ran = self.run((argv, 0), into).await?;
            match ended(&ran, Success::Needed) {
                Ok(text) => text.clone_into(&mut printed),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        let written = places.iter().find_map(|place| gate_run::report(&self.worktree.join(place)));
        let told = written.or((!printed.is_empty()).then_some(printed));
        let percent = told.as_deref().and_then(coverage::read).and_then(Amount::of);
        Ok(percent.ok_or_else(|| format!("there is no report of coverage in {}", places.join(", "))))
    }

    /// Removes a report that is no part of the captured tree.
    async fn forget(&self, place: &str) -> Result<(), ExecuteError> {
        let (top, path) = (self.worktree.to_owned(), self.worktree.join(place));
        blocking(move || {
            // A link in the worktree may lead out of it.
            let is_inside = match (top.canonicalize(), path.parent().map(Path::canonicalize)) {
                (Ok(top), Some(Ok(folder))) => folder.starts_with(top),
                (Ok(_) | Err(_), Some(_) | None) => false,
            };
            if is_inside && path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                fs::remove_file(&path)?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether a command that failed says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Success {
    /// Not without success.
    Needed,
    /// It does.
    Unneeded,
}

/// What is looked for is there or not; the last number of a command that failed may be any.
const fn reading_needs_success(reading: &crate::domain::goal::model::Reading) -> Success {
    use crate::domain::goal::model::Reading;
    match reading {
        Reading::Last => Success::Needed,
        Reading::Pattern(_) | Reading::Pointer(_) => Success::Unneeded,
    }
}

fn ended(ran: &Checked, success: Success) -> Result<&str, String> {
    let is_told = match ran.outcome {
        StepOutcome::Passed => true,
        StepOutcome::Failed => success == Success::Unneeded && ran.signal.is_none(),
        StepOutcome::TimedOut
        | StepOutcome::NoChange
        | StepOutcome::Rejected
        | StepOutcome::NotStarted
        | StepOutcome::Cancelled
        | StepOutcome::Interrupted
        | StepOutcome::Skipped => false,
    };
    if is_told { Ok(&ran.text) } else { Err(ran.message.clone()) }
}

fn lacks(argv: &Argv) -> String {
    format!("`{}` printed no such number", crate::domain::text::clip(&argv.join(" "), 80))
}
