//! `done`: what a person says who was asked to do the work of a step by hand. Also: what waits for a person like that.

use std::path::PathBuf;

use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::run::state::{OpenStep, RunState};
use crate::domain::text::one_line;
use crate::domain::tool::bridge::{ANSWER_FILE, INSTRUCTIONS_FILE, ORDER_FILE, Order};
use crate::domain::tool::hand::{Answer, Said};
use crate::engine::folder::RunFolder;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::inspect::InspectError;
use crate::io::git::lock::{LockError, RunLock};
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};
use crate::ops::load::{LoadError, load_state, runs};

/// The most bytes of an order that are read.
const MOST_ORDER: u64 = 16 << 20;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneRequest {
    /// The workstream.
    pub workstream: String,
    /// The run: its id, the beginning of it, or the name of its plan; `None` for the one in which the workstream waits.
    pub run: Option<String>,
    /// What is said.
    pub said: Said,
    /// What is added.
    pub message: Option<String>,
}

/// The error of saying that something is done.
#[derive(Debug, thiserror::Error)]
pub enum DoneError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The lock of a run can not be looked at.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// The run has no such workstream.
    #[error("run {run} has no workstream `{workstream}`")]
    NoWorkstream {
        /// What was named.
        workstream: String,
        /// The run.
        run: RunId,
    },
    /// The workstream waits for no person who does its work.
    #[error("`{workstream}` waits for nobody to do its work by hand{}", run.map(|run| format!(" in run {run}")).unwrap_or_default())]
    NotWaiting {
        /// What was named.
        workstream: String,
        /// The run, where one was named.
        run: Option<RunId>,
        /// What waits.
        waiting: Vec<String>,
    },
    /// The run does not go on at the moment, so that nobody would hear the answer.
    #[error("nobody drives run {run}, so nobody would hear the answer")]
    NobodyListens {
        /// The run.
        run: RunId,
    },
    /// It waits in several runs.
    #[error("`{workstream}` waits in several runs: {}", runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Several {
        /// What was named.
        workstream: String,
        /// The runs.
        runs: Vec<RunId>,
    },
    /// Somebody has answered already.
    #[error("somebody has answered for `{0}` already")]
    Answered(String),
    /// It is given up without a reason.
    #[error("a reason is needed")]
    NoReason,
    /// The answer can not be written.
    #[error("the answer could not be given")]
    File(#[from] FsError),
}

/// A step that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: RunId,
    /// The workstream.
    pub workstream: WorkstreamId,
    /// What is to be done.
    pub instructions: PathBuf,
    /// Where it is to be done.
    pub worktree: Option<String>,
    answer: PathBuf,
}

/// Returns what waits in a run for a person to do the work.
#[must_use]
pub fn waiting(cx: &Context, state: &RunState) -> Vec<Waiting> {
    let folder = RunFolder::new(&cx.repo.orc_dir(), state.run);
    let open = state.workstreams.iter().filter_map(|(id, one)| Some((id, one, one.open.as_ref()?)));
    open.filter_map(|(id, one, open)| waits(&folder, state.run, (id, one.worktree.clone(), open))).collect()
}

fn waits(folder: &RunFolder, run: RunId, (id, worktree, open): (&WorkstreamId, Option<String>, &OpenStep)) -> Option<Waiting> {
    let step = folder.step_path(id, (&open.step, open.attempt));
    let order = serde_json::from_slice(&fs::read_at_most(&step.join(ORDER_FILE), MOST_ORDER).ok()?).ok()?;
    let is_by_hand = match order {
        Order::Manual { .. } => true,
        Order::Api { .. } | Order::Acp { .. } => false,
    };
    let (instructions, answer) = (step.join(INSTRUCTIONS_FILE), step.join(ANSWER_FILE));
    (is_by_hand && instructions.is_file()).then(|| Waiting { run, workstream: id.clone(), instructions, worktree, answer })
}

/// Tells the run what a person says. Returns the run.
///
/// # Errors
/// Returns [`DoneError`] when nothing of that name waits, or the answer can not be given.
pub fn done(cx: &Context, request: &DoneRequest) -> Result<RunId, DoneError> {
    let message = request.message.as_deref().map(|message| one_line(message.trim())).filter(|message| !message.is_empty());
    if request.said == Said::GivenUp && message.is_none() {
        return Err(DoneError::NoReason);
    }
    let one = meant(cx, request)?;
    if RunLock::holder(&cx.repo, one.run)?.is_none() {
        return Err(DoneError::NobodyListens { run: one.run });
    }
    if one.answer.exists() {
        return Err(DoneError::Answered(request.workstream.clone()));
    }
    let who = cx.repo.identity()?;
    let answer = Answer { said: request.said, who: one_line(&format!("{} <{}>", who.name, who.email)), message };
    let document = serde_json::to_vec_pretty(&answer).unwrap_or_default();
    fs::write_new(&one.answer, &document, Durability::Relaxed)?;
    Ok(one.run)
}

/// Returns the step that is meant.
fn meant(cx: &Context, request: &DoneRequest) -> Result<Waiting, DoneError> {
    let ledger = cx.ledger();
    let named = request.run.as_deref().map(|text| find_run(&ledger, Some(text))).transpose()?;
    let meant: Vec<RunId> = match named {
        Some(run) => vec![run],
        None => runs(&ledger)?.into_iter().filter(|head| !head.status.is_terminal()).map(|head| head.run).collect(),
    };
    let mut all = Vec::new();
    for run in meant {
        let state = load_state(&ledger, run)?;
        if named.is_some() && !state.workstreams.keys().any(|id| id.as_str() == request.workstream) {
            return Err(DoneError::NoWorkstream { workstream: request.workstream.clone(), run });
        }
        all.extend(waiting(cx, &state));
    }
    let (mut fitting, others): (Vec<Waiting>, Vec<Waiting>) =
        all.into_iter().partition(|one| one.workstream.as_str() == request.workstream);
    if fitting.len() > 1 {
        // A run that was interrupted waits for a resume first.
        let heard = |one: &Waiting| RunLock::holder(&cx.repo, one.run).is_ok_and(|holder| holder.is_some());
        let driven: Vec<Waiting> = fitting.iter().filter(|one| heard(one)).cloned().collect();
        fitting = if driven.is_empty() { fitting } else { driven };
    }
    match fitting.len() {
        0 => {
            let waiting = others.into_iter().map(|one| one.workstream.to_string()).collect();
            Err(DoneError::NotWaiting { workstream: request.workstream.clone(), run: named, waiting })
        }
        1 => Ok(fitting.remove(0)),
        _ => Err(DoneError::Several { workstream: request.workstream.clone(), runs: fitting.iter().map(|one| one.run).collect() }),
    }
}
