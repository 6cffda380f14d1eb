//! A simulated driver: the engine's loop with the same turns, one event at a time in an order that the dice choose.

use std::collections::HashSet;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::policy::budget::Spent;
use git_orc::domain::run::effect::{Effect, StepOrder};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{RunMoved, StepOutcome};
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::starting::starting;
use git_orc::domain::run::state::{RunState, RunStatus, WorkstreamState};
use git_orc::domain::run::turn::{Desk, Launches, Stamps, Turn, TurnError};
use jiff::Timestamp;

use super::controls::{news, tell};
use super::plants::Plant;
use super::store::{AppendError, Tear};
use super::tasks::{Fault, carry_out};
use super::world::{Request, Shared, Stop, Wait, World};

/// How a driver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The run is over, or waits.
    Settled,
    /// It was stopped, and said so.
    Stopped,
    /// It died, was killed, or could not write.
    Gone,
    /// A law was broken.
    Broken,
}

struct Running {
    id: String,
    task: Pin<Box<dyn Future<Output = Result<(), Fault>>>>,
    wait: Wait,
}

pub(super) struct Driver {
    world: Shared,
    state: Rc<RunState>,
    keys: HashSet<String>,
    running: Vec<Running>,
    flying: HashSet<String>,
    wake: Option<Timestamp>,
    has_failed: bool,
}

impl Driver {
    pub(super) fn new(world: &Shared, state: RunState) -> Self {
        let tells_twice = world.borrow().script.plant == Plant::TellsTwice;
        let keys = if tells_twice { HashSet::new() } else { world.borrow().store.keys() };
        let (running, flying) = (Vec::new(), HashSet::new());
        Self { world: Rc::clone(world), state: Rc::new(state), keys, running, flying, wake: None, has_failed: false }
    }

    pub(super) fn drive(mut self, first: Vec<Event>) -> End {
        let mut requests = vec![Request { events: first, answer: Rc::default() }];
        loop {
            if let Err(end) = self.turn(&std::mem::take(&mut requests)) {
                return end;
            }
            let stop = self.world.borrow().stop;
            if stop == Stop::Now {
                return End::Gone;
            }
            if self.flying.is_empty() && (self.state.status != RunStatus::Running || stop != Stop::No) {
                return self.end();
            }
            if self.is_broken() {
                return End::Broken;
            }
            match self.next() {
                Some(more) => requests = more,
                None => return End::Gone,
            }
        }
    }

    fn is_broken(&self) -> bool {
        let mut world = self.world.borrow_mut();
        let has_more = !self.flying.is_empty() || self.wake.is_some();
        world.laws.must(has_more, "P8 a run is never stuck", || format!("{:?}", self.state.status));
        world.laws.broken.is_some()
    }

    /// Lets the next thing happen; nothing when the driver dies of it.
    fn next(&mut self) -> Option<Vec<Request>> {
        disturb(&mut self.world.borrow_mut());
        let looks = self.world.borrow().trouble.controls > 0 && self.world.borrow_mut().dice.chance(30);
        if looks {
            self.catch_up();
        }
        if self.world.borrow_mut().dies(2, "between two events") {
            return None;
        }
        if self.world.borrow().stop == Stop::Now {
            return Some(Vec::new());
        }
        let now = self.world.borrow().clock.now();
        let is_ready = |running: &Running| match &running.wait {
            Wait::Until(at) => *at <= now,
            Wait::Answer(answer) => answer.get(),
        };
        let ready: Vec<usize> = (0..self.running.len()).filter(|at| is_ready(&self.running[*at])).collect();
        if ready.is_empty() {
            let due = self.running.iter().filter_map(|r| if let Wait::Until(at) = r.wait { Some(at) } else { None });
            if let Some(next) = due.chain(self.wake).min() {
                self.world.borrow().clock.forward(next);
            }
            return Some(Vec::new());
        }
        let at = *self.world.borrow_mut().dice.pick(&ready);
        self.poll(at);
        Some(std::mem::take(&mut self.world.borrow_mut().inbox))
    }

