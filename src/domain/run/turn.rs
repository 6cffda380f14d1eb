//! One turn of a driver on a copy of the state: nothing is believed before it is written down.
//!
//! A turn takes the events that were asked for, adds what follows from them, and ends with the entries to append and the effects to start.
//! The driver appends, folds, tells and starts, in this order.

use std::collections::HashSet;

use jiff::Timestamp;

use super::brief::Brief;
use super::config::RunConfig;
use super::controlling::parting;
use super::decide::decide;
use super::effect::{Effect, StepOrder};
use super::event::Event;
use super::machine::apply;
use super::machine_error::IllegalTransition;
use super::state::{RunState, WorkstreamState};
use crate::domain::id::EntryId;
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::Spent;

/// The error for a turn that can not be made.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The machines do not list the move.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Deciding leads nowhere.
    #[error("nothing is left to do, but the run is not over")]
    Stuck,
}

/// Where the names and the times of entries come from.
#[derive(Clone, Copy)]
pub struct Stamps<'a> {
    /// Returns the name of one more entry.
    pub name: &'a (dyn Fn() -> EntryId + Sync),
    /// Returns the time.
    pub now: &'a (dyn Fn() -> Timestamp + Sync),
}

impl std::fmt::Debug for Stamps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamps").finish_non_exhaustive()
    }
}

/// What a driver knows besides the state.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// The frozen settings.
    pub config: &'a RunConfig,
    /// What other runs of the repository have spent today.
    pub elsewhere: Spent,
    /// The ids of the effects that are under way.
    pub flying: &'a HashSet<String>,
    /// Returns what is recorded when an attempt begins: [`super::starting::starting`], with what this driver adds; `None` when it may not
    /// begin now.
    pub begin: &'a (dyn Fn(&WorkstreamState, &StepOrder) -> Option<Vec<Event>> + Sync),
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("flying", &self.flying).finish_non_exhaustive()
    }
}

/// What is to be started after a turn.
#[derive(Debug, Default)]
pub struct Launches {
    /// The effects, in order; none of them is under way.
    pub effects: Vec<Effect>,
    /// When to decide again at the latest.
    pub wake: Option<Timestamp>,
    /// Whether an attempt was not let begin.
    pub held_back: bool,
}

/// The entries of one turn and the state that they lead to.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The state after the staged entries.
    pub state: RunState,
    /// The staged entries, in order.
    pub entries: Vec<Entry>,
    known: &'a HashSet<String>,
    new: HashSet<String>,
    stamps: Stamps<'a>,
}

impl<'a> Turn<'a> {
    /// Begins a turn. `known` are the keys of the entries that the ledger already has of this run.
    #[must_use]
    pub fn new(state: &RunState, known: &'a HashSet<String>, stamps: Stamps<'a>) -> Self {
        Self { state: state.clone(), entries: Vec::new(), known, new: HashSet::new(), stamps }
    }

    /// Stages an event, unless the same fact was told before. Returns whether it is new.
    ///
    /// # Errors
    /// Returns [`TurnError::Illegal`] when the event does not fit the state.
    pub fn push(&mut self, event: Event) -> Result<Told, TurnError> {
        let entry = codec::entry((self.stamps.name)(), (self.stamps.now)(), self.state.run, event);
        if self.known.contains(&entry.key) || self.new.contains(&entry.key) {
            return Ok(Told::Before);
        }
        apply(&mut self.state, &entry)?;
        self.new.insert(entry.key.clone());
        self.entries.push(entry);
        Ok(Told::Now)
    }

    /// Stages everything that follows from the state, the beginnings of new attempts included, and returns what is to be started.
    ///
    /// # Errors
    /// Returns [`TurnError::Illegal`] when a decision does not fit the state, and [`TurnError::Stuck`] when deciding leads nowhere.
    pub fn plan(&mut self, desk: Desk<'_>) -> Result<Launches, TurnError> {
        if let Some(event) = parting(&self.state, desk.flying) {
            self.push(event)?;
        }
        loop {
            let brief = Brief { plan: desk.plan, config: desk.config, now: (self.stamps.now)(), elsewhere: desk.elsewhere };
            let effects = decide(brief, &self.state);
            let (mut asked, mut told) = (0, 0);
            for effect in &effects {
                if let Effect::Record(event) = effect {
                    asked += 1;
                    told += usize::from(self.push((**event).clone())? == Told::Now);
                }
            }
            if asked > 0 && told == 0 {
                return Err(TurnError::Stuck);
            }
            if asked == 0 {
                let mut launches = Launches::default();
                for effect in effects {
                    self.consider(effect, desk, &mut launches)?;
                }
                return Ok(launches);
            }
        }
    }

    fn consider(&mut self, effect: Effect, desk: Desk<'_>, launches: &mut Launches) -> Result<(), TurnError> {
        if let Effect::WaitUntil(at) = effect {
            launches.wake = Some(launches.wake.map_or(at, |wake| wake.min(at)));
            return Ok(());
        }
        let Some(id) = effect.id() else { return Ok(()) };
        if desk.flying.contains(&id) {
            return Ok(());
        }
        if let Effect::RunStep(order) = &effect
            && let Some(one) = self.state.workstreams.get(&order.workstream)
        {
            let Some(events) = (desk.begin)(one, order) else {
                launches.held_back = true;
                return Ok(());
            };
            for event in events {
                self.push(event)?;
            }
        }
        launches.effects.push(effect);
        Ok(())
    }
}

/// Whether a fact is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is staged.
    Now,
    /// The ledger has it.
    Before,
}
