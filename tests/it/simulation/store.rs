//! The repository of a simulated run: a chain of entries under one ref, refs that keep commits alive, a branch that others may move. It
//! tears writes: what is written before a death stays, what would have come after it is missing.

use std::collections::{BTreeMap, BTreeSet};

use git_orc::domain::id::{ObjectId, PatchId, RunId};
use git_orc::domain::ledger::codec;
use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::ledger::fold::{Past, bring_back};
use git_orc::domain::run::keeping::{CHECKPOINT_EVERY, keep_alive, wants_checkpoint};
use git_orc::domain::run::state::RunState;

use super::commits::Commits;
use super::dice::Dice;
use super::laws::Laws;
use super::plants::Plant;

/// Where a driver dies inside an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tear {
    /// Nothing is torn.
    None,
    /// The objects are there, no ref is.
    BeforeRefs,
    /// The refs that keep commits alive are there, the entries are not.
    BeforeEntries,
    /// As before, and the lock of the ledger's ref is left behind.
    Locked,
    /// The entries are there, and nobody was told.
    BeforeAnswer,
    /// The disk is full: nothing is written and the driver lives to hear of it.
    Full,
}

/// Why an append gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppendError {
    Died,
    Refused,
}

/// One entry of the chain: this run's, or somebody else's.
#[derive(Debug)]
enum Link {
    Ours(String),
    Theirs,
}

#[derive(Debug)]
pub(super) struct Store {
    run: RunId,
    chain: Vec<Link>,
    pub(super) refs: BTreeMap<String, ObjectId>,
    pub(super) is_locked: bool,
    pub(super) branch: Option<ObjectId>,
    /// What somebody else has moved the branch to.
    pub(super) pushed: Vec<ObjectId>,
    pub(super) commits: Commits,
    /// Every checkpoint that was ever the newest one, with how many entries of this run it covers.
    checkpoints: Vec<(usize, String)>,
    since_checkpoint: u64,
    /// The fold of everything in the chain, entry by entry as it was stored.
    pub(super) folded: RunState,
    /// The patches that somebody was told of.
    pub(super) told: BTreeMap<PatchId, ObjectId>,
    keys: BTreeSet<String>,
    /// How often another process was faster.
    pub(super) races: u32,
    plant: Plant,
}

impl Store {
    pub(super) fn new(run: RunId, commits: Commits, plant: Plant) -> Self {
        Self {
            run,
            chain: Vec::new(),
            refs: BTreeMap::new(),
            is_locked: false,
            branch: None,
            pushed: Vec::new(),
            commits,
            checkpoints: Vec::new(),
            since_checkpoint: 0,
            folded: RunState::new(run),
            told: BTreeMap::new(),
            keys: BTreeSet::new(),
            races: 0,
            plant,
        }
    }

    /// Appends a batch, all or none.
    pub(super) fn append(
        &mut self,
        entries: &[Entry],
        state: &RunState,
        (tear, dice): (Tear, &mut Dice),
        laws: &mut Laws,
    ) -> Result<(), AppendError> {
        if tear == Tear::BeforeRefs {
            return Err(AppendError::Died);
        }
        if self.is_locked || tear == Tear::Full {
            return Err(AppendError::Refused);
        }
        let keep = entries.iter().filter_map(Entry::event).filter_map(|event| keep_alive(self.run, event));
        let forgets = self.plant == Plant::ForgetsKept;
        self.refs.extend(keep.filter(|(name, _)| !forgets || !name.contains("/kept/")));
        if matches!(tear, Tear::BeforeEntries | Tear::Locked) {
            self.is_locked = tear == Tear::Locked;
            return Err(AppendError::Died);
        }
        // The tip is read, the batch is built on it, and while somebody else was faster it is built again.
        while dice.chance(3) {
            self.chain.push(Link::Theirs);
            self.races += 1;
        }
        self.since_checkpoint += entries.len() as u64;
        for entry in entries {
            self.land(entry, laws);
        }
        if self.since_checkpoint >= CHECKPOINT_EVERY || entries.iter().any(wants_checkpoint) {
            let text = serde_json::to_string(state).unwrap();
            laws.checkpoint(&self.folded, state);
            self.checkpoints.push((self.keys.len(), text));
            self.since_checkpoint = 0;
        }
        if tear == Tear::BeforeAnswer {
            return Err(AppendError::Died);
        }
        self.told.extend(entries.iter().filter_map(told));
        Ok(())
    }

    fn land(&mut self, entry: &Entry, laws: &mut Laws) {
        let line = codec::to_json(entry).unwrap();
        let read = codec::from_json(&line).unwrap();
        laws.must(self.keys.insert(read.key.clone()), "P3 keys are unique", || format!("`{}` was told twice", read.key));
        laws.entry(&mut self.folded, &read);
        self.chain.push(Link::Ours(line));
    }

    /// Appends what somebody says who does not drive.
    pub(super) fn tell(&mut self, entry: &Entry, laws: &mut Laws) {
        self.land(entry, laws);
    }

    pub(super) fn length(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let ours = self.chain.iter().filter_map(|link| if let Link::Ours(line) = link { Some(line) } else { None });
        ours.map(|line| codec::from_json(line).unwrap()).collect()
    }

    /// Reads the run as a resume does, with a checkpoint that may be the newest one, an older one, none at all, or one of another past.
    pub(super) fn load(&self, dice: &mut Dice, laws: &mut Laws) -> RunState {
        let entries = self.entries();
        let newest = self.checkpoints.last();
        let checkpoint = match dice.below(6) {
            0 => None,
            1 if !self.checkpoints.is_empty() => Some(dice.pick(&self.checkpoints)),
            _ => newest,
        };
        let mut checkpoint: Option<RunState> = checkpoint.map(|(_, text)| serde_json::from_str(text).unwrap());
        if let Some(state) = checkpoint.as_mut().filter(|_| dice.chance(10)) {
            // The checkpoint of a chain that lost the race: its last entry is not there.
            state.last = state.last.map(|id| git_orc::domain::id::EntryId::new(ulid::Ulid::from(u128::from(id.ulid()) ^ 1 << 100)));
            state.entries += 7;
        }
        if let Some((_, old)) = self.checkpoints.first().filter(|_| self.plant == Plant::StaleCheckpoint) {
            laws.loaded(&self.folded, Ok(serde_json::from_str(old).unwrap()));
        }
        let mut past = Past::new(checkpoint.clone());
        for entry in entries.iter().rev() {
            if past.is_complete() {
                break;
            }
            past.take(entry.clone());
        }
        laws.loaded(&self.folded, past.finish(self.run));
        let brought = bring_back(self.run, checkpoint, entries).map(|(state, _)| state);
        laws.loaded(&self.folded, brought);
        self.folded.clone()
    }

    /// Returns the keys of everything in the chain.
    pub(super) fn keys(&self) -> std::collections::HashSet<String> {
        self.keys.iter().cloned().collect()
    }
}

fn told(entry: &Entry) -> Option<(PatchId, ObjectId)> {
    let git_orc::domain::run::event::Event::PatchCreated(created) = entry.event()? else { return None };
    Some((created.patch, created.commit))
}
