//! Looks whether the ledger is what this process knows it to be before anything is built on it. A tool that can write to the git directory can
//! delete the ref, move it back, lead it elsewhere, or append entries in the name of the run.

use std::collections::HashSet;

use super::ledger_ref::{LEDGER_REF, LedgerError, LedgerRef};
use super::objects::{Commit, NewCommit, Objects};
use super::ref_store::{self, Loose};
use super::tree_edit::TreeEdit;
use super::witness::Incident;
use crate::domain::id::{EntryId, ObjectId, RunId};
use crate::domain::integrity::fact::How;
use crate::domain::ledger::codec;
use crate::domain::run::event::Event;

/// What the ref of the ledger is found to be.
enum Found {
    /// A commit, or nothing.
    Plain(Option<ObjectId>),
    /// Nothing that git-orc ever writes: a symbolic ref, an empty file, a folder.
    Strange,
}

impl LedgerRef {
    /// Looks at the ledger and puts it right when it is not what this process and others of git-orc made of it. What is put right is noted with
    /// the repository's witness.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when it can not be looked at or put right.
    pub fn vet(&self) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        self.vetted().map(|_tip| ())
    }

    /// Returns the tip to build on. The lock of the ledger must be held.
    pub(super) fn vetted(&self) -> Result<Option<ObjectId>, LedgerError> {
        let witness = self.repo.witness();
        let Some(run) = witness.run() else { return self.tip() };
        let found = self.found()?;
        let known = match (witness.expected(LEDGER_REF), &found) {
            (Some(expected), _) => expected.value,
            (None, Found::Plain(tip)) => {
                witness.accept(LEDGER_REF, *tip);
                return Ok(*tip);
            }
            (None, Found::Strange) => None,
        };
        let tip = match found {
            Found::Plain(tip) if tip == known => return Ok(tip),
            Found::Plain(tip) => tip,
            Found::Strange => return self.put_right(known, None, How::Replaced),
        };
        let Some(known) = known else {
            // Another run made the first entry.
            witness.accept(LEDGER_REF, tip);
            return Ok(tip);
        };
        let Some(tip) = tip else { return self.put_right(Some(known), None, How::Removed) };
        self.compared((run, known, tip))
    }

    /// Decides about a tip that is another one than this process knows.
    fn compared(&self, (run, known, tip): (RunId, ObjectId, ObjectId)) -> Result<Option<ObjectId>, LedgerError> {
        let objects = Objects::open(&self.repo)?;
        if !objects.exists(tip) || objects.read_commit(tip).is_err() {
            return self.put_right(Some(known), None, How::Replaced);
        }
        if objects.is_ancestor(tip, known)? {
            return self.put_right(Some(known), None, How::Rewound);
        }
        let base = objects.merge_bases(known, tip)?.first().copied();
        let is_ahead = base == Some(known);
        let added = objects.commits_since(tip, base)?;
        // What a person tells the run comes from another process, at any time, and behind everything that is known.
        let may_be = |commit: &Commit| is_entry_of_another(commit, run) || (is_ahead && is_control(commit));
        let is_others = !added.is_empty() && added.iter().all(may_be);
        match (is_ahead, is_others) {
            (true, true) => {
                self.repo.witness().accept(LEDGER_REF, Some(tip));
                Ok(Some(tip))
            }
            (true, false) => self.put_right(Some(known), Some(tip), How::Forged),
            // Somebody moved the ledger back and another run went on from there: its entries and ours both count.
            (false, true) => {
                let joined = self.replayed(&objects, (objects.commits_since(known, base)?, tip), &added)?;
                self.put_right(Some(joined), Some(tip), How::Forked)
            }
            (false, false) => self.put_right(Some(known), Some(tip), How::Forked),
        }
    }

    fn found(&self) -> Result<Found, LedgerError> {
        let common = self.repo.common_dir();
        if std::fs::symlink_metadata(common.join(LEDGER_REF)).is_ok_and(|meta| !meta.is_file()) {
            return Ok(Found::Strange);
        }
        Ok(match ref_store::read_loose(common, LEDGER_REF) {
            Ok(Some(Loose::Id(id))) => Found::Plain(Some(id)),
            Ok(None) => Found::Plain(ref_store::read(common, LEDGER_REF)?),
            Ok(Some(Loose::Symbolic(_))) | Err(_) => Found::Strange,
        })
    }

    /// Puts the ledger to a tip, after what was found there was kept.
    fn put_right(&self, to: Option<ObjectId>, found: Option<ObjectId>, how: How) -> Result<Option<ObjectId>, LedgerError> {
        let witness = self.repo.witness();
        let mut kept = None;
        if let (Some(found), Some(run)) = (found, witness.run()) {
            let name = format!("refs/orc/kept/{}/ledger-{}", run.lower(), found.short());
            self.refs.put_back(&name, Some(found))?;
            kept = Some(name);
        }
        self.refs.put_back(LEDGER_REF, to)?;
        tracing::warn!(how = how.words(), "the ledger was put back");
        witness.note(Incident { name: LEDGER_REF.to_owned(), how, was: to, kept });
        Ok(to)
    }

    /// Writes the entries that only our side has once more, behind those of the other side; returns the new tip.
    fn replayed(&self, objects: &Objects, (ours, tip): (Vec<Commit>, ObjectId), theirs: &[Commit]) -> Result<ObjectId, LedgerError> {
        let there: HashSet<EntryId> = theirs.iter().filter_map(entry_id).collect();
        let (mut parent, mut tree) = (tip, objects.tree_of(tip)?);
        for commit in ours {
            if entry_id(&commit).is_some_and(|id| there.contains(&id)) {
                continue;
            }
            let before = commit.parents.first().map(|parent| objects.tree_of(*parent)).transpose()?;
            let changes = objects.diff_trees(before, Some(commit.tree))?;
            let edits: Vec<TreeEdit> = changes.into_iter().map(|change| TreeEdit { path: change.path, entry: change.new }).collect();
            if !edits.is_empty() {
                tree = objects.edit_tree(Some(tree), &edits)?;
            }
            let (author, committer) = (&commit.author, &commit.committer);
            parent = objects.write_commit(&NewCommit { tree, parents: &[parent], author, committer, message: &commit.message })?;
        }
        self.flush(objects)?;
        Ok(parent)
    }
}

fn is_entry_of_another(commit: &Commit, run: RunId) -> bool {
    codec::from_message(&commit.message).is_ok_and(|entry| entry.run != run)
}

fn is_control(commit: &Commit) -> bool {
    codec::from_message(&commit.message).is_ok_and(|entry| matches!(entry.event(), Some(Event::Controlled(_))))
}

fn entry_id(commit: &Commit) -> Option<EntryId> {
    codec::from_message(&commit.message).ok().map(|entry| entry.id)
}
