//! `git orc rollback`: undoes merged work by new commits on the integration branch, behind the gates of the run.
//!
//! Nothing is rewritten and no checkout is touched. The order is: find out what it means, record that it was begun, ask the gates, record
//! that it is prepared, move the branch, record that it landed, write the notes, run the actions that undo effects outside of the
//! repository. A process that dies in between leaves a rollback that is brought to its end or dropped by the next one.

pub mod actions;
pub mod error;
pub mod outline;
pub mod refusal;
pub mod settle;
pub mod target;

use self::actions::{ActionReport, Stand, Which};
use self::error::RollbackError;
use self::outline::{Cascade, Ground, Made, Outline};
use self::settle::{Settled, land, not_movable, settle};
use self::target::{Wanted, landed, undos};
use crate::domain::id::{ObjectId, RunId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::config::RunConfig;
use crate::domain::run::event::Event;
use crate::domain::run::fact::Verdict;
use crate::domain::run::purse::Elsewhere;
use crate::domain::run::rollback::{Action, Revert, Rollback};
use crate::domain::run::state::RunState;
use crate::domain::text::one_line;
use crate::engine::advance::{branch_ref, checked_out};
use crate::engine::context::RunContext;
use crate::engine::folder::RunFolder;
use crate::engine::gates::{self, Refusal};
use crate::engine::recorder::{NotRecorded, Recorder};
use crate::engine::revert::{Reverter, Undo};
use crate::engine::{closing, recover};
use crate::io::git::lock::RunLock;
use crate::io::git::merge::{MergeSettings, Merger};
use crate::io::git::notes::Notes;
use crate::io::git::objects::Objects;
use crate::io::git::refs::Refs;
use crate::io::git::signature::Signature;
use crate::ops::begin::{self, Begun};
use crate::ops::context::Context;
use crate::ops::find::{Meant, find};
use crate::ops::frozen::{self, Thawed};
use crate::ops::load::{LoadError, load_state, run_entries};
use crate::ops::reread;
use crate::ops::tend::record_all;
use crate::ops::trust::{self, Decision, TrustError};
use crate::ops::verify::views::notes_of;

/// What is done about effects outside of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compensate {
    /// They are undone after the work.
    After,
    /// They are left.
    Leave,
    /// They alone are undone, where that failed before or was cut short.
    Only,
}

/// Whether something is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is told what would be.
    Tell,
    /// It is.
    Undo,
}

/// What to roll back.
pub struct RollbackRequest<'a> {
    /// A run, a workstream or a patch.
    pub what: String,
    /// Why.
    pub reason: String,
    /// Whether what depends on it is taken along.
    pub cascade: Cascade,
    /// Whether something is undone.
    pub effect: Effect,
    /// What is done about effects outside of the repository.
    pub compensate: Compensate,
    /// Decides what is to become of a run that was started in another clone, when nobody here has trusted its plan.
    pub decide: Box<dyn FnOnce(&TrustError) -> Decision + 'a>,
}

/// What a rollback came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The run, as it stands afterwards.
    pub state: RunState,
    /// What became of a rollback that had been cut short.
    pub settled: Option<Settled>,
    /// What it would do, where it is only told.
    pub outline: Option<Outline>,
    /// The gates that are asked.
    pub gates: Vec<String>,
    /// What was undone now.
    pub rollback: Option<Rollback>,
    /// What had been undone before.
    pub already: Vec<Revert>,
    /// The actions that belong to it.
    pub actions: Vec<ActionReport>,
}

/// Rolls back, or tells what that would do.
///
/// # Errors
/// Returns [`RollbackError`] when it can not be done; nothing is undone then, unless the error is about what comes after that.
pub async fn rollback(cx: &Context, request: RollbackRequest<'_>) -> Result<Report, RollbackError> {
    // A reason of several lines is one paragraph of the message.
    let reason = one_line(&request.reason.split_whitespace().collect::<Vec<_>>().join(" "));
    if reason.is_empty() && request.compensate != Compensate::Only && request.effect == Effect::Undo {
        return Err(RollbackError::NoReason);
    }
    let meant = find(&cx.ledger(), &request.what)?;
    let wanted = Wanted::of(&meant);
    let run = match &meant {
        Meant::Run(run) => *run,
        Meant::Workstream(state, _) | Meant::Patch(state, ..) => state.run,
    };
    let order = Order { reason, cascade: request.cascade, wanted };
    if request.effect == Effect::Tell {
        return tell(cx, run, &order);
    }
    let held = RunLock::take(&cx.repo, run)?;
    recover::set_torn_aside(&cx.repo, &RunFolder::new(&cx.repo.orc_dir(), run)).map_err(crate::engine::failure::ExecuteError::from)?;
    Refs::new(&cx.repo, cx.durability()).remove_stale_locks()?;
    let (settled, state) = settle(cx, &held, load_state(&cx.ledger(), run)?)?;
    if state.prepared.is_some() {
        return Err(RollbackError::Unfinished(run));
    }
    let thawed = thaw(cx, run)?;
    let mut work = Work { cx, held: &held, thawed: &thawed, order: &order, decide: Some(request.decide), run_cx: None, state };
    let done = work.carry_out(request.compensate, settled).await;
    if let Some(run_cx) = &work.run_cx {
        closing::leave(run_cx).await;
        run_cx.hold.clear();
    }
    done
}