    fn poll(&mut self, at: usize) {
        let polled = self.running[at].task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Pending => self.running[at].wait = self.world.borrow_mut().asked.take().unwrap(),
            Poll::Ready(result) => {
                let done = self.running.swap_remove(at);
                self.flying.remove(&done.id);
                if result.is_err() {
                    self.has_failed = true;
                    let mut world = self.world.borrow_mut();
                    world.stop = world.stop.max(Stop::Gently);
                    world.note(|| format!("{} fails", done.id));
                }
            }
        }
    }

    fn end(mut self) -> End {
        if self.state.status == RunStatus::Running {
            let event = Event::RunPaused(RunMoved { round: self.state.round, tip: self.state.tip, reason: Some("stopped".to_owned()) });
            if let Err(end) = self.turn(&[Request { events: vec![event], answer: Rc::default() }]) {
                return end;
            }
            return End::Stopped;
        }
        if self.has_failed { End::Stopped } else { End::Settled }
    }

    fn turn(&mut self, requests: &[Request]) -> Result<(), End> {
        let world = Rc::clone(&self.world);
        let world = &mut *world.borrow_mut();
        let clock = Rc::clone(&world.clock);
        let (names, times) = (&*clock, &*clock);
        let (name, now) = (|| names.entry(), || times.now());
        if !news(&world.store, &self.state).is_empty() && self.writes(requests, world) {
            self.state = Rc::new(caught_up(world, (*self.state).clone(), &mut self.keys));
        }
        let mut turn = Turn::new(&self.state, &self.keys, Stamps { name: &name, now: &now });
        let planned = self.stage(&mut turn, requests, world);
        let launches = match planned {
            Ok(launches) => launches,
            Err(error) => {
                world.laws.must(false, "every decision fits the state", || error.to_string());
                return Err(End::Broken);
            }
        };
        let (state, entries) = (turn.state, turn.entries);
        write(world, &entries, &state)?;
        if world.script.plant != Plant::TellsTwice {
            self.keys.extend(entries.iter().map(|entry| entry.key.clone()));
        }
        self.state = Rc::new(state);
        if world.dies(1, "after an append, before anything follows from it") {
            return Err(End::Gone);
        }
        requests.iter().for_each(|request| request.answer.set(true));
        world.laws.wait(world.clock.now(), launches.wake);
        self.wake = launches.wake;
        for effect in launches.effects {
            self.launch(effect, world.clock.now());
        }
        Ok(())
    }

    /// Folds what people have told the run.
    fn catch_up(&mut self) {
        let state = caught_up(&self.world.borrow(), (*self.state).clone(), &mut self.keys);
        self.state = Rc::new(state);
    }

    /// Returns whether a turn on the state as the driver knows it would append anything, and so be overtaken.
    fn writes(&self, requests: &[Request], world: &World) -> bool {
        let clock = Rc::clone(&world.clock);
        let (names, times) = (&*clock, &*clock);
        let (name, now) = (|| names.entry(), || times.now());
        let mut turn = Turn::new(&self.state, &self.keys, Stamps { name: &name, now: &now });
        self.stage(&mut turn, requests, world).is_err() || !turn.entries.is_empty()
    }

    fn stage(&self, turn: &mut Turn<'_>, requests: &[Request], world: &World) -> Result<Launches, TurnError> {
        for event in requests.iter().flat_map(|request| &request.events) {
            turn.push(event.clone())?;
        }
        if world.script.plant == Plant::TellsTwice && world.store.length() > 10 {
            let last = world.store.entries().into_iter().rev().find_map(|entry| entry.event().cloned());
            last.into_iter().try_for_each(|event| turn.push(event).map(|_| ()))?;
        }
        if world.stop != Stop::No {
            return Ok(Launches::default());
        }
        let begin = |one: &WorkstreamState, order: &StepOrder| Some(starting(one, order, "/worktree"));
        let (plan, config) = (&world.script.driven.0, &world.script.driven.1);
        turn.plan(Desk { plan, config, elsewhere: Spent::default(), flying: &self.flying, begin: &begin })
    }

    fn launch(&mut self, effect: Effect, now: Timestamp) {
        let id = effect.id().unwrap();
        self.flying.insert(id.clone());
        let task = Box::pin(carry_out(Rc::clone(&self.world), effect, Rc::clone(&self.state)));
        self.running.push(Running { id, task, wait: Wait::Until(now) });
    }
}

