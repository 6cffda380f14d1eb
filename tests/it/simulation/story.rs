//! One simulated run from its plan to its end, over as many drivers as it takes.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use git_orc::domain::id::WorkstreamId;
use git_orc::domain::policy::budget::{BudgetScope, Measure, exceeded};
use git_orc::domain::run::config::RunConfig;
use git_orc::domain::run::effect::StepOrder;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{PatchOrigin, RunDriven, RunPlanned, Rung, WorktreeMoved};
use git_orc::domain::run::keeping::workstream_ref;
use git_orc::domain::run::purse::{BudgetSet, Setting};
use git_orc::domain::run::recovery::{begins_anew, changes_files, interrupted, put_aside, settle_patches, untold, waves_of_waiting};
use git_orc::domain::run::state::{OpenStep, RunState, RunStatus, WorkstreamState};
use git_orc::domain::run::turn::{Stamps, Turn};
use git_orc::domain::schedule::waves::schedule;

use super::commits::{Commits, Tree};
use super::dice::Dice;
use super::driver::{Driver, End, write};
use super::laws::{Laws, words};
use super::plans::{Script, Weather};
use super::plants::Plant;
use super::store::Store;
use super::tasks::created;
use super::world::{Clock, Diary, Shared, Stop, Trouble, World};

/// The most drivers that a run may need: trouble is bounded, so this is as well.
const MOST_DRIVERS: u32 = 60;

/// How a simulation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Fine,
    Broken { law: String, how: String },
}

/// What happened with one seed.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) outcome: Outcome,
    pub(super) entries: usize,
    pub(super) drivers: u32,
    pub(super) deaths: u32,
    pub(super) is_compared: bool,
    pub(super) log: Vec<String>,
}

/// Simulates one seed; a calm one also without any trouble, to compare how both end.
pub(super) fn tell(seed: u64, diary: Diary) -> Story {
    tell_of(&Rc::new(Script::new(seed, Plant::None)), diary)
}

/// Simulates one seed with a fault that must be seen.
pub(super) fn tell_planted(seed: u64, plant: Plant) -> Story {
    tell_of(&Rc::new(Script::new(seed, plant)), Diary::None)
}

fn tell_of(script: &Rc<Script>, diary: Diary) -> Story {
    let seed = script.seed;
    let mut dice = Dice::at(seed, "trouble");
    let rough = script.weather == Weather::Rough;
    let some = |dice: &mut Dice, most: usize| u32::try_from(dice.below(most + 1)).unwrap();
    let trouble = Trouble {
        deaths: some(&mut dice, 6),
        stops: some(&mut dice, 3),
        pushes: if rough { some(&mut dice, 2) } else { 0 },
        faults: some(&mut dice, 1),
        controls: if rough { some(&mut dice, 4) } else { 0 },
    };
    let mut world = simulate(script, trouble, Dice::at(seed, "order"), diary);
    if !rough && world.laws.broken.is_none() {
        let quiet = simulate(script, Trouble::NONE, Dice::at(seed, "other order"), Diary::None);
        world.laws.must(quiet.laws.broken.is_none(), "an undisturbed run keeps the laws", || format!("{:?}", quiet.laws.broken));
        let (is, was) = (result(&world), result(&quiet));
        world.laws.must(is == was, "a disturbed run ends like an undisturbed one", || format!("{is:?} instead of {was:?}"));
    }
    let outcome = match &world.laws.broken {
        None => Outcome::Fine,
        Some(broken) => Outcome::Broken { law: broken.law.to_owned(), how: broken.how.clone() },
    };
    let deaths = trouble.deaths - world.trouble.deaths;
    Story { outcome, entries: world.store.length(), drivers: world.drivers, deaths, is_compared: !rough, log: world.log }
}

fn result(world: &World) -> (BTreeMap<String, &'static str>, Option<Tree>) {
    (words(&world.store.folded), world.store.branch.map(|commit| world.store.commits.tree(commit).clone()))
}

