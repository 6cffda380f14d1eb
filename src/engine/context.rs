//! What every step and merge of a run can reach.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::cache::Cache;
use super::folder::RunFolder;
use super::hold::Hold;
use super::reader::Reader;
use super::space::{self, SpaceError};
use super::stops::Stops;
use crate::domain::finding::plugin::Plugin;
use crate::domain::id::{ObjectId, RunId, WorkstreamId};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::governance::model::Governance;
use crate::domain::prompt::template::Templates;
use crate::domain::run::brief::Brief;
use crate::domain::run::config::RunConfig;
use crate::domain::run::purse::Elsewhere;
use crate::domain::tool::price::rates::Prices;
use crate::domain::tool::resources::ResourceLimits;
use crate::domain::tool::toolbox::Toolbox;
use crate::io::clock::Clock;
use crate::io::fs::Durability;
use crate::io::git::guard::Guard;
use crate::io::git::merge::MergeSettings;
use crate::io::git::remove::RemovalProof;
use crate::io::git::repo::Repo;
use crate::io::git::signature::Identity;
use crate::io::git::worktree::{Worktree, Worktrees};
use crate::io::process::request::{CancelLevel, CancelSignal, Pace, Will};
use crate::io::process::supervisor::Supervisor;
use crate::io::settings::environment::Environment;

/// Files that a plan names: prompts and patches, by the name that the plan gives.
pub type Inputs = BTreeMap<String, Vec<u8>>;

/// What every step and merge of a run can reach. Cheap to clone.
#[derive(Clone)]
pub struct RunContext {
    parts: Arc<Parts>,
    /// What ends the programs of single workstreams.
    pub stops: Stops,
    own: Option<CancelSignal>,
}

/// The parts of a [`RunContext`].
pub struct Parts {
    /// The run.
    pub run: RunId,
    /// The plan.
    pub plan: CheckedPlan,
    /// The frozen settings.
    pub config: RunConfig,
    /// What other runs of the repository have spent today.
    pub elsewhere: Elsewhere,
    /// The user's own prices of models.
    pub prices: Prices,
    /// The files that the plan names.
    pub inputs: Inputs,
    /// The templates of prompts.
    pub templates: Templates,
    /// The policies.
    pub governance: Governance,
    /// The tools.
    pub tools: Toolbox,
    /// What reads the output of checks besides the readers.
    pub plugins: Vec<Plugin>,
    /// The repository.
    pub repo: Repo,
    /// How the user's git merges, as it was before any tool ran.
    pub merging: MergeSettings,
    /// The worktrees.
    pub worktrees: Arc<Worktrees>,
    /// Who commits.
    pub identity: Identity,
    /// Time and ids.
    pub clock: Clock,
    /// What holds programs.
    pub hold: Hold,
    /// The environment for programs.
    pub environment: Environment,
    /// The run's folder below the git directory.
    pub folder: RunFolder,
    /// Whether what is written is on the disk before it is told of.
    pub durability: Durability,
    /// Objects that the next entries speak of.
    pub unsynced: Unsynced,
    /// Whether patches and merges get notes.
    pub notes: bool,
    /// What is wanted of every program.
    pub cancel: watch::Sender<Will>,
    /// Where the program is that supervises tools and checks.
    pub supervisor: Supervisor,
    /// Worktrees that are there, with what is known of their files.
    pub live: Mutex<BTreeMap<WorkstreamId, Live>>,
    /// Worktrees of workstreams that are done, for those that begin.
    pub spares: Mutex<Vec<Spare>>,
    /// The worktree in which gates run.
    pub gate: GateSlot,
    /// What looks after everything that a tool could change besides its worktree.
    pub guard: Arc<Guard>,
    /// What programs may use of the machine.
    pub resources: ResourceLimits,
    /// The cache of steps, where the run asks for it.
    pub cache: Option<Cache>,
    /// How much room must be left on the disks before a step starts, in bytes.
    pub min_free: u64,
    /// Reads the settings as they are now.
    pub reader: Reader,
}

/// The worktree in which gates run, one at a time.
pub type GateSlot = tokio::sync::Mutex<Option<Worktree>>;

/// A worktree that is there.
#[derive(Debug)]
pub struct Live {
    /// The worktree.
    pub worktree: Worktree,
    /// The tree that was captured last: everything that a tool left in it.
    pub captured: ObjectId,
    /// Who was in it since.
    pub since: Since,
}

/// Objects that were written and need not be on the disk before an entry speaks of them; they get there together with it.
#[derive(Debug, Clone, Default)]
pub struct Unsynced(Arc<Mutex<Vec<ObjectId>>>);

impl Unsynced {
    /// Adds objects. Whatever speaks of them must be recorded after this call.
    pub fn add(&self, objects: impl IntoIterator<Item = ObjectId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(objects);
    }

