//! Running a command that undoes an effect outside of the repository, in the worktree of the gates, held as a gate is.

use std::time::Duration;

use super::bench::{self, Command};
use super::checked::{self, Printed};
use super::context::RunContext;
use super::failure::ExecuteError;
use super::{gate_run, watch};
use crate::domain::id::{ObjectId, PatchId};
use crate::domain::run::event::Event;
use crate::domain::run::limits::LoopLimits;
use crate::domain::run::rollback::{Action, Compensation, Rollback};
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::settings::environment::TaskVariables;

/// The name under which it is kept what an action prints.
const LOG: &str = "compensation";

/// What came of an action.
#[derive(Debug)]
pub struct Compensated {
    /// What is recorded of it.
    pub compensation: Compensation,
    /// What is to be recorded of what it did to the repository.
    pub events: Vec<Event>,
}

/// Runs an action of a rollback to its end.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it; that the action failed is no such error.
pub async fn run(cx: &RunContext, rollback: &Rollback, action: &Action) -> Result<Compensated, ExecuteError> {
    let watch = Stopwatch::start();
    let mut slot = cx.gate.lock().await;
    let worktree = gate_run::stand(cx, slot.take(), rollback.new).await?;
    let name = format!("{LOG} {} {}", action.workstream, action.index);
    let log = cx.folder.gate_file(&name, &rollback.new.to_string())?;
    let variables = TaskVariables {
        run: cx.run,
        workstream: Some(action.workstream.clone()),
        step: None,
        attempt: None,
        worktree: worktree.path().to_owned(),
        prompt_file: None,
        index: cx.plan.workstreams.iter().position(|workstream| workstream.id == action.workstream).unwrap_or(0),
    };
    let mut env = cx.environment.for_task(&variables, &[], &std::collections::BTreeMap::new());
    env.extend(own_variables(rollback, action).map(|(name, value)| (name.into(), value.into())));
    let command = Command {
        argv: action.argv.iter().map(Into::into).collect(),
        cwd: worktree.path().to_owned(),
        env,
        stdin: None,
        wall: Some(Duration::from_secs(bench::capped(cx, LoopLimits::default().timeouts.gate))),
        idle: None,
        log: log.clone(),
        stdout: None,
        resources: ResourceLimits::default(),
    };
    watch::enter(cx, &watch::gate_name(&name), None).await?;
    let ended = bench::run(cx, command).await;
    watch::leave(cx, &watch::gate_name(&name)).await?;
    let checked = checked::judge(cx, Printed::by(&action.argv, (worktree.path(), &log)), ended?).await?;
    let told = watch::told_of_gate(cx, &name, (rollback.tree, rollback.round));
    *slot = Some(worktree);
    // Whoever changes the repository has not only undone what it was to undo.
    let (exit_code, message) = match told.stop {
        Some(stop) => (None, stop),
        None => (checked.exit_code, checked.message),
    };
    let compensation = Compensation {
        exit_code,
        message: Some(message),
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        output: checked.output,
        ..begun(rollback, action)
    };
    Ok(Compensated { compensation, events: told.events })
}

/// Returns what is recorded before an action runs.
#[must_use]
pub fn begun(rollback: &Rollback, action: &Action) -> Compensation {
    Compensation { round: 0, rollback: rollback.new, action: action.clone(), exit_code: None, message: None, duration_ms: 0, output: None }
}

fn own_variables(rollback: &Rollback, action: &Action) -> impl Iterator<Item = (&'static str, String)> {
    let of = rollback.reverts.iter().find(|revert| revert.workstream == action.workstream);
    let patches: Vec<String> = of.map(|revert| revert.patches.iter().map(PatchId::to_string).collect()).unwrap_or_default();
    let commit = |id: Option<ObjectId>| id.map(|id| id.to_string()).unwrap_or_default();
    [
        ("ORC_ROLLBACK_REASON", rollback.reason.clone()),
        ("ORC_ROLLBACK_OF", commit(of.map(|revert| revert.of))),
        ("ORC_ROLLBACK_COMMIT", commit(of.map(|revert| revert.commit))),
        ("ORC_ROLLBACK_PATCHES", patches.join(" ")),
    ]
    .into_iter()
}
