//! `pause`, `halt`, `resume`, `retry`, `skip`, `override`: what a person tells a run or a workstream, recorded beside whoever drives it.
//!
//! No lock is taken: the entry is appended only while nothing else was recorded about the run since it was looked at, so what is written
//! fits where the run stands, and a driver that was overtaken by it folds it first.

use super::context::Context;
use super::find::{FindError, find_run};
use super::frozen::{self, FrozenError};
use super::load::{self, LoadError, load_run};
use crate::domain::id::{EntryId, RunId, WorkstreamId};
use crate::domain::ledger::codec::{self, EncodeError};
use crate::domain::run::behind::waves_behind;
use crate::domain::run::control::{Controlled, Verb};
use crate::domain::run::controlling::{Unfitting, failed_check, possible, require};
use crate::domain::run::event::Event;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamStatus};
use crate::domain::run::turn::{Stamps, Turn, TurnError};
use crate::domain::text::one_line;
use crate::domain::tool::suggest::closest;
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_news::Unless;
use crate::io::git::ledger_ref::{Beneath, LedgerError, LedgerRef, NewEntry};
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::signature::Identity;

/// How often it is tried again when the run goes on meanwhile.
const MOST_TRIES: u32 = 64;

/// What a run or a workstream is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRequest {
    /// The run: its id, the beginning of it, or the name of its plan; `None` means the newest one that is not over.
    pub run: Option<String>,
    /// The workstream; `None` means the run as a whole.
    pub workstream: Option<String>,
    /// What it is told.
    pub verb: Verb,
    /// Why.
    pub reason: String,
}

/// The error of telling a run something.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// There is no run that is not over.
    #[error("there is no run that is not over")]
    NothingOpen,
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The frozen plan can not be brought back.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// There is no reason.
    #[error("a reason is needed")]
    NoReason,
    /// A program of a run wants to control runs.
    #[error("a program that a run has started can not control runs")]
    Inside,
    /// The run has no such workstream.
    #[error("run {run} has no workstream `{workstream}`")]
    NoWorkstream {
        /// The run.
        run: RunId,
        /// What was named.
        workstream: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
    /// It does not fit where the run or the workstream stands.
    #[error(transparent)]
    Unfitting(Box<Misfit>),
    /// The entry does not fit the run.
    #[error(transparent)]
    Staging(#[from] TurnError),
    /// The entry has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The ledger can not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It can not be seen whether somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
}

/// Something that does not fit, and what does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Misfit {
    /// What does not fit.
    pub why: Unfitting,
    /// The run.
    pub run: RunId,
    /// The workstream.
    pub workstream: Option<WorkstreamId>,
    /// What can be told to it where it stands.
    pub possible: Vec<Verb>,
    /// Whether it waits for a decision.
    pub is_asking: bool,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The run.
    pub run: RunId,
    /// What was recorded of it.
    pub control: Controlled,
    /// The process that drives the run on this machine.
    pub driver: Option<u32>,
}

/// Records what a run or a workstream is told. Returns what was recorded.
///
/// # Errors
/// Returns [`ControlError`] when it does not fit where the run or the workstream stands; nothing is written then.
pub fn control(cx: &Context, request: &ControlRequest) -> Result<Told, ControlError> {
    let reason = one_line(request.reason.trim());
    if reason.is_empty() {
        return Err(ControlError::NoReason);
    }
    // Whoever can write to the git directory can forge an entry; this keeps honest programs from it.
    if cx.environment.var("ORC_RUN").is_some() {
        return Err(ControlError::Inside);
    }
    let run = found(cx, request.run.as_deref())?;
    let who = cx.repo.identity()?;
    let named = one_line(&format!("{} <{}>", who.name, who.email));
    let ledger = LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: who.email.clone() }, cx.durability());
    for _ in 0..MOST_TRIES {
        match tell(cx, &ledger, (run, request), (&who, &named, &reason)) {
            Err(ControlError::Ledger(LedgerError::Overtaken)) => {}
            Ok((control, status)) => {
                // Whoever holds the lock of a run that waits has just ended driving it, or only tends it.
                let holder = if status == RunStatus::Running { RunLock::holder(&cx.repo, run)? } else { None };
                return Ok(Told { run, control, driver: holder.map(|holder| holder.pid) });
            }
            Err(error) => return Err(error),
        }
    }
    Err(LedgerError::Contended { tries: MOST_TRIES }.into())
}

