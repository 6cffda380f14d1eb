//! The place where a step works: its worktree, brought to the right commit.

use std::time::Duration;

use super::bench;
use super::context::{Live, RunContext, Since};
use super::failure::{ExecuteError, blocking};
use crate::domain::document::command::Argv;
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::plan::model::{EditStep, Step, StepKind, Workstream};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::StepRole;
use crate::domain::run::state::{RunState, WorkstreamState};
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::git::remove::RemovalProof;
use crate::io::git::reset::IgnoredFiles;
use crate::io::git::worktree::{CreateWorktree, Submodules, Worktree, WorktreeError, Worktrees};

/// The commit that a step starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The tip of the workstream, or its start when it has none.
    Tip,
    /// The start of the workstream.
    Start,
    /// This commit.
    At(ObjectId),
}

/// Returns the workstream that an order is about.
///
/// # Errors
/// Returns an error when the plan does not have it.
pub fn workstream<'a>(cx: &'a RunContext, order: &StepOrder) -> Result<&'a Workstream, ExecuteError> {
    let missing = || ExecuteError::Inconsistent(format!("the plan has no workstream {}", order.workstream));
    cx.plan.workstream(&order.workstream).ok_or_else(missing)
}

/// Returns the workstream and the step of the plan that an order is about.
///
/// # Errors
/// Returns an error when the plan has neither.
pub fn planned<'a>(cx: &'a RunContext, order: &StepOrder) -> Result<(&'a Workstream, &'a Step), ExecuteError> {
    let missing = || ExecuteError::Inconsistent(format!("the plan has no step {} of {}", order.index, order.workstream));
    let plan = workstream(cx, order)?;
    let step = plan.steps.get(order.index).ok_or_else(missing)?;
    Ok((plan, step))
}

/// Returns the EDIT step whose tool an order uses: its own, or the last one before the check that it mends.
#[must_use]
pub fn edit_step(plan: &Workstream, index: usize) -> Option<&EditStep> {
    let edit = |step: &'_ Step| matches!(step.kind, StepKind::Edit(_));
    let last = plan.steps.iter().take(index + 1).rfind(|s| edit(s));
    match last.or_else(|| plan.steps.iter().find(|s| edit(s))).map(|s| &s.kind) {
        Some(StepKind::Edit(edit)) => Some(edit),
        Some(StepKind::Static(_) | StepKind::Runtime(_)) | None => None,
    }
}

/// Returns what the embedded tool `command` runs in a step of this role.
#[must_use]
pub fn command(plan: &Workstream, (role, index): (StepRole, usize)) -> Option<&Argv> {
    let edit = edit_step(plan, index);
    let own = match role {
        StepRole::Fix | StepRole::Improve => edit.and_then(|edit| edit.fix.as_ref()),
        StepRole::Resolve => plan.resolve.as_ref(),
        StepRole::Edit | StepRole::Static | StepRole::Runtime | StepRole::Measure => None,
    };
    own.or_else(|| edit?.command.as_ref())
}

/// Returns the state of a workstream.
///
/// # Errors
/// Returns an error when the run does not know it.
pub fn one<'a>(state: &'a RunState, workstream: &WorkstreamId) -> Result<&'a WorkstreamState, ExecuteError> {
    state.workstreams.get(workstream).ok_or_else(|| ExecuteError::Inconsistent(format!("the run has no workstream {workstream}")))
}

/// Returns the commit that a stand means.
///
/// # Errors
/// Returns an error when the workstream has no start.
pub fn commit(state: &RunState, workstream: &WorkstreamId, stand: Stand) -> Result<ObjectId, ExecuteError> {
    let one = one(state, workstream)?;
    let start = one.start.ok_or_else(|| ExecuteError::Inconsistent(format!("workstream {workstream} has no start")))?;
    Ok(match stand {
        Stand::Tip => one.tip.unwrap_or(start),
        Stand::Start => start,
        Stand::At(commit) => commit,
    })
}