/// Folds what people have told the run behind what a driver knows.
fn caught_up(world: &World, mut state: RunState, keys: &mut HashSet<String>) -> RunState {
    for entry in news(&world.store, &state) {
        apply(&mut state, &entry).unwrap();
        keys.insert(entry.key);
    }
    state
}

/// Appends entries that lead to a state, and looks at the laws.
pub(super) fn write(world: &mut World, entries: &[Entry], state: &RunState) -> Result<(), End> {
    if entries.is_empty() {
        return Ok(());
    }
    let tear = tear(world);
    for entry in entries {
        world.note(|| format!("{} {tear:?}", entry.key));
    }
    let World { store, laws, dice, .. } = world;
    let appended = store.append(entries, state, (tear, dice), laws);
    count(world, entries, tear);
    world.laws.store(&world.store);
    if world.laws.broken.is_some() {
        return Err(End::Broken);
    }
    match appended {
        Ok(()) => {
            let is_same = world.store.folded == *state;
            world.laws.must(is_same, "what a driver believes is what is stored", || format!("{:?}", state.status));
            Ok(())
        }
        Err(AppendError::Refused) if world.script.plant == Plant::BelievesUnwritten => {
            let is_same = world.store.folded == *state;
            world.laws.must(is_same, "what a driver believes is what is stored", || format!("{:?}", state.status));
            Ok(())
        }
        Err(AppendError::Died | AppendError::Refused) => Err(End::Gone),
    }
}

fn tear(world: &mut World) -> Tear {
    if world.trouble.deaths == 0 || !world.dice.chance(6) {
        return Tear::None;
    }
    world.trouble.deaths -= 1;
    *world.dice.pick(&[Tear::BeforeRefs, Tear::BeforeEntries, Tear::Locked, Tear::BeforeAnswer, Tear::BeforeAnswer, Tear::Full])
}

/// Counts the attempts that came to their own end, as they are stored.
fn count(world: &mut World, entries: &[Entry], tear: Tear) {
    if !matches!(tear, Tear::None | Tear::BeforeAnswer) {
        return;
    }
    for entry in entries {
        let Some(Event::StepFinished(finished)) = entry.event() else { continue };
        let is_cut = matches!(finished.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled);
        if !is_cut && world.counted.insert(entry.key.clone()) {
            *world.done.entry((finished.workstream.to_string(), finished.step.to_string())).or_default() += 1;
        }
    }
}

/// What others do: stop the run, push to its branch, try to drive it as well.
fn disturb(world: &mut World) {
    if world.trouble.stops > 0 && world.dice.chance(2) {
        world.trouble.stops -= 1;
        world.stop = if world.stop == Stop::No && world.dice.chance(80) { Stop::Gently } else { Stop::Now };
        world.note(|| "the user stops it".to_owned());
    }
    if world.trouble.pushes > 0 && world.dice.chance(2) {
        world.trouble.pushes -= 1;
        push(world);
    }
    if world.trouble.controls > 0 && world.dice.chance(4) {
        world.trouble.controls -= 1;
        tell(world);
    }
    if world.dice.chance(1) {
        let is_alone = world.holder.is_some();
        world.laws.must(is_alone, "P7 one driver holds the run", || "a second one got in".to_owned());
    }
}

/// Somebody commits on top of the branch, or moves it away.
fn push(world: &mut World) {
    let at = world.store.branch.unwrap_or(world.store.folded.tip);
    let mut tree = world.store.commits.tree(at).clone();
    let value = world.dice.roll() % 1000;
    let path = if world.dice.chance(60) { "common/0".to_owned() } else { format!("ws-{}/0", world.dice.below(3)) };
    tree.insert(path, value);
    let parent = if world.dice.chance(85) { at } else { world.store.folded.base };
    let commit = world.store.commits.make(&[parent], tree);
    world.store.branch = Some(commit);
    world.store.pushed.push(commit);
    world.note(|| format!("somebody pushes {}", commit.short()));
}