fn simulate(script: &Rc<Script>, trouble: Trouble, dice: Dice, diary: Diary) -> World {
    let world = World {
        script: Rc::clone(script),
        store: Store::new(World::run(), Commits::default(), script.plant),
        laws: Laws::new(script),
        dice,
        clock: Rc::new(Clock::default()),
        disk: BTreeMap::new(),
        inbox: Vec::new(),
        asked: None,
        stop: Stop::No,
        trouble,
        holder: None,
        drivers: 0,
        log: Vec::new(),
        diary,
        done: BTreeMap::new(),
        counted: HashSet::new(),
    };
    let shared: Shared = Rc::new(RefCell::new(world));
    let (mut asked, mut halted) = (0, 0);
    loop {
        let end = one_driver(&shared);
        let mut world = shared.borrow_mut();
        world.holder = None;
        world.inbox.clear();
        world.stop = Stop::No;
        world.note(|| format!("driver ended: {end:?}"));
        let folded = world.store.folded.clone();
        if end == End::Settled {
            world.laws.ended(&folded);
            world.laws.must(folded.status != RunStatus::Running, "a settled run says so", String::new);
        }
        let drivers = world.drivers;
        world.laws.must(drivers < MOST_DRIVERS, "P8 a run ends", || format!("{drivers} drivers and it is {:?}", folded.status));
        // A person answers twice, and mends what halts it some times more; then the run may wait for ever.
        asked += u32::from(end == End::Settled && folded.status == RunStatus::Paused);
        halted += u32::from(end == End::Settled && folded.status == RunStatus::Halted);
        if end == End::Broken || world.laws.broken.is_some() || folded.status.is_terminal() || asked > 2 || halted > 5 {
            break;
        }
        // Time goes on while nobody drives.
        let later = world.clock.now() + jiff::SignedDuration::from_secs(i64::try_from(world.dice.below(100)).unwrap());
        world.clock.forward(later);
    }
    over(&shared);
    Rc::try_unwrap(shared).unwrap().into_inner()
}

/// A run that is over stays as it is, however often it is resumed.
fn over(shared: &Shared) {
    let world = &mut *shared.borrow_mut();
    if world.laws.broken.is_some() || !world.store.folded.status.is_terminal() {
        return;
    }
    let World { store, dice, laws, .. } = world;
    for _ in 0..3 {
        let loaded = store.load(dice, laws);
        laws.must(loaded.status.is_terminal(), "P3 resuming what is over does nothing", || loaded.status.word().to_owned());
    }
}

fn one_driver(shared: &Shared) -> End {
    {
        let world = &mut *shared.borrow_mut();
        world.drivers += 1;
        let is_free = world.holder.is_none();
        world.laws.must(is_free, "P7 one driver holds the run", || "the lock was taken twice".to_owned());
        world.holder = Some(world.drivers);
        // Only while holding the run's lock.
        world.store.is_locked &= world.script.plant == Plant::LeavesLock;
    }
    if shared.borrow().store.length() == 0 {
        let first = begin(&mut shared.borrow_mut());
        return Driver::new(shared, RunState::new(World::run())).drive(first);
    }
    let resumed = resume(&mut shared.borrow_mut());
    match resumed {
        Ok(Some((state, cleaned))) => Driver::new(shared, state).drive(cleaned),
        Ok(None) => End::Settled,
        Err(end) => end,
    }
}

fn begin(world: &mut World) -> Vec<Event> {
    let tip = world.store.commits.make(&[], Tree::new());
    let mut waves = schedule(&world.script.plan).waves;
    if world.script.plant == Plant::OneWave {
        waves = vec![waves.concat()];
    }
    let planned = RunPlanned {
        name: "simulated".into(),
        base: tip,
        target: world.script.plan.target.clone(),
        tip,
        waves,
        plan_digest: String::new(),
        version: "0".into(),
        retry_of: None,
        reason: None,
    };
    let driven =
        RunDriven { round: 0, pid: 1, version: "0".into(), found: Vec::new(), waves: Vec::new(), sandbox: None, sandbox_notes: Vec::new() };
    vec![Event::RunPlanned(planned), Event::RunStarted(driven)]
}