/// Finds the run that is meant; without a name it is the newest one that is not over.
fn found(cx: &Context, run: Option<&str>) -> Result<RunId, ControlError> {
    let ledger = cx.ledger();
    if run.is_some() {
        return Ok(find_run(&ledger, run)?);
    }
    let open = load::runs(&ledger)?.into_iter().find(|head| !head.status.is_terminal());
    open.map(|head| head.run).ok_or(ControlError::NothingOpen)
}

fn tell(
    cx: &Context,
    ledger: &LedgerRef,
    (run, request): (RunId, &ControlRequest),
    (who, named, reason): (&Identity, &str, &str),
) -> Result<(Controlled, RunStatus), ControlError> {
    let known = ledger.tip()?.ok_or(LoadError::UnknownRun(run))?;
    let loaded = load_run(ledger, run)?;
    let workstream = request.workstream.as_deref().map(|text| workstream_of(&loaded.state, text)).transpose()?;
    require(&loaded.state, request.verb, workstream.as_ref()).map_err(|why| misfit(&loaded.state, workstream.as_ref(), why))?;
    let mut control = Controlled {
        round: loaded.state.control.count,
        verb: request.verb,
        workstream,
        reason: reason.to_owned(),
        who: named.to_owned(),
        waves: Vec::new(),
        retry_of: None,
        step: None,
        on: None,
    };
    if matches!(request.verb, Verb::Resume | Verb::Retry | Verb::Override)
        && let Some(id) = control.workstream.clone()
    {
        let plan = frozen::thaw(ledger, known, run)?.plan;
        control.waves = waves_behind(&plan, &loaded.state, [&id].into());
        detail(&mut control, &loaded.state, &id);
    }
    // A checkpoint that lacks a control counts too few; what has a number that is taken would not be written.
    while loaded.keys.contains(&Event::Controlled(control.clone()).key()) {
        control.round += 1;
    }
    let (name, now) = (|| EntryId::new(cx.clock.ulid()), || cx.clock.now());
    let mut turn = Turn::new(&loaded.state, &loaded.keys, Stamps { name: &name, now: &now });
    turn.push(Event::Controlled(control.clone()))?;
    let mut batch = Vec::new();
    for entry in &turn.entries {
        let message = codec::to_message(entry)?.into_bytes();
        batch.push(NewEntry { message, author: who.clone(), time: entry.ts, files: Vec::new() });
    }
    ledger.append_unless(&batch, &Beneath::default(), &Unless { known: Some(known), is_news: &|commit| loaded.lacks(commit) })?;
    Ok((control, loaded.state.status))
}

/// Says for what exactly a person answers, or what a new chain of attempts takes the place of.
fn detail(control: &mut Controlled, state: &RunState, id: &WorkstreamId) {
    let Some(one) = state.workstreams.get(id) else { return };
    match control.verb {
        Verb::Retry => control.retry_of = one.patches.last().map(|patch| patch.id),
        Verb::Override => {
            let check = failed_check(one);
            control.step = check.as_ref().map(|(step, _)| step.clone());
            control.on = check.map(|(_, on)| on);
        }
        Verb::Pause | Verb::Halt | Verb::Resume | Verb::Skip => {}
    }
}

fn workstream_of(state: &RunState, text: &str) -> Result<WorkstreamId, ControlError> {
    state.workstreams.keys().find(|id| id.as_str() == text).cloned().ok_or_else(|| ControlError::NoWorkstream {
        run: state.run,
        workstream: text.to_owned(),
        suggestion: closest(text, state.workstreams.keys().map(WorkstreamId::as_str)).map(str::to_owned),
    })
}

fn misfit(state: &RunState, workstream: Option<&WorkstreamId>, why: Unfitting) -> ControlError {
    let one = workstream.and_then(|id| state.workstreams.get(id));
    let is_asking = one.is_some_and(|one| !one.review.is_empty() && matches!(one.status, WorkstreamStatus::Verified { .. }));
    let (run, workstream, possible) = (state.run, workstream.cloned(), possible(state, workstream));
    ControlError::Unfitting(Box::new(Misfit { why, run, workstream, possible, is_asking }))
}
