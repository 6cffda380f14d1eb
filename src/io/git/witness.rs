//! What this process knows about refs because it wrote them itself. Whoever else can write to the git directory can change the refs, but not
//! this memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::{ObjectId, RunId};
use crate::domain::integrity::fact::How;

/// What a ref must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its value; `None`: it does not exist.
    pub value: Option<ObjectId>,
    /// The value that it is being given.
    coming: Option<Option<ObjectId>>,
}

impl Expected {
    /// Returns whether a ref that is read now may have this value.
    #[must_use]
    pub fn allows(&self, found: Option<ObjectId>) -> bool {
        found == self.value || Some(found) == self.coming
    }
}

#[derive(Debug, Default)]
struct Memory {
    refs: BTreeMap<String, Expected>,
    turn: u64,
    run: Option<RunId>,
    incidents: Vec<Incident>,
}

/// A ref that was put right at once, since something was to be built on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The ref.
    pub name: String,
    /// How it was found.
    pub how: How,
    /// What it is now, and was before.
    pub was: Option<ObjectId>,
    /// The ref that keeps what was found.
    pub kept: Option<String>,
}

/// The memory of one process, shared by all handles on a repository.
#[derive(Debug, Default)]
pub struct Witness(Mutex<Memory>);

impl Witness {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which run this process drives.
    pub fn drive(&self, run: RunId) {
        self.memory().run = Some(run);
    }

    /// Returns the run that this process drives.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.memory().run
    }

    /// Learns the value of a ref that another process of ours wrote before, unless it is known.
    pub fn learn(&self, name: &str, value: Option<ObjectId>) {
        self.memory().refs.entry(name.to_owned()).or_insert(Expected { value, coming: None });
    }

    /// Takes over a value that others gave to a ref by right.
    pub fn accept(&self, name: &str, value: Option<ObjectId>) {
        let mut memory = self.memory();
        memory.turn += 1;
        memory.refs.insert(name.to_owned(), Expected { value, coming: None });
    }

    /// Says that a ref, which was found to have one value, is about to get another.
    pub(in crate::io::git) fn announce(&self, name: &str, found: Option<ObjectId>, new: Option<ObjectId>) {
        let mut memory = self.memory();
        memory.turn += 1;
        memory.refs.insert(name.to_owned(), Expected { value: found, coming: Some(new) });
    }

    /// Says that it got the value.
    pub(in crate::io::git) fn confirm(&self, name: &str) {
        self.settle(name, |one| Expected { value: one.coming.unwrap_or(one.value), coming: None });
    }

    /// Says that it may not have got the value.
    pub(in crate::io::git) fn withdraw(&self, name: &str) {
        self.settle(name, |one| Expected { value: one.value, coming: None });
    }

    fn settle(&self, name: &str, change: impl FnOnce(Expected) -> Expected) {
        let mut memory = self.memory();
        memory.turn += 1;
        if let Some(one) = memory.refs.get_mut(name) {
            *one = change(*one);
        }
    }

    /// Returns what a ref must be, when that is known.
    #[must_use]
    pub fn expected(&self, name: &str) -> Option<Expected> {
        self.memory().refs.get(name).copied()
    }

    /// Returns a number that changes whenever this process writes a ref.
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.memory().turn
    }

    /// Returns the names of the refs that are known.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.memory().refs.keys().cloned().collect()
    }

    /// Notes a ref that was put right at once.
    pub(in crate::io::git) fn note(&self, incident: Incident) {
        self.memory().incidents.push(incident);
    }

    /// Takes what was put right since the last call.
    #[must_use]
    pub fn take_incidents(&self) -> Vec<Incident> {
        std::mem::take(&mut self.memory().incidents)
    }
}
