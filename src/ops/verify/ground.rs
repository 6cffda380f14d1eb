//! What every part of a verification stands on.

use crate::domain::id::{ObjectId, RunId};
use crate::domain::ledger::entry::Entry;
use crate::domain::ledger::flaw::{Flaw, Place, Rule};
use crate::domain::run::event::Event;
use crate::domain::run::state::RunState;
use crate::io::git::ledger_ref::LedgerRef;
use crate::io::git::objects::Objects;
use crate::io::git::prove::{Depth, Prover};
use crate::io::git::repo::Repo;

/// How far a verification has come: what it does, how much of it is done, and how much there is.
pub type Watch<'a> = &'a mut dyn FnMut(&'static str, usize, usize);

/// What every part of a verification stands on.
pub struct Ground<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The ledger.
    pub ledger: &'a LedgerRef,
    /// Its objects.
    pub objects: &'a Objects,
    /// Proves objects, each once.
    pub prover: Prover<'a>,
    /// How closely it is looked.
    pub depth: Depth,
    /// What was found.
    pub flaws: Vec<Flaw>,
}

/// A run that is verified.
pub struct Subject<'a> {
    /// The run.
    pub run: RunId,
    /// What its entries fold into.
    pub state: &'a RunState,
    /// Its entries with their commits, oldest first.
    pub entries: &'a [(ObjectId, Entry)],
}

impl Subject<'_> {
    /// Returns what happened in the run, as far as this version understands it.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().filter_map(|(_, entry)| entry.event())
    }
}

impl Ground<'_> {
    /// Returns whether every object so far was sound. Where one is not, nothing is read that was not proven before: reading what is torn may
    /// never come to an end.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.flaws.iter().all(|flaw| flaw.rule != Rule::Object)
    }

    /// Tells of a problem.
    pub fn problem(&mut self, rule: Rule, place: Place, what: impl Into<String>) {
        self.flaws.push(Flaw::problem(rule, place, what));
    }

    /// Tells of a warning.
    pub fn warning(&mut self, rule: Rule, place: Place, what: impl Into<String>) {
        self.flaws.push(Flaw::warning(rule, place, what));
    }

    /// Proves a commit with its tree. Returns whether both are sound.
    pub fn prove_commit(&mut self, place: &Place, commit: ObjectId) -> bool {
        if let Err(damage) = self.prover.commit(commit) {
            self.problem(Rule::Object, place.clone(), format!("commit {commit} {damage}"));
            return false;
        }
        match self.objects.tree_of(commit) {
            Ok(tree) => self.prove_tree(place, tree),
            Err(error) => {
                self.problem(Rule::Object, place.clone(), error.to_string());
                false
            }
        }
    }

    /// Proves a tree with everything below it. Returns whether it is sound.
    pub fn prove_tree(&mut self, place: &Place, tree: ObjectId) -> bool {
        let damaged = self.prover.tree(tree);
        for (path, id, damage) in &damaged {
            self.problem(Rule::Object, place.clone().at(path.to_string()), format!("object {id} {damage}"));
        }
        damaged.is_empty()
    }
}