fn thaw(cx: &Context, run: RunId) -> Result<Thawed, RollbackError> {
    let ledger = cx.ledger();
    let tip = ledger.tip()?.ok_or(LoadError::UnknownRun(run))?;
    Ok(frozen::thaw(&ledger, tip, run)?)
}

/// What is wanted.
struct Order {
    reason: String,
    cascade: Cascade,
    wanted: Wanted,
}

impl Order {
    fn is_about(&self, workstream: &WorkstreamId) -> bool {
        self.wanted.is_about(workstream)
    }
}

/// Tells what a rollback would do. Trees are made for it that nothing leads to, and nothing else is written.
fn tell(cx: &Context, run: RunId, order: &Order) -> Result<Report, RollbackError> {
    let (state, thawed) = (load_state(&cx.ledger(), run)?, thaw(cx, run)?);
    let merger = Merger::open(&cx.repo, &MergeSettings::read(&cx.repo)?)?;
    let undos = undos(merger.objects(), &state, &order.wanted)?;
    let entries = run_entries(&cx.ledger(), run)?;
    let outline = if undos.is_empty() { None } else { Some(outline(cx, (&thawed, &state, &entries), &merger, (order, undos))?) };
    let made = outline.as_ref().and_then(|outline| outline.made.as_ref());
    let actions = made.map(|made| actions::of_reverts(&cx.environment, &thawed, &made.reverts)).unwrap_or_default();
    let skipped = |action: Action| {
        let end = if action.argv.is_empty() { actions::ActionEnd::ForPerson } else { actions::ActionEnd::Skipped };
        ActionReport { action, end }
    };
    let already = if outline.is_none() { before(&state, order) } else { Vec::new() };
    let gates = gate_names(&thawed);
    Ok(Report { gates, settled: None, rollback: None, already, actions: actions.into_iter().map(skipped).collect(), outline, state })
}

fn gate_names(thawed: &Thawed) -> Vec<String> {
    thawed.plan.gates.iter().map(|gate| gate.id.to_string()).collect()
}

fn before(state: &RunState, order: &Order) -> Vec<Revert> {
    state.rollbacks.reverts().filter(|revert| order.is_about(&revert.workstream)).cloned().collect()
}

/// Finds out what undoing something means for the branch as it is now.
fn outline(
    cx: &Context,
    (thawed, state, entries): (&Thawed, &RunState, &[Entry]),
    merger: &Merger,
    (order, undos): (&Order, Vec<Undo>),
) -> Result<Outline, RollbackError> {
    let branch = &state.target;
    let tip = Refs::new(&cx.repo, cx.durability()).read(&branch_ref(branch))?.ok_or_else(|| RollbackError::NoBranch(branch.clone()))?;
    for undo in &undos {
        if !merger.objects().is_ancestor(undo.of, tip)? {
            return Err(RollbackError::NotOnBranch { branch: branch.clone(), commit: undo.of });
        }
    }
    let by = Signature::new(cx.repo.identity()?, cx.clock.now());
    let before: Vec<Revert> = state.rollbacks.reverts().cloned().collect();
    let reverter = Reverter { run: state.run, target: branch, reason: &order.reason, by, before: &before };
    let landed = landed(entries);
    Ground { cx, plan: &thawed.plan, state, landed: &landed, merger, reverter }.outline(tip, undos, order.cascade)
}

/// A rollback at work, with the run's lock held.
struct Work<'a, D: FnOnce(&TrustError) -> Decision> {
    cx: &'a Context,
    held: &'a RunLock,
    thawed: &'a Thawed,
    order: &'a Order,
    decide: Option<D>,
    run_cx: Option<RunContext>,
    state: RunState,
}

