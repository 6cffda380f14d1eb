//! The loop: one place where everything that happens is put into one order.
//!
//! ```text
//!   steps, merges ──events──▶ ┌────────────┐ ──append──▶ ledger ──fold──▶ state ──tell──▶ sinks
//!   timers, signals ────────▶ │ dispatcher │
//!   steps, merges ◀──start─── └────────────┘ ◀──decide── state
//! ```
//!
//! The order is fixed: append, fold, tell, start. What falls together is appended together, so that a busy run pays one flush for many
//! entries.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::closing;
use super::context::RunContext;
use super::execute;
use super::failure::ExecuteError;
use super::heed::heed;
use super::journal::{Journal, JournalError};
use super::recorder::{NotRecorded, Recorder, Request};
use super::signals::{StopSignal, Urge};
use super::sink::Sink;
use crate::domain::id::EntryId;
use crate::domain::ledger::entry::Entry;
use crate::domain::policy::sandbox::Network;
use crate::domain::run::controlling::parting;
use crate::domain::run::effect::{Effect, StepOrder};
use crate::domain::run::event::Event;
use crate::domain::run::fact::RunMoved;
use crate::domain::run::machine::apply;
use crate::domain::run::machine_error::IllegalTransition;
use crate::domain::run::starting::starting;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamState};
use crate::domain::run::turn::{Desk, Launches, Stamps, Turn, TurnError};
use crate::io::git::ledger_ref::LedgerError;
use crate::io::process::orphan::sweep;
use crate::io::process::request::{CancelLevel, Pace};

/// How long the last look for processes may take.
const LAST_SWEEP: Duration = Duration::from_millis(700);

/// How often it is looked whether somebody told the run something.
const LOOK: Duration = Duration::from_millis(300);

/// How the loop ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The run is over, or waits.
    Settled(RunState),
    /// The user stopped it; every worktree is recorded and the run is paused.
    Stopped(RunState),
    /// The user stopped it at once; a resume picks up what is left.
    Killed(RunState),
}

/// The error that ends the loop; the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// An event did not fit the state.
    #[error("the run is in a state that its events do not explain")]
    Staging(#[source] IllegalTransition),
    /// The ledger could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Deciding leads nowhere.
    #[error("nothing is left to do, but the run is not over")]
    Stuck,
    /// A step or a merge could not go on.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A part of the program ended unexpectedly.
    #[error("a part of git-orc ended unexpectedly: {0}")]
    Lost(String),
}

/// Drives one run.
pub struct Dispatcher {
    cx: RunContext,
    state: RunState,
    journal: Journal,
    sinks: Vec<Box<dyn Sink>>,
    recorder: Recorder,
    inbox: mpsc::Receiver<Request>,
    tasks: JoinSet<(String, Result<(), ExecuteError>)>,
    flying: HashSet<String>,
    wake: Option<Timestamp>,
    stopping: Stopping,
    failure: Option<ExecuteError>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("run", &self.state.run).field("flying", &self.flying).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// Returns a dispatcher for a run in this state.
    #[must_use]
    pub fn new(cx: RunContext, state: RunState, journal: Journal, sinks: Vec<Box<dyn Sink>>) -> Self {
        let (recorder, inbox) = Recorder::channel();
        Self {
            cx,
            state,
            journal,
            sinks,
            recorder,
            inbox,
            tasks: JoinSet::new(),
            flying: HashSet::new(),
            wake: None,
            stopping: Stopping::No,
            failure: None,
        }
    }

    /// Records the first events, then drives the run until it is settled or stopped. `stop` tells how urgently the user wants it to end.
    ///
    /// # Errors
    /// Returns an error when the ledger can not be written or a step can not go on; the run can then be resumed.
    pub async fn drive(mut self, first: Vec<Event>, stop: StopSignal) -> Result<Ending, DispatchError> {
        let cx = self.cx.clone();
        let (relay, gentle) = mpsc::channel(1);
        tokio::select! {
            biased;
            () = follow(&cx, stop, relay) => {}
            ended = self.run(first, gentle) => return ended,
        }
        // Whatever is under way is dropped where it stands, as it would be by a crash; a resume knows how to go on from there.
        self.tasks.abort_all();
        let mark = format!("ORC_RUN={}", self.state.run);
        // The supervisors do the same; this is to see that it is done before this process ends.
        let _ = tokio::time::timeout(LAST_SWEEP, sweep(&[mark.into()], Duration::ZERO)).await;
        Ok(Ending::Killed(self.state))
    }

