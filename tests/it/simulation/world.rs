//! What the driver and what it started share: the repository, the disk, the time, and the trouble that is left.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};

use git_orc::domain::id::{EntryId, ObjectId, PatchId, RunId, WorkstreamId};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::state::RunState;
use jiff::Timestamp;
use ulid::Ulid;

use super::commits::Tree;
use super::dice::Dice;
use super::laws::Laws;
use super::plans::Script;
use super::store::Store;

/// How urgently everything should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    No,
    Gently,
    Now,
}

/// The time and the names, which only go forward.
#[derive(Debug, Default)]
pub(super) struct Clock {
    seconds: AtomicI64,
    made: AtomicU64,
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    pub(super) fn forward(&self, to: Timestamp) {
        // What falls into a second is due at its end.
        let second = to.as_second() + i64::from(to.subsec_nanosecond() > 0);
        self.seconds.fetch_max(second, Ordering::Relaxed);
    }

    pub(super) fn ulid(&self) -> Ulid {
        Ulid::from(u128::from(self.made.fetch_add(1, Ordering::Relaxed)) + 1)
    }

    pub(super) fn entry(&self) -> EntryId {
        EntryId::new(self.ulid())
    }

    pub(super) fn patch(&self) -> PatchId {
        PatchId::new(self.ulid())
    }
}

/// A request to record events, and the place for its answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) events: Vec<Event>,
    pub(super) answer: Rc<Cell<bool>>,
}

/// What a task waits for.
#[derive(Debug, Clone)]
pub(super) enum Wait {
    Until(Timestamp),
    Answer(Rc<Cell<bool>>),
}

/// How much may still go wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub(super) deaths: u32,
    pub(super) stops: u32,
    pub(super) pushes: u32,
    pub(super) faults: u32,
    /// What people tell it.
    pub(super) controls: u32,
}

impl Trouble {
    pub(super) const NONE: Self = Self { deaths: 0, stops: 0, pushes: 0, faults: 0, controls: 0 };
}

/// Whether somebody reads what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Diary {
    /// It is written down.
    Kept,
    /// Nobody does.
    None,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) script: Rc<Script>,
    pub(super) store: Store,
    pub(super) laws: Laws,
    pub(super) dice: Dice,
    pub(super) clock: Rc<Clock>,
    pub(super) disk: BTreeMap<WorkstreamId, Tree>,
    pub(super) inbox: Vec<Request>,
    pub(super) asked: Option<Wait>,
    pub(super) stop: Stop,
    pub(super) trouble: Trouble,
    /// The driver that holds the run's lock.
    pub(super) holder: Option<u32>,
    pub(super) drivers: u32,
    /// What happened, for people; empty while nobody reads it.
    pub(super) log: Vec<String>,
    pub(super) diary: Diary,
    /// How many attempts of a step came to their own end.
    pub(super) done: BTreeMap<(String, String), u32>,
    pub(super) counted: HashSet<String>,
}

pub(super) type Shared = Rc<RefCell<World>>;

impl World {
    pub(super) const fn run() -> RunId {
        RunId::new(Ulid(7))
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.diary == Diary::None {
            return;
        }
        let now = self.clock.now();
        self.log.push(format!("{:>6} {}", now.as_second(), what()));
    }

    /// Returns whether the driver dies here.
    pub(super) fn dies(&mut self, percent: u64, place: &str) -> bool {
        let dies = self.trouble.deaths > 0 && self.dice.chance(percent);
        if dies {
            self.trouble.deaths -= 1;
            self.note(|| format!("the driver dies {place}"));
        }
        dies
    }

    /// Returns whether every gate is green on a commit, in truth.
    pub(super) fn is_green(&self, commit: ObjectId) -> bool {
        let tree = self.store.commits.tree(commit);
        (0..self.script.plan.gates.len()).all(|gate| self.script.gate(gate, tree) == git_orc::domain::run::fact::Verdict::Passed)
    }

    pub(super) fn start_of(&self, state: &RunState, id: &WorkstreamId) -> ObjectId {
        state.workstreams[id].start.unwrap()
    }
}

/// Gives the turn to others once.
#[derive(Debug, Default)]
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Waits some seconds.
pub(super) async fn sleep(world: &Shared, seconds: i64) {
    let until = world.borrow().clock.now() + jiff::SignedDuration::from_secs(seconds);
    world.borrow_mut().asked = Some(Wait::Until(until));
    Turn::default().await;
}

/// Records events; goes on when they are stored.
pub(super) async fn record(world: &Shared, events: Vec<Event>) {
    let answer = Rc::new(Cell::new(false));
    world.borrow_mut().inbox.push(Request { events, answer: Rc::clone(&answer) });
    world.borrow_mut().asked = Some(Wait::Answer(answer));
    Turn::default().await;
}
