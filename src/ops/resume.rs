//! `git orc resume`: takes a run over from the ledger alone.

use super::begin::{self, BeginError, Begun};
use super::context::Context;
use super::find::{FindError, find_run};
use super::finish;
use super::frozen::{self, FrozenError, Thawed};
use super::history;
use super::load::{self, LoadError};
use super::plugins::PluginsError;
use super::prompts::{self, PromptsError};
use super::reread;
use super::rollback::error::RollbackError;
use super::rollback::settle::settle_run;
use super::run::VERSION;
use super::trust::{self, Decision, TrustError};
use crate::domain::id::{EntryId, RunId};
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::fold::fold;
use crate::domain::policy::budget::Budgets;
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::run::config::RunConfig;
use crate::domain::run::event::Event;
use crate::domain::run::fact::RunDriven;
use crate::domain::run::purse::{BudgetSet, Setting};
use crate::domain::run::recovery::waves_of_waiting;
use crate::domain::run::state::RunState;
use crate::domain::run::turn::{Stamps, Turn, TurnError};
use crate::engine::context::RunContext;
use crate::engine::dispatcher::{DispatchError, Dispatcher, Ending};
use crate::engine::failure::ExecuteError;
use crate::engine::folder::RunFolder;
use crate::engine::journal::{Journal, JournalError};
use crate::engine::recover;
use crate::engine::signals::StopSignal;
use crate::engine::sink::Sink;
use crate::io::fs::FsError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::refs::Refs;