impl<D: FnOnce(&TrustError) -> Decision> Work<'_, D> {
    async fn carry_out(&mut self, compensate: Compensate, settled: Option<Settled>) -> Result<Report, RollbackError> {
        let undos = undos(&Objects::open(&self.cx.repo)?, &self.state, &self.order.wanted);
        let landed_now = settled.as_ref().and_then(|settled| match settled {
            Settled::Landed(rollback) => Some((**rollback).clone()),
            Settled::Dropped(_) => None,
        });
        let rollback = match (compensate, undos) {
            (Compensate::Only, _) => None,
            (Compensate::After | Compensate::Leave, Ok(undos)) if undos.is_empty() => {
                let is_it = |rollback: &Rollback| rollback.reverts.iter().any(|revert| self.order.is_about(&revert.workstream));
                landed_now.clone().filter(is_it)
            }
            (Compensate::After | Compensate::Leave, undos) => Some(self.undo(undos?).await?),
        };
        let already = if rollback.is_none() { before(&self.state, self.order) } else { Vec::new() };
        if compensate == Compensate::Only && already.is_empty() {
            return Err(RollbackError::NothingUndone { what: self.order.wanted.name(&self.state) });
        }
        self.write_notes()?;
        let actions = self.compensate(compensate, [rollback.as_ref(), landed_now.as_ref()]).await?;
        let gates = gate_names(self.thawed);
        Ok(Report { state: self.state.clone(), settled, outline: None, gates, rollback, already, actions })
    }

    /// Undoes something: behind the gates, by compare-and-swap.
    async fn undo(&mut self, undos: Vec<Undo>) -> Result<Rollback, RollbackError> {
        let rollback = self.begin(undos)?;
        if let Some(refusal) = self.ask_gates((rollback.old, rollback.new)).await? {
            let why = format!("gate {}: {}", refusal.gate, refusal.message);
            self.record(&[Event::RollbackDropped(Rollback { dropped: Some(why), ..rollback })])?;
            let Refusal { gate, asks, message } = refusal;
            let run = self.state.run;
            return Err(if asks { RollbackError::Asks { run, gate, message } } else { RollbackError::Red { gate, message } });
        }
        self.record(&[Event::RollbackPrepared(rollback.clone())])?;
        let (settled, state) = match land(self.cx, self.held, &self.state, rollback.clone()) {
            // Somebody checked it out while the gates were asked: what is refused must not be done later, when nobody thinks of it.
            Err(error @ RollbackError::CheckedOut { .. }) => {
                self.record(&[Event::RollbackDropped(Rollback { dropped: Some(error.to_string()), ..rollback })])?;
                return Err(error);
            }
            ended => ended?,
        };
        let target = state.target.clone();
        self.state = state;
        match settled {
            Settled::Landed(rollback) => Ok(*rollback),
            Settled::Dropped(_) => Err(RollbackError::Moved(target)),
        }
    }

    /// Makes the commits, and records that it was begun. Whoever writes the entries that follow is known from here on.
    fn begin(&mut self, undos: Vec<Undo>) -> Result<Rollback, RollbackError> {
        let cx = self.cx;
        if let Some(error) = checked_out(&cx.repo, &self.state.target)? {
            return Err(not_movable(error));
        }
        let merger = Merger::open(&cx.repo, &MergeSettings::read(&cx.repo)?)?;
        let entries = run_entries(&cx.ledger(), self.state.run)?;
        let outline = outline(cx, (self.thawed, &self.state, &entries), &merger, (self.order, undos))?;
        let Made { reverts, tip, tree } = match (outline.refusal, outline.made) {
            (Some(refusal), _) => return Err(refusal.into()),
            (None, Some(made)) => made,
            (None, None) => return Err(RollbackError::NothingMerged { what: self.order.wanted.name(&self.state) }),
        };
        // Gates get a worktree that stands at the last commit, and the entry that it is prepared speaks of all of them.
        merger.objects().flush()?;
        let who = cx.repo.identity()?;
        let rollback = Rollback {
            round: self.state.tended,
            old: outline.old,
            new: tip,
            tree,
            compensations: actions::of_reverts(&cx.environment, self.thawed, &reverts),
            reverts,
            reason: self.order.reason.clone(),
            who: one_line(&format!("{} <{}>", who.name, who.email)),
            cascade: self.order.cascade == Cascade::TakeAlong,
            gates: gate_names(self.thawed),
            dropped: None,
        };
        if !rollback.gates.is_empty() || rollback.compensations.iter().any(|action| !action.argv.is_empty()) {
            self.trust()?;
        }
        self.record(&[Event::RollbackStarted(rollback.clone())])?;
        Ok(rollback)
    }

    async fn ask_gates(&mut self, (old, new): (ObjectId, ObjectId)) -> Result<Option<Refusal>, RollbackError> {
        if self.thawed.plan.gates.is_empty() {
            return Ok(None);
        }
        let run_cx = self.run_context().await?;
        let (recorder, mut inbox) = Recorder::channel();
        let mut asked = self.state.clone();
        // What failed before is asked again, as a resume does.
        asked.gates.retain(|gate| gate.verdict == Verdict::Passed);
        let work = gates::pass_rollback(&run_cx, (asked.tended, old, new), (&asked, &recorder));
        let write = |events: Vec<Event>| self.record(&events).map_err(|error| NotRecorded(error.to_string()));
        Ok(Recorder::serve(&mut inbox, work, write).await?)
    }

    fn record(&mut self, events: &[Event]) -> Result<(), RollbackError> {
        self.state = record_all(self.cx, self.held, self.state.run, events)?;
        Ok(())
    }

    fn trust(&mut self) -> Result<(), RollbackError> {
        if let Some(decide) = self.decide.take() {
            trust::decide_run(self.cx, (self.state.run, self.thawed), decide)?;
        }
        Ok(())
    }

    /// Returns what gates and actions can reach, as a resume makes it ready; nothing but the commands of the frozen plan is run with it.
    async fn run_context(&mut self) -> Result<RunContext, RollbackError> {
        if let Some(run_cx) = &self.run_cx {
            return Ok(run_cx.clone());
        }
        let (cx, run) = (self.cx, self.state.run);
        let Thawed { plan, inputs, governance, frozen, .. } = self.thawed;
        let config: RunConfig = frozen.config.clone();
        let rules = begin::rules(&cx.settings).tightened(config.sandbox);
        let (hold, _notes) = begin::hold(cx, &cx.settings, (run, rules, &config)).await?;
        let begun = Begun {
            run,
            plan: plan.clone(),
            inputs: inputs.clone(),
            templates: crate::domain::prompt::template::Templates::default(),
            config,
            governance: governance.clone(),
            elsewhere: Elsewhere::default(),
            folder: RunFolder::new(&cx.repo.orc_dir(), run),
            reader: reread::reader(cx, plan, &frozen.config),
        };
        let run_cx = begin::run_context(cx, &cx.settings, (begun, hold))?;
        run_cx.hold.clear();
        recover::clear_gates(&run_cx, &self.state).await?;
        self.run_cx = Some(run_cx.clone());
        Ok(run_cx)
    }

    /// The notes follow from the ledger; writing them again changes nothing where they are as they should be.
    fn write_notes(&self) -> Result<(), RollbackError> {
        if !self.cx.settings.notes.value {
            return Ok(());
        }
        let entries = run_entries(&self.cx.ledger(), self.state.run)?;
        let notes: Vec<_> = notes_of(&self.state, entries.iter().filter_map(Entry::event)).into_iter().collect();
        let by = Signature::new(self.cx.repo.identity()?, self.cx.clock.now());
        if let Err(error) = Notes::new(&self.cx.repo, self.cx.durability()).write(&notes, &by) {
            tracing::warn!(%error, "the notes could not be written; the ledger has it all");
        }
        Ok(())
    }

    /// Runs the actions of what was undone now; of what had been undone before, those that were never begun, or all that have not passed.
    async fn compensate(&mut self, compensate: Compensate, now: [Option<&Rollback>; 2]) -> Result<Vec<ActionReport>, RollbackError> {
        let order = self.order;
        // What was taken along is as much a part of it as what was named.
        let fresh: Vec<ObjectId> = now.iter().flatten().map(|rollback| rollback.new).collect();
        let is_old = |rollback: &Rollback| rollback.reverts.iter().any(|revert| order.is_about(&revert.workstream));
        let is_one = |rollback: &&Rollback| fresh.contains(&rollback.new) || (now[0].is_none() && is_old(rollback));
        let rollbacks: Vec<Rollback> = self.state.rollbacks.done.iter().rev().filter(is_one).cloned().collect();
        let which = if compensate == Compensate::Only { Which::NotPassed } else { Which::New };
        let mut reports = Vec::new();
        for rollback in &rollbacks {
            let is_whole = fresh.contains(&rollback.new);
            let about = move |workstream: &WorkstreamId| is_whole || order.is_about(workstream);
            let is_wanted = compensate != Compensate::Leave && actions::any(&self.state, rollback, (which, &about));
            if !is_wanted {
                reports.extend(actions::standing(&self.state, rollback, &about));
                continue;
            }
            self.trust()?;
            let run_cx = self.run_context().await?;
            let stand = Stand { cx: self.cx, held: self.held, run_cx: &run_cx };
            reports.extend(stand.run((&mut self.state, rollback), (which, &about)).await?);
        }
        Ok(reports)
    }
}
