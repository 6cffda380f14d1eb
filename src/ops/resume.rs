//! `git orc resume`: takes a run over from the ledger alone.

use std::collections::{BTreeSet, HashSet};

use super::begin::{self, BeginError, Begun};
use super::context::Context;
use super::find::{FindError, find_run};
use super::finish;
use super::frozen::{self, FrozenError};
use super::load::{self, LoadError};
use super::run::VERSION;
use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::run::event::Event;
use crate::domain::run::fact::RunDriven;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamStatus};
use crate::domain::schedule::waves::schedule;
use crate::engine::dispatcher::{DispatchError, Dispatcher, Ending};
use crate::engine::failure::ExecuteError;
use crate::engine::journal::{Journal, JournalError};
use crate::engine::recover;
use crate::engine::signals::StopSignal;
use crate::engine::sink::Sink;
use crate::engine::staging::{Staging, StagingError};
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::refs::Refs;

/// What to resume.
pub struct ResumeRequest {
    /// The run: its id, the beginning of it, or the name of its plan; `None` means the newest one that is not over.
    pub run: Option<String>,
    /// Who is told of every entry.
    pub sinks: Vec<Box<dyn Sink>>,
    /// How urgently the user wants it to end.
    pub stop: StopSignal,
}

/// The error of a resume.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The run can not be found.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no run to resume.
    #[error("there is no run that could be resumed")]
    Nothing,
    /// The run is over.
    #[error("run {run} is {status}, which is final")]
    Over {
        /// The run.
        run: RunId,
        /// Where it stands.
        status: &'static str,
    },
    /// The frozen plan can not be brought back.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The run can not be prepared.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// Another driver has the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What the last driver left could not be mended.
    #[error("what the last driver left behind could not be mended")]
    Recover(#[source] Box<ExecuteError>),
    /// An event does not fit the state.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The ledger could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run could not go on; it can be resumed.
    #[error("run {run} could not go on")]
    Dispatch {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: Box<DispatchError>,
    },
}

/// What a resume came to.
#[derive(Debug)]
pub struct Resumed {
    /// What was found and mended, one sentence each.
    pub found: Vec<String>,
    /// How the run ended.
    pub ending: Ending,
}

/// Resumes a run until it is settled or stopped.
///
/// # Errors
/// Returns an error when there is nothing to resume, another driver has the run, or it can not go on.
pub async fn resume(cx: &Context, request: ResumeRequest) -> Result<Resumed, ResumeError> {
    let resumed = take_over(cx, request).await;
    if matches!(resumed, Err(ResumeError::Nothing | ResumeError::Over { .. })) {
        // A driver that died behind the last entry of its run, at the notes for example, is followed by nobody who would do this.
        let removed = Refs::new(&cx.repo, cx.durability()).remove_stale_locks();
        if let Err(error) = removed {
            tracing::warn!(%error, "locks that a dead driver left could not be removed");
        }
    }
    resumed
}