    async fn run(&mut self, first: Vec<Event>, mut gentle: mpsc::Receiver<()>) -> Result<Ending, DispatchError> {
        let mut requests = Vec::new();
        if !first.is_empty() {
            let (reply, _ignored) = tokio::sync::oneshot::channel();
            requests.push(Request { events: first, reply });
        }
        loop {
            self.turn(std::mem::take(&mut requests)).await?;
            if self.flying.is_empty() && (self.state.status != RunStatus::Running || self.stopping == Stopping::Gently) {
                return self.end().await;
            }
            if self.flying.is_empty() && self.wake.is_none() {
                return Err(DispatchError::Stuck);
            }
            requests = self.next(&mut gentle).await?;
        }
    }

    /// Waits for the next thing to happen. Returns what is to be recorded because of it.
    async fn next(&mut self, gentle: &mut mpsc::Receiver<()>) -> Result<Vec<Request>, DispatchError> {
        let mut requests = Vec::new();
        loop {
            let nap = self.wake.map(|at| nap(at, self.cx.clock.now()));
            tokio::select! {
                Some(request) = self.inbox.recv() => {
                    requests.push(request);
                    while let Ok(more) = self.inbox.try_recv() {
                        requests.push(more);
                    }
                }
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => self.landed(done)?,
                () = tokio::time::sleep(nap.unwrap_or_default()), if nap.is_some() => {}
                Some(()) = gentle.recv() => self.stop(),
                () = tokio::time::sleep(LOOK) => {
                    if self.catch_up().await? == 0 {
                        continue;
                    }
                }
            }
            return Ok(requests);
        }
    }

