//! `show`: all that is known about a run, a workstream or a patch.

use std::path::PathBuf;

use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::report::cost::CostLine;
use crate::domain::report::patch_history::{PatchStand, patch_history};
use crate::domain::report::timeline::{AttemptLine, timeline};
use crate::domain::run::state::{PatchRecord, RunState, WorkstreamState};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::objects::Objects;
use crate::ops::context::Context;
use crate::ops::cost::of_workstream;
use crate::ops::find::{FindError, Meant, find};
use crate::ops::load::{LoadError, run_entries};
use crate::ops::status::{Status, StatusError, status};

/// The most that is shown of one diff, in bytes.
const MAX_DIFF: usize = 64 << 20;

/// The error of showing something.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// There is nothing of that name.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A run can not be brought back.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Whether somebody works on a run can not be found out.
    #[error(transparent)]
    Status(#[from] Box<StatusError>),
    /// Git can not show a commit.
    #[error(transparent)]
    Git(#[from] GitCommandError),
}

/// Something that is shown.
#[derive(Debug)]
pub enum Shown {
    /// A run.
    Run(Box<Status>),
    /// A workstream.
    Workstream(Box<ShownWorkstream>),
    /// A patch.
    Patch(Box<ShownPatch>),
}

/// A workstream with its past.
#[derive(Debug)]
pub struct ShownWorkstream {
    /// The run.
    pub run: RunState,
    /// Its id.
    pub id: WorkstreamId,
    /// Where it stands.
    pub state: WorkstreamState,
    /// Its attempts.
    pub attempts: Vec<AttemptLine>,
    /// What they cost.
    pub cost: CostLine,
    /// The folder that the paths of outputs start from.
    pub outputs: PathBuf,
}

/// A patch with its past.
#[derive(Debug)]
pub struct ShownPatch {
    /// The run.
    pub run: RunState,
    /// Its workstream.
    pub workstream: WorkstreamId,
    /// The patch.
    pub record: PatchRecord,
    /// Its states.
    pub history: Vec<PatchStand>,
    /// The attempt that made it.
    pub attempt: Option<AttemptLine>,
    /// The files that it changes, as `git show --stat` tells them; nothing when its commit is no longer there.
    pub stat: Option<Vec<u8>>,
    /// The folder that the paths of outputs start from.
    pub outputs: PathBuf,
}

/// Shows a run, a workstream or a patch; without a name, the newest run.
///
/// # Errors
/// Returns [`ShowError`] when nothing has that name or it can not be read.
pub fn show(cx: &Context, text: Option<&str>) -> Result<Shown, ShowError> {
    let ledger = cx.ledger();
    let Some(text) = text else { return Ok(Shown::Run(Box::new(status(cx, None).map_err(Box::new)?))) };
    match find(&ledger, text)? {
        Meant::Run(run) => Ok(Shown::Run(Box::new(status(cx, Some(&run.to_string())).map_err(Box::new)?))),
        Meant::Workstream(run, id) => {
            let entries = run_entries(&ledger, run.run)?;
            let (attempts, cost) = (timeline(&entries, &id), of_workstream(cx, &entries, &id));
            let outputs = outputs(cx, &run);
            let state = run.workstreams.get(&id).cloned().ok_or(LoadError::UnknownRun(run.run))?;
            Ok(Shown::Workstream(Box::new(ShownWorkstream { run: *run, id, state, attempts, cost, outputs })))
        }
        Meant::Patch(run, workstream, patch) => {
            let entries = run_entries(&ledger, run.run)?;
            let one = run.workstreams.get(&workstream);
            let record = one.and_then(|one| one.patches.iter().find(|record| record.id == patch)).cloned();
            let record = record.ok_or(LoadError::UnknownRun(run.run))?;
            let is_its = |line: &AttemptLine| line.step == record.step && line.attempt == record.attempt;
            let attempt = timeline(&entries, &workstream).into_iter().find(is_its);
            let outputs = outputs(cx, &run);
            let stat = git_show(cx, record.commit, &["--stat", "--format="])?;
            let history = patch_history(&entries, patch);
            Ok(Shown::Patch(Box::new(ShownPatch { run: *run, workstream, record, history, attempt, stat, outputs })))
        }
    }
}

/// Returns the change of a commit as a diff; nothing when the commit is no longer there, as of a patch that was given up.
///
/// # Errors
/// Returns [`GitCommandError`] when git can not show it.
pub fn diff(cx: &Context, commit: ObjectId) -> Result<Option<Vec<u8>>, GitCommandError> {
    git_show(cx, commit, &["--patch", "--stat", "--format="])
}

fn git_show(cx: &Context, commit: ObjectId, options: &[&str]) -> Result<Option<Vec<u8>>, GitCommandError> {
    if !Objects::open(&cx.repo).is_ok_and(|objects| objects.tree_of(commit).is_ok()) {
        return Ok(None);
    }
    let command = GitCommand::new(&cx.repo).args(["show", "--no-color", "--no-ext-diff", "--no-textconv", "--first-parent"]);
    Ok(Some(command.args(options).arg(commit.to_string()).arg("--").max_stdout(MAX_DIFF).run()?.stdout))
}

fn outputs(cx: &Context, run: &RunState) -> PathBuf {
    cx.repo.orc_dir().join("runs").join(run.run.lower())
}