async fn take_over(cx: &Context, request: ResumeRequest) -> Result<Resumed, ResumeError> {
    let ledger = cx.ledger();
    let run = match &request.run {
        Some(text) => find_run(&ledger, Some(text))?,
        None => newest_open(cx)?,
    };
    let lock = RunLock::take(&cx.repo, run)?;
    // Read again under the lock: another driver may have gone on until it was free.
    let loaded = load::load_run(&ledger, run)?;
    let state = loaded.state;
    if state.status.is_terminal() {
        return Err(ResumeError::Over { run, status: state.status.word() });
    }
    let tip = ledger.tip()?.ok_or(ResumeError::Nothing)?;
    let (plan, inputs, frozen) = frozen::thaw(&ledger, tip, run)?;
    let waves = waves_of_waiting(&plan, &state);
    // Whoever started the run may only tighten what holds here.
    let rules = begin::rules(&cx.settings).tightened(frozen.config.sandbox);
    let (hold, sandbox_notes) = begin::hold(cx, &cx.settings, (run, rules, &frozen.config)).await?;
    let sandbox = Some(hold.held(None).level);
    let run_cx = begin::run_context(cx, &cx.settings, (Begun { run, plan, inputs, config: frozen.config }, hold))?;
    run_cx.hold.clear();
    let recovery = recover::recover(&run_cx, &state).await.map_err(unmended)?;
    let driven = RunDriven {
        round: state.drivers,
        pid: std::process::id(),
        version: VERSION.to_owned(),
        found: recovery.found.clone(),
        waves,
        sandbox,
        sandbox_notes,
    };
    let mut events = vec![Event::RunResumed(driven)];
    events.extend(recovery.events);
    let mut journal = Journal::new(&run_cx, loaded.keys, Vec::new());
    let mut sinks = finish::sinks(&run_cx, request.sinks);
    let (state, entries) = write(&run_cx, &mut journal, (state, events)).await?;
    for entry in &entries {
        sinks.iter_mut().for_each(|sink| sink.told(entry, &state));
    }
    let cleaned = recover::clean(&run_cx, &state).await.map_err(unmended)?;
    let dispatcher = Dispatcher::new(run_cx.clone(), state, journal, sinks);
    let ending = dispatcher.drive(cleaned, request.stop).await.map_err(|source| ResumeError::Dispatch { run, source: Box::new(source) });
    finish::tidy(&run_cx, ending.as_ref().ok()).await;
    drop(lock);
    Ok(Resumed { found: recovery.found, ending: ending? })
}

fn unmended(error: ExecuteError) -> ResumeError {
    ResumeError::Recover(Box::new(error))
}

/// Writes events before the loop begins: what is removed afterwards must be recorded first. Returns the state that they lead to, and their
/// entries.
async fn write(
    cx: &crate::engine::context::RunContext,
    journal: &mut Journal,
    (state, events): (RunState, Vec<Event>),
) -> Result<(RunState, Vec<Entry>), ResumeError> {
    let (state, entries) = {
        let mut staging = Staging::new(&state, journal.keys(), &cx.clock);
        for event in events {
            staging.push(event)?;
        }
        (staging.state, staging.entries)
    };
    journal.append(&entries, &state).await?;
    Ok((state, entries))
}

fn newest_open(cx: &Context) -> Result<RunId, ResumeError> {
    let open = load::runs(&cx.ledger())?.into_iter().find(|head| !head.status.is_terminal());
    open.map(|head| head.run).ok_or(ResumeError::Nothing)
}

/// Returns new waves for the workstreams that waited for a person, and for those that wait for them.
fn waves_of_waiting(plan: &CheckedPlan, state: &RunState) -> Vec<Vec<WorkstreamId>> {
    if state.status != RunStatus::Paused {
        return Vec::new();
    }
    let is_waiting = |id: &WorkstreamId| {
        state
            .workstreams
            .get(id)
            .is_some_and(|one| matches!(one.status, WorkstreamStatus::Paused { .. } | WorkstreamStatus::Blocked { .. }))
    };
    let mut waiting: BTreeSet<&WorkstreamId> = BTreeSet::new();
    for workstream in &plan.workstreams {
        let paused = state.workstreams.get(&workstream.id).is_some_and(|one| matches!(one.status, WorkstreamStatus::Paused { .. }));
        if paused {
            waiting.insert(&workstream.id);
        }
    }
    if waiting.is_empty() {
        return Vec::new();
    }
    // A blocked workstream comes along when everything that it waits for is merged or comes along as well.
    loop {
        let merged = |id: &WorkstreamId| state.workstreams.get(id).is_some_and(|one| matches!(one.status, WorkstreamStatus::Merged { .. }));
        let next = plan.workstreams.iter().find(|workstream| {
            is_waiting(&workstream.id)
                && !waiting.contains(&workstream.id)
                && workstream.depends_on.iter().all(|dep| merged(dep) || waiting.contains(dep))
        });
        match next {
            Some(workstream) => waiting.insert(&workstream.id),
            None => break,
        };
    }
    let ids: HashSet<&WorkstreamId> = waiting.into_iter().collect();
    let waves = schedule(plan).waves.into_iter().map(|wave| wave.into_iter().filter(|id| ids.contains(id)).collect::<Vec<_>>());
    waves.filter(|wave| !wave.is_empty()).collect()
}