/// Takes a run over as a resume does; nothing when it is over. Returns the state and the events of the cleaning.
fn resume(world: &mut World) -> Result<Option<(RunState, Vec<Event>)>, End> {
    let World { store, dice, laws, .. } = world;
    let state = store.load(dice, laws);
    if world.laws.broken.is_some() {
        return Err(End::Broken);
    }
    if state.status.is_terminal() {
        return Ok(None);
    }
    let waves = waves_of_waiting(&world.script.plan, &state);
    let driven = RunDriven {
        round: state.drivers,
        pid: world.drivers,
        version: "0".into(),
        found: Vec::new(),
        waves,
        sandbox: None,
        sandbox_notes: Vec::new(),
    };
    let mut events = vec![Event::RunResumed(driven)];
    events.extend(raised(&world.script.config, &state));
    events.extend(recover(world, &state));
    if world.dies(5, "while it recovers") {
        return Err(End::Gone);
    }
    let clock = Rc::clone(&world.clock);
    let (names, times) = (&*clock, &*clock);
    let (name, now) = (|| names.entry(), || times.now());
    let keys = world.store.keys();
    let mut turn = Turn::new(&state, &keys, Stamps { name: &name, now: &now });
    for event in events {
        if let Err(error) = turn.push(event) {
            world.laws.must(false, "what recovery says fits the state", || error.to_string());
            return Err(End::Broken);
        }
    }
    let (state, entries) = (turn.state, turn.entries);
    write(world, &entries, &state)?;
    let again = recover(world, &state);
    world.laws.must(again.is_empty(), "P3 recovering twice is recovering once", || format!("{again:?}"));
    if world.dies(5, "after it recovered") {
        return Err(End::Gone);
    }
    let cleaned = clean(world, &state);
    if world.dies(5, "after it cleaned up") {
        return Err(End::Gone);
    }
    Ok(Some((state, cleaned)))
}

/// A person gives twice as much when a budget is used up.
fn raised(config: &RunConfig, state: &RunState) -> Option<Event> {
    let run = state.purse.budgets(config.budgets).run;
    exceeded(state.purse.total(), run)?;
    let setting = Setting { scope: BudgetScope::Run, measure: Measure::Usd, amount: run.usd.map(|usd| usd.0 * 2) };
    Some(Event::BudgetSet(BudgetSet { round: state.purse.rounds, settings: vec![setting], who: "me".to_owned() }))
}

fn recover(world: &mut World, state: &RunState) -> Vec<Event> {
    let mut events = Vec::new();
    for (id, one) in &state.workstreams {
        let tip = world.store.refs.get(&workstream_ref(World::run(), id.as_str())).copied();
        if let Some((open, commit)) = untold(one, tip) {
            let parent = parent_of(world, (id, one), open, state);
            let created = created(world, &order_of(id, open), (commit, parent), PatchOrigin::Salvage);
            events.extend(put_aside(created, "captured, and the driver died before it was told of"));
        }
        events.extend(settle_patches(id, one));
        if let Some(open) = &one.open {
            events.extend(salvage(world, (id, one), open, state));
            events.push(interrupted(id, open));
        }
    }
    events
}

fn parent_of(
    world: &World,
    (id, one): (&WorkstreamId, &WorkstreamState),
    open: &OpenStep,
    state: &RunState,
) -> git_orc::domain::id::ObjectId {
    let start = world.start_of(state, id);
    if begins_anew(open.role, one.next) { start } else { one.tip.unwrap_or(start) }
}

/// What a tool that was cut short left in its worktree.
fn salvage(world: &mut World, (id, one): (&WorkstreamId, &WorkstreamState), open: &OpenStep, state: &RunState) -> Vec<Event> {
    let Some(left) = world.disk.get(id).filter(|_| one.worktree.is_some() && changes_files(open.role)).cloned() else { return Vec::new() };
    let tip = one.tip.unwrap_or_else(|| world.start_of(state, id));
    if left == *world.store.commits.tree(tip) {
        return Vec::new();
    }
    let parent = parent_of(world, (id, one), open, state);
    let commit = world.store.commits.make(&[parent], left);
    let created = created(world, &order_of(id, open), (commit, parent), PatchOrigin::Salvage);
    put_aside(created, "left behind by a step that was cut short").into()
}

fn order_of(id: &WorkstreamId, open: &OpenStep) -> StepOrder {
    StepOrder {
        workstream: id.clone(),
        step: open.step.clone(),
        role: open.role,
        index: 0,
        attempt: open.attempt,
        tool: open.tool.clone(),
        rung: Rung::SameTool,
        of: open.of.clone(),
        routing: None,
    }
}

/// Removes the worktrees of the last driver, after everything in them was recorded.
fn clean(world: &mut World, state: &RunState) -> Vec<Event> {
    world.disk.clear();
    let with_worktree = state.workstreams.iter().filter_map(|(id, one)| one.worktree.clone().map(|path| (id, one, path)));
    let moved = with_worktree.map(|(id, one, path)| WorktreeMoved { workstream: id.clone(), round: one.worktrees, path, reason: None });
    moved.map(Event::WorktreeRemoved).collect()
}