    /// Takes them all, to bring them to the disk.
    #[must_use]
    pub fn take(&self) -> Vec<ObjectId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A worktree that nobody needs any more and in which everything is recorded; it still stands under the name of its workstream.
#[derive(Debug)]
pub struct Spare {
    /// The worktree.
    pub worktree: Worktree,
    /// What is known to be recorded of it.
    pub proof: RemovalProof,
}

/// Who was in a worktree since the last capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nobody.
    Nobody,
    /// Checks; what they leave lying about is nobody's work.
    Checks,
}

impl std::ops::Deref for RunContext {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl RunContext {
    /// Wraps the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), stops: Stops::default(), own: None }
    }

    /// Returns the context of a step of a workstream, whose programs can be ended without those of others.
    #[must_use]
    pub fn of_step(&self, workstream: &WorkstreamId) -> Self {
        self.with_own(Some(workstream))
    }

    /// Returns the context of the merge of a wave, whose gates can be ended without ending what comes after them.
    #[must_use]
    pub fn of_merge(&self) -> Self {
        self.with_own(None)
    }

    fn with_own(&self, workstream: Option<&WorkstreamId>) -> Self {
        let all = *self.cancel.borrow();
        let own = self.stops.begin(workstream, all);
        // What was said to all meanwhile may have been said before this one was there to hear it.
        let now = *self.cancel.borrow();
        if now != all {
            self.stops.stop_all(now.level);
            self.stops.set_pace(now.pace);
        }
        Self { own: Some(own), ..self.clone() }
    }

    /// Returns what deciding needs now.
    #[must_use]
    pub fn brief(&self) -> Brief<'_> {
        let now = self.clock.now();
        Brief { plan: &self.plan, config: &self.config, now, elsewhere: self.elsewhere.at(now) }
    }

    /// Returns the signal that ends programs.
    #[must_use]
    pub fn signal(&self) -> CancelSignal {
        self.own.clone().unwrap_or_else(|| self.cancel.subscribe())
    }

    /// Returns whether everything should end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        let is_told = |will: &Will| will.level != CancelLevel::Run;
        is_told(&self.cancel.borrow()) || self.own.as_ref().is_some_and(|own| is_told(&own.borrow()))
    }

    /// Tells every program how urgently it should end.
    pub fn cancel(&self, level: CancelLevel) {
        self.cancel.send_modify(|will| will.level = level);
        self.stops.stop_all(level);
    }

    /// Tells every program whether it goes on.
    pub fn set_pace(&self, pace: Pace) {
        self.cancel.send_modify(|will| will.pace = pace);
        self.stops.set_pace(pace);
    }

    /// Checks that a step finds room for what it will write: where worktrees are made, and in the repository.
    ///
    /// # Errors
    /// Returns a [`SpaceError`] when there is too little.
    pub fn require_space(&self) -> Result<(), SpaceError> {
        space::require([self.worktrees.root(), self.repo.common_dir()], self.min_free)
    }

    /// Returns where the worktree of a workstream is or will be.
    #[must_use]
    pub fn worktree_path(&self, workstream: &WorkstreamId) -> PathBuf {
        self.worktrees.root().join(self.run.lower()).join(workstream.as_str())
    }

    /// Takes what is known of a workstream's worktree.
    #[must_use]
    pub fn take_worktree(&self, workstream: &WorkstreamId) -> Option<Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(workstream)
    }

    /// Keeps what is known of a workstream's worktree.
    pub fn keep_worktree(&self, workstream: &WorkstreamId, live: Live) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(workstream.clone(), live);
    }

    /// Keeps a worktree for whoever begins next.
    pub fn keep_spare(&self, spare: Spare) {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).push(spare);
    }

    /// Returns how many worktrees are kept for whoever begins next.
    #[must_use]
    pub fn spare_count(&self) -> usize {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes all spare worktrees.
    #[must_use]
    pub fn take_spares(&self) -> Vec<Spare> {
        std::mem::take(&mut *self.spares.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a spare worktree, if there is one: first the one that stands where the new one shall be.
    #[must_use]
    pub fn take_spare(&self, path: &Path) -> Option<Spare> {
        let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        match spares.iter().position(|spare| spare.worktree.path() == path) {
            Some(at) => Some(spares.swap_remove(at)),
            None => spares.pop(),
        }
    }

    /// Returns where the worktree of the gates is or will be. No workstream can have that name.
    #[must_use]
    pub fn gate_path(&self) -> PathBuf {
        self.worktrees.root().join(self.run.lower()).join("_gate")
    }

    /// Returns the name of a worktree of this run in the repository.
    #[must_use]
    pub fn worktree_name(&self, what: &str) -> String {
        format!("orc-{}-{what}", self.run.lower())
    }
}