/// What to resume.
pub struct ResumeRequest<'a> {
    /// The run: its id, the beginning of it, or the name of its plan; `None` means the newest one that is not over.
    pub run: Option<String>,
    /// Budgets to set anew.
    pub budgets: Vec<BudgetWish>,
    /// Who is told of every entry.
    pub sinks: Vec<Box<dyn Sink>>,
    /// How urgently the user wants it to end.
    pub stop: StopSignal,
    /// Decides what is to become of a run that was started in another clone, when nobody here has trusted its plan.
    pub decide: Box<dyn FnOnce(&TrustError) -> Decision + 'a>,
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
    /// The run was started in another clone, and nobody has trusted its plan.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The plugins can not be used.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    /// What tools are told can not be used.
    #[error(transparent)]
    Prompts(#[from] PromptsError),
    /// The run can not be prepared.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// Another driver has the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A rollback that was cut short could not be brought to its end.
    #[error(transparent)]
    Rollback(#[from] Box<RollbackError>),
    /// The objects could not be looked at.
    #[error(transparent)]
    File(#[from] FsError),
    /// What the last driver left could not be mended.
    #[error("what the last driver left behind could not be mended")]
    Recover(#[source] Box<ExecuteError>),
    /// An event does not fit the state.
    #[error(transparent)]
    Staging(#[from] TurnError),
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
pub async fn resume(cx: &Context, request: ResumeRequest<'_>) -> Result<Resumed, ResumeError> {
    let resumed = take_over(cx, request).await;
    if matches!(resumed, Err(ResumeError::Nothing | ResumeError::Over { .. })) {
        tidy_behind_the_end(cx);
    }
    resumed
}

/// A driver that died behind the last entry of its run, at the notes for example, is followed by nobody who would do this.
fn tidy_behind_the_end(cx: &Context) {
    if let Err(error) = Refs::new(&cx.repo, cx.durability()).remove_stale_locks() {
        tracing::warn!(%error, "locks that a dead driver left could not be removed");
    }
    let newest = RunFolder::newest(&cx.repo.orc_dir());
    if let Some(Err(error)) = newest.map(|folder| recover::set_torn_aside(&cx.repo, &folder)) {
        tracing::warn!(%error, "objects that a dead driver left could not be looked at");
    }
}

async fn take_over(cx: &Context, request: ResumeRequest<'_>) -> Result<Resumed, ResumeError> {
    let ledger = cx.ledger();
    let run = match &request.run {
        Some(text) => find_run(&ledger, Some(text))?,
        None => newest_open(cx)?,
    };
    let lock = RunLock::take(&cx.repo, run)?;
    let mut torn = recover::set_torn_aside(&cx.repo, &RunFolder::new(&cx.repo.orc_dir(), run))?;
    torn.extend(settle_run(cx, &lock, run).map_err(Box::new)?);
    let tip = ledger.tip()?.ok_or(ResumeError::Nothing)?;
    // Read again under the lock: another driver may have gone on until it was free.
    let loaded = load::load_run(&ledger, run)?;
    let state = loaded.state;
    if state.status.is_terminal() {
        return Err(ResumeError::Over { run, status: state.status.word() });
    }
    let thawed = frozen::thaw(&ledger, tip, run)?;
    trust::decide_run(cx, (run, &thawed), request.decide)?;
    let Thawed { plan, inputs, governance, frozen, .. } = thawed;
    let templates = prompts::load(&cx.environment, cx.repo.work_dir(), &cx.plugins()?)?;
    // Whoever started the run may only tighten what holds here.
    let rules = begin::rules(&cx.settings).tightened(frozen.config.sandbox);
    let (hold, sandbox_notes) = begin::hold(cx, &cx.settings, (run, rules, &frozen.config)).await?;
    let sandbox = Some(hold.held(None).level);
    let folder = RunFolder::new(&cx.repo.orc_dir(), run);
    // Tools come and go; everything else is decided as when the run began.
    let config = RunConfig { absent: begin::absent(cx, &frozen.config.routes), ..frozen.config };
    let elsewhere = history::spent_today(cx, run, &budgets_now(&request.budgets, &state, config.budgets))?;
    let reader = reread::reader(cx, &plan, &config);
    let begun = Begun { run, plan, inputs, templates, config, governance, elsewhere, folder, reader };
    let run_cx = begin::run_context(cx, &cx.settings, (begun, hold))?;
    run_cx.hold.clear();
    let mut recovery = recover::recover(&run_cx, &state).await.map_err(unmended)?;
    recovery.found.splice(..0, torn);
    let driven = |state: &RunState| RunDriven {
        round: state.drivers,
        pid: std::process::id(),
        version: VERSION.to_owned(),
        found: recovery.found.clone(),
        waves: waves_of_waiting(&run_cx.plan, state),
        sandbox,
        sandbox_notes: sandbox_notes.clone(),
    };
    let first = |state: &RunState| {
        let mut events = vec![Event::RunResumed(driven(state))];
        events.extend(budgets_set(&request.budgets, state, &run_cx.identity.name));
        events.extend(recovery.events.iter().cloned());
        events
    };
    let mut journal = Journal::new(&run_cx, loaded.keys, Vec::new()).known_to(tip);
    let mut sinks = finish::sinks(&run_cx, request.sinks);
    let (state, entries) = write(&run_cx, &mut journal, state, first).await?;
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

/// Returns the budgets that hold from now on.
fn budgets_now(wishes: &[BudgetWish], state: &RunState, planned: Budgets) -> Budgets {
    let mut budgets = state.purse.budgets(planned);
    wishes.iter().for_each(|wish| budgets.set(wish.key, wish.amount));
    budgets
}

/// Returns what is recorded when budgets are set anew.
fn budgets_set(wishes: &[BudgetWish], state: &RunState, who: &str) -> Option<Event> {
    let one = |wish: &BudgetWish| Setting { scope: wish.key.scope, measure: wish.key.measure, amount: wish.amount };
    let settings: Vec<Setting> = wishes.iter().map(one).collect();
    (!settings.is_empty()).then(|| Event::BudgetSet(BudgetSet { round: state.purse.rounds, settings, who: who.to_owned() }))
}

fn unmended(error: ExecuteError) -> ResumeError {
    ResumeError::Recover(Box::new(error))
}

/// Writes events before the loop begins: what is removed afterwards must be recorded first. What people tell the run meanwhile comes before
/// them, so that they are thought out again on top of it. Returns the state that they lead to, and all entries that led to it.
async fn write(
    cx: &RunContext,
    journal: &mut Journal,
    mut state: RunState,
    first: impl Fn(&RunState) -> Vec<Event>,
) -> Result<(RunState, Vec<Entry>), ResumeError> {
    let mut told = Vec::new();
    loop {
        let (staged, entries) = {
            let (name, now) = (|| EntryId::new(cx.clock.ulid()), || cx.clock.now());
            let mut turn = Turn::new(&state, journal.keys(), Stamps { name: &name, now: &now });
            for event in first(&state) {
                turn.push(event)?;
            }
            (turn.state, turn.entries)
        };
        match journal.append(&entries, &staged).await {
            Ok(()) => {
                told.extend(entries);
                return Ok((staged, told));
            }
            Err(JournalError::Ledger(LedgerError::Overtaken)) => {
                let news = journal.news().await?;
                state = fold(state, &news).map_err(LoadError::from)?;
                told.extend(news);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn newest_open(cx: &Context) -> Result<RunId, ResumeError> {
    let open = load::runs(&cx.ledger())?.into_iter().find(|head| !head.status.is_terminal());
    open.map(|head| head.run).ok_or(ResumeError::Nothing)
}
