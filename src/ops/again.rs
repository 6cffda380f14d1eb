//! `git orc retry RUN`: a run that is over stays as it is; another one does what it did not merge, by the same frozen plan.
//!
//! The files of the frozen plan are laid below `orc/plans/` in the git directory, and run from there like any plan. What was merged counts as
//! done: it is left out, and whoever depended on it begins at once.

use std::path::{Component, Path, PathBuf};

use super::context::Context;
use super::descent::done_again;
use super::find::{FindError, find_run};
use super::frozen::{FrozenError, Overrides, RetryOf, Thawed, thaw};
use super::load::{LoadError, load_state};
use super::trust::{self, Decision, TrustError};
use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::run::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::text::one_line;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::ledger_ref::LedgerError;

/// The folder of plans, below that of this program in the git directory.
const FOLDER: &str = "plans";

/// The error of doing a run again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The frozen plan can not be brought back.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The run was started in another clone, and nobody has trusted its plan.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A program of a run wants to start it.
    #[error("a program that a run has started can not control runs")]
    Inside,
    /// There is no reason.
    #[error("a reason is needed")]
    NoReason,
    /// The run is not over.
    #[error("run {run} is {status}, and can go on itself")]
    NotOver {
        /// The run.
        run: RunId,
        /// Where it stands.
        status: &'static str,
    },
    /// Everything was merged, by it or by those that did it again.
    #[error("run {run} merged everything, or a run that did it again; nothing is left to be done again")]
    Nothing {
        /// The run.
        run: RunId,
    },
    /// The plan names a file that lies elsewhere.
    #[error("the frozen plan of run {run} names `{name}`, which lies outside of its folder")]
    Outside {
        /// The run.
        run: RunId,
        /// The file.
        name: String,
    },
    /// A file can not be written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The plan, as it lies in the git directory now.
    pub plan: PathBuf,
    /// What is set in place of it.
    pub overrides: Overrides,
}

/// Lays out the plan of a run that is over, for what it did not merge.
///
/// # Errors
/// Returns [`AgainError`] when the run is not over, nothing is left of it, nobody trusts its plan, or the files can not be written.
pub fn again(cx: &Context, (run, reason): (Option<&str>, &str), decide: impl FnOnce(&TrustError) -> Decision) -> Result<Again, AgainError> {
    let reason = one_line(reason.trim());
    if reason.is_empty() {
        return Err(AgainError::NoReason);
    }
    if cx.environment.var("ORC_RUN").is_some() {
        return Err(AgainError::Inside);
    }
    let ledger = cx.ledger();
    let run = find_run(&ledger, run)?;
    let state = load_state(&ledger, run)?;
    if !state.status.is_terminal() {
        return Err(AgainError::NotOver { run, status: state.status.word() });
    }
    let later = done_again(&ledger, &state)?;
    let only = left(&state, &later);
    if only.is_empty() {
        return Err(AgainError::Nothing { run });
    }
    let given_up = given_up(&state);
    let tip = ledger.tip()?.ok_or(LoadError::UnknownRun(run))?;
    let thawed = thaw(&ledger, tip, run)?;
    trust::decide_run(cx, (run, &thawed), decide)?;
    let plan = lay_out(cx, (run, &thawed))?;
    let overrides = Overrides {
        base: Some(state.base.to_string()),
        target: Some(state.target),
        only,
        retry_of: Some(RetryOf { run, reason, given_up }),
        ..thawed.frozen.overrides
    };
    Ok(Again { plan, overrides })
}

/// Returns what was not merged, or was taken back; what a later run merged that did it again is done.
fn left(state: &RunState, later: &[RunState]) -> Vec<WorkstreamId> {
    let is_merged = |one: &WorkstreamState| matches!(one.status, WorkstreamStatus::Merged { .. });
    let is_done = |id: &WorkstreamId| later.iter().any(|run| run.workstreams.get(id).is_some_and(is_merged));
    let is_left = |(id, one): &(&WorkstreamId, &WorkstreamState)| !is_merged(one) && !one.is_needless() && !is_done(id);
    state.workstreams.iter().filter(is_left).map(|(id, _)| id.clone()).collect()
}

/// Returns what came to nothing, and was not only stopped or waiting for others.
fn given_up(state: &RunState) -> Vec<WorkstreamId> {
    let is_given_up = |status: &WorkstreamStatus| {
        matches!(status, WorkstreamStatus::Failed { .. } | WorkstreamStatus::TimedOut { .. } | WorkstreamStatus::Quarantined { .. })
    };
    state.workstreams.iter().filter(|(_, one)| is_given_up(&one.status)).map(|(id, _)| id.clone()).collect()
}

/// Writes the files of a frozen plan, and those that it names, and returns what is to be run.
fn lay_out(cx: &Context, (run, thawed): (RunId, &Thawed)) -> Result<PathBuf, AgainError> {
    let folder = cx.repo.orc_dir().join(FOLDER).join(format!("retry-{}", run.lower()));
    let outside = |name: &str| AgainError::Outside { run, name: one_line(name) };
    let name_of = |shown: &str| Path::new(shown).file_name().map(PathBuf::from).ok_or_else(|| outside(shown));
    let top = if thawed.frozen.folder { folder.join(name_of(&thawed.frozen.name)?) } else { folder };
    fs::create_dir_all(&top)?;
    let mut plan = top.clone();
    for file in &thawed.files {
        let path = top.join(name_of(&file.path)?);
        fs::write_atomic(&path, file.text.as_bytes(), Durability::Relaxed)?;
        if !thawed.frozen.folder {
            plan = path;
        }
    }
    for (name, content) in &thawed.inputs {
        let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_plain {
            return Err(outside(name));
        }
        let path = top.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write_atomic(&path, content, Durability::Relaxed)?;
    }
    Ok(plan)
}