/// Brings the workstream's worktree to a commit: makes it when there is none, and prepares it then. The inner error is a sentence about a
/// preparation that failed.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn stand(cx: &RunContext, order: &StepOrder, state: &RunState, stand: Stand) -> Result<Result<Live, String>, ExecuteError> {
    let commit = commit(state, &order.workstream, stand)?;
    let plan = workstream(cx, order)?;
    let request = CreateWorktree {
        name: cx.worktree_name(order.workstream.as_str()),
        path: cx.worktree_path(&order.workstream),
        commit,
        submodules: if plan.submodules { Submodules::Initialised } else { Submodules::Uninitialised },
    };
    let known = cx.take_worktree(&order.workstream);
    let is_new = known.is_none();
    let is_check = matches!(order.role, StepRole::Static | StepRole::Runtime | StepRole::Measure);
    let own = cx.clone();
    let live = blocking(move || match known {
        None => anew(&own, &request),
        Some(known) => bring(&own.worktrees, known, &request, if is_check { Wanted::ForCheck } else { Wanted::Clean }),
    });
    let live = live.await?;
    if is_new {
        for (number, argv) in plan.setup.iter().enumerate() {
            if let Err(message) = set_up(cx, order, &live.worktree, (number, argv)).await? {
                cx.keep_worktree(&order.workstream, live);
                return Ok(Err(message));
            }
        }
    }
    Ok(Ok(live))
}

/// How clean a worktree must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// What earlier checks left may stay.
    ForCheck,
    /// It holds the commit and ignored files only.
    Clean,
}

fn bring(worktrees: &Worktrees, mut live: Live, request: &CreateWorktree, wanted: Wanted) -> Result<Live, ExecuteError> {
    if live.worktree.commit() == request.commit
        && (wanted == Wanted::ForCheck || live.since == Since::Nobody)
        && live.captured == live.worktree.tree()
    {
        return Ok(live);
    }
    let proof = proof(worktrees, &mut live)?;
    Ok(unused(worktrees.recycle(live.worktree, request, &proof, IgnoredFiles::Keep)?))
}

/// Makes a worktree as if it were new: out of one that another workstream needs no more, where there is one. Only what differs is written
/// then, and nothing of the other one stays, not even ignored files.
fn anew(cx: &RunContext, request: &CreateWorktree) -> Result<Live, ExecuteError> {
    let _span = tracing::trace_span!("worktree ready").entered();
    let Some(spare) = cx.take_spare(&request.path) else { return Ok(unused(cx.worktrees.create(request)?)) };
    let left = spare.worktree.path().to_owned();
    match cx.worktrees.recycle(spare.worktree, request, &spare.proof, IgnoredFiles::Remove) {
        Ok(worktree) => Ok(unused(worktree)),
        // Somebody wrote into it after its work was recorded. It stays as it is, and a resume looks at it again.
        Err(error @ WorktreeError::NotCaptured { .. }) if left != request.path => {
            tracing::warn!(error = bench::with_sources(&error), "a worktree that was no longer needed is left as it is");
            Ok(unused(cx.worktrees.create(request)?))
        }
        Err(error) => Err(error.into()),
    }
}

fn unused(worktree: Worktree) -> Live {
    Live { captured: worktree.tree(), worktree, since: Since::Nobody }
}

/// Returns what is known to be recorded of a worktree. What checks left since the last capture is given up; what a tool left never is.
///
/// # Errors
/// Returns an error when the worktree can not be read.
pub fn proof(worktrees: &Worktrees, live: &mut Live) -> Result<RemovalProof, ExecuteError> {
    let mut proof = RemovalProof::captured(live.captured);
    if live.since == Since::Checks {
        proof.given_up = worktrees.unrecorded(&mut live.worktree, live.captured)?.into_iter().collect();
    }
    Ok(proof)
}

async fn set_up(
    cx: &RunContext,
    order: &StepOrder,
    worktree: &Worktree,
    (number, argv): (usize, &[String]),
) -> Result<Result<(), String>, ExecuteError> {
    let log = cx.folder.step_file(&order.workstream, (&order.step, order.attempt), &format!("setup-{}.log", number + 1))?;
    let plan = workstream(cx, order)?;
    let command = bench::Command {
        argv: argv.iter().map(Into::into).collect(),
        cwd: worktree.path().to_owned(),
        env: bench::check_environment(cx, order, worktree.path()),
        stdin: None,
        wall: Some(Duration::from_secs(bench::capped(cx, plan.limits.timeouts.runtime))),
        idle: None,
        log,
        stdout: None,
        resources: ResourceLimits::default(),
    };
    let name = argv.join(" ");
    Ok(match bench::run(cx, command).await? {
        Err(error) => Err(format!("set-up: {error}")),
        Ok(ended) if ended.ending == (Ending::Exited { code: 0 }) => Ok(()),
        Ok(ended) => Err(format!("set-up: `{name}` failed: {}", bench::last_line(&ended.text))),
    })
}