    fn landed(&mut self, done: Result<(String, Result<(), ExecuteError>), tokio::task::JoinError>) -> Result<(), DispatchError> {
        let (id, result) = done.map_err(|e| DispatchError::Lost(e.to_string()))?;
        self.flying.remove(&id);
        if let Err(error) = result {
            tracing::error!(effect = id, %error, "an effect failed");
            self.failure.get_or_insert(error);
            self.stop();
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.stopping = Stopping::Gently;
        self.cx.cancel(CancelLevel::Gentle);
    }

    async fn end(&mut self) -> Result<Ending, DispatchError> {
        // A run that came to its end while it was asked to stop has come to its end.
        let stopped = self.stopping == Stopping::Gently && self.state.status == RunStatus::Running;
        if self.state.status == RunStatus::Running {
            let reason = self.failure.as_ref().map_or_else(|| "stopped by the user".to_owned(), ToString::to_string);
            let moved = RunMoved { round: self.state.round, tip: self.state.tip, reason: Some(reason) };
            let event = parting(&self.state, &self.flying).unwrap_or(Event::RunPaused(moved));
            let (reply, _ignored) = tokio::sync::oneshot::channel();
            self.turn(vec![Request { events: vec![event], reply }]).await?;
        }
        if let Some(error) = self.failure.take() {
            return Err(error.into());
        }
        let state = self.state.clone();
        Ok(if stopped { Ending::Stopped(state) } else { Ending::Settled(state) })
    }

    /// One turn: stage what was asked and what follows from it, append it as one batch, fold it, tell of it, start what is new. Whatever
    /// somebody else recorded before the batch is folded first, and all of it is staged again.
    async fn turn(&mut self, requests: Vec<Request>) -> Result<(), DispatchError> {
        let staged = loop {
            let staged = self.stage(&requests)?;
            if staged.state.status != RunStatus::Running && self.state.status == RunStatus::Running {
                closing::close(&self.cx, &staged.state).await;
            }
            if staged.entries.is_empty() {
                break staged;
            }
            match self.journal.append(&staged.entries, &staged.state).await {
                Ok(()) => break staged,
                Err(JournalError::Ledger(LedgerError::Overtaken)) => drop(self.catch_up().await?),
                Err(error) => {
                    for request in requests {
                        // A receiver that has gone needs no answer.
                        let _ = request.reply.send(Err(NotRecorded(error.to_string())));
                    }
                    return Err(error.into());
                }
            }
        };
        self.state = staged.state;
        for entry in &staged.entries {
            for sink in &mut self.sinks {
                sink.told(entry, &self.state);
            }
        }
        for request in requests {
            let _ = request.reply.send(Ok(()));
        }
        self.wake = staged.launches.wake;
        for effect in staged.launches.effects {
            self.launch(effect);
        }
        if staged.launches.held_back {
            self.hold_back();
        }
        Ok(())
    }

    /// Works out on a copy of the state what is to be appended and started.
    fn stage(&self, requests: &[Request]) -> Result<Staged, DispatchError> {
        let clock = self.cx.clock.clone();
        let (name, now) = (|| EntryId::new(clock.ulid()), || clock.now());
        let mut turn = Turn::new(&self.state, self.journal.keys(), Stamps { name: &name, now: &now });
        for event in requests.iter().flat_map(|request| &request.events) {
            turn.push(event.clone())?;
        }
        let launches = self.plan_launches(&mut turn)?;
        Ok(Staged { state: turn.state, entries: turn.entries, launches })
    }

    /// Folds what others have recorded about the run, tells of it, and ends what is to be ended. Returns how much that was.
    async fn catch_up(&mut self) -> Result<usize, DispatchError> {
        let news = self.journal.news().await?;
        for entry in &news {
            apply(&mut self.state, entry).map_err(DispatchError::Staging)?;
            for sink in &mut self.sinks {
                sink.told(entry, &self.state);
            }
        }
        // Also without news: a step that was just launched may not have been there to be told.
        heed(&self.cx, &self.state);
        Ok(news.len())
    }

    fn plan_launches(&self, turn: &mut Turn<'_>) -> Result<Launches, TurnError> {
        if self.stopping == Stopping::Gently {
            return Ok(Launches::default());
        }
        let cx = &self.cx;
        let begin = |one: &WorkstreamState, order: &StepOrder| cx.require_space().is_ok().then(|| beginning(cx, one, order));
        let elsewhere = self.cx.elsewhere.at(self.cx.clock.now());
        turn.plan(Desk { plan: &self.cx.plan, config: &self.cx.config, elsewhere, flying: &self.flying, begin: &begin })
    }

    /// Stops the run because there is no room for a step; if there is room again, it is decided again.
    fn hold_back(&mut self) {
        match self.cx.require_space() {
            Ok(()) => self.wake = Some(self.cx.clock.now()),
            Err(lack) => {
                tracing::error!(%lack, "no step is started");
                self.failure.get_or_insert(lack.into());
                self.stop();
            }
        }
    }

    fn launch(&mut self, effect: Effect) {
        let Some(id) = effect.id() else { return };
        self.flying.insert(id.clone());
        let (cx, recorder, state) = (self.cx.clone(), self.recorder.clone(), self.state.clone());
        self.tasks.spawn(async move { (id, execute::execute(cx, effect, state, recorder).await) });
    }
}

/// Returns what is recorded when an attempt begins, how tightly its tool is held included.
fn beginning(cx: &RunContext, one: &WorkstreamState, order: &StepOrder) -> Vec<Event> {
    let mut events = starting(one, order, &cx.worktree_path(&order.workstream).to_string_lossy());
    for event in &mut events {
        if let Event::StepStarted(started) = event {
            let held = cx.hold.held(order.tool.as_ref().and_then(|tool| cx.tools.profile(tool)));
            started.sandbox = Some(held.level);
            started.network = (held.network == Network::None).then_some(held.network);
        }
    }
    events
}

impl From<TurnError> for DispatchError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Illegal(source) => Self::Staging(source),
            TurnError::Stuck => Self::Stuck,
        }
    }
}

/// What one turn comes to.
struct Staged {
    state: RunState,
    entries: Vec<Entry>,
    launches: Launches,
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    No,
    Gently,
}

/// Passes on what the user wants; ends when the run is to end at once. It never waits for what the loop is at.
async fn follow(cx: &RunContext, mut urges: StopSignal, relay: mpsc::Sender<()>) {
    while let Some(urge) = urges.recv().await {
        match urge {
            Urge::Stop(CancelLevel::Now) => {
                cx.cancel(CancelLevel::Now);
                return;
            }
            Urge::Stop(CancelLevel::Gentle) => {
                cx.cancel(CancelLevel::Gentle);
                // Full or closed means that the loop stops already.
                let _ = relay.try_send(());
            }
            Urge::Stop(CancelLevel::Run) => {}
            Urge::Suspend(told) => {
                cx.set_pace(Pace::Suspended);
                // Nobody waits for the answer any more when it came late.
                let _ = told.send(());
            }
            Urge::Continue => cx.set_pace(Pace::Going),
        }
    }
    // Nobody is left who could want anything.
    std::future::pending::<()>().await;
}

fn nap(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default().min(Duration::from_secs(3600))
}
