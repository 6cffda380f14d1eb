//! What a look does about refs: those of the run are put right by this process's own record, those of the user are told of.

use std::collections::{BTreeMap, BTreeSet};

use super::ref_watch::Value;
use super::{Guard, GuardError, Seen, State};
use crate::domain::id::ObjectId;
use crate::domain::integrity::fact::{Change, How, Thing};
use crate::domain::integrity::refs::{Answer, Owner, Relation, answer, owner, undo};
use crate::io::git::ledger_ref::LEDGER_REF;
use crate::io::git::objects::Objects;
use crate::io::git::ref_store;

/// How often a ref that this process may just be writing is looked at again.
const TRIES: u32 = 50;

impl Guard {
    /// Learns the values of the refs of the run as they are before any tool runs.
    pub(super) fn learn(&self, refs: &super::RefValues) {
        let witness = self.repo.witness();
        for (name, value) in refs.all() {
            if self.owner(&name) != Owner::Other {
                witness.learn(&name, value.id());
            }
        }
        witness.learn(&self.settings.target, None);
    }

    fn owner(&self, name: &str) -> Owner {
        let owner = owner(name, self.settings.run, &self.settings.target);
        // A quarantined patch is named by itself; whoever wrote it knows it.
        let is_ours = owner == Owner::Other && name.starts_with("refs/orc/") && self.repo.witness().expected(name).is_some();
        if is_ours { Owner::ThisRun } else { owner }
    }

    /// Compares all refs with what they were, and those of the run with what they must be.
    pub(super) fn look_at_refs(&self, state: &mut State, seen: &mut Seen) -> Result<(), GuardError> {
        let found = state.refs.read_again(self.repo.common_dir()).map_err(|e| self.look_error(e))?;
        let incidents = self.repo.witness().take_incidents();
        if !found.is_new && incidents.is_empty() {
            state.refs = found;
            return Ok(());
        }
        let (old, new) = (state.refs.all(), found.all());
        if old.get(LEDGER_REF) != new.get(LEDGER_REF) || !incidents.is_empty() {
            self.ledger.vet()?;
        }
        for incident in incidents.into_iter().chain(self.repo.witness().take_incidents()) {
            let change = Change::new(Thing::Ledger, incident.name, incident.how);
            seen.guarded.push(Change { restored: true, was: incident.was, kept: incident.kept, ..change });
        }
        let names: BTreeSet<&String> =
            old.keys().chain(new.keys()).filter(|name| *name != LEDGER_REF && old.get(*name) != new.get(*name)).collect();
        let mut changed: BTreeSet<String> = names.into_iter().cloned().collect();
        // What came and went between two looks is known all the same.
        changed.extend(self.repo.witness().names().into_iter().filter(|name| name != LEDGER_REF && self.unexpected(name).is_some()));
        for name in changed {
            self.look_at(&name, (&old, &new), (state, seen))?;
        }
        state.refs = found.read_again(self.repo.common_dir()).map_err(|e| self.look_error(e))?;
        Ok(())
    }

    fn look_at(
        &self,
        name: &str,
        (old, new): (&BTreeMap<String, Value>, &BTreeMap<String, Value>),
        (state, seen): (&mut State, &mut Seen),
    ) -> Result<(), GuardError> {
        if name.ends_with("HEAD") && !name.starts_with("refs/") {
            seen.noted.extend(head(name, old.get(name), new.get(name)));
            return Ok(());
        }
        let owner = self.owner(name);
        if owner == Owner::Other && state.at_work.is_empty() {
            return Ok(());
        }
        if owner == Owner::Other {
            let (was, is) = (old.get(name).and_then(Value::id), new.get(name).and_then(Value::id));
            let relation = self.relation(was, is)?;
            if let Answer::Note(thing, how) = answer(owner, relation) {
                seen.noted.push(self.keep_former(state, name, (thing, how, was))?);
            }
            return Ok(());
        }
        let Some((expected, found)) = self.unexpected(name) else { return Ok(()) };
        let is_strange = matches!(new.get(name), Some(Value::Symbolic(_) | Value::Strange));
        let relation = if is_strange { Relation::Apart } else { self.relation(expected, found)? };
        match answer(owner, relation) {
            Answer::Accept => self.repo.witness().accept(name, found),
            Answer::Note(thing, how) => {
                self.repo.witness().accept(name, found);
                seen.noted.push(Change { was: expected, ..Change::new(thing, name, how) });
            }
            Answer::PutBack(thing, how) => {
                let kept = found.filter(|_| !is_strange).map(|found| self.keep(state, found)).transpose()?.flatten();
                self.refs.put_back(name, expected)?;
                let how = if is_strange { How::Replaced } else { how };
                seen.guarded.push(Change { restored: true, was: expected, kept, ..Change::new(thing, name, how) });
            }
        }
        Ok(())
    }

    /// Returns what a ref must be and what it is, when these differ; looked at until this process is not writing just then.
    fn unexpected(&self, name: &str) -> Option<(Option<ObjectId>, Option<ObjectId>)> {
        let witness = self.repo.witness();
        for _ in 0..TRIES {
            let turn = witness.turn();
            let found = ref_store::read(self.repo.common_dir(), name).ok();
            let expected = witness.expected(name);
            if witness.turn() != turn {
                continue;
            }
            return match (expected, found) {
                (Some(expected), Some(found)) if expected.allows(found) => None,
                (expected, found) => Some((expected.and_then(|expected| expected.value), found.flatten())),
            };
        }
        None
    }

    fn relation(&self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<Relation, GuardError> {
        let (old, new) = match (old, new) {
            (None, None) => return Ok(Relation::Apart),
            (None, Some(_)) => return Ok(Relation::New),
            (Some(_), None) => return Ok(Relation::Gone),
            (Some(old), Some(new)) => (old, new),
        };
        let objects = Objects::open(&self.repo)?;
        let contains = |a, b| objects.is_ancestor(a, b).unwrap_or(false);
        Ok(if contains(old, new) {
            Relation::Ahead
        } else if contains(new, old) {
            Relation::Behind
        } else {
            Relation::Apart
        })
    }

    /// Keeps an object alive; returns the ref that does it, unless the object has gone already.
    fn keep(&self, state: &mut State, id: ObjectId) -> Result<Option<String>, GuardError> {
        state.kept_refs += 1;
        let name = format!("refs/orc/kept/{}/found-{}-{}", self.settings.run.lower(), state.kept_refs, id.short());
        Ok(self.refs.rescue(&name, id)?.then_some(name))
    }

    /// Tells of a ref of the user's that lost a commit, and keeps that commit alive.
    fn keep_former(&self, state: &mut State, name: &str, (thing, how, was): (Thing, How, Option<ObjectId>)) -> Result<Change, GuardError> {
        let kept = was.map(|was| self.keep(state, was)).transpose()?.flatten();
        Ok(Change { kept, was, undo: was.map(|was| undo(name, was)), ..Change::new(thing, name, how) })
    }
}

/// Returns what is told of a work tree of the user's that stands elsewhere now. What it stood on is kept by its branch or its reflog.
fn head(name: &str, old: Option<&Value>, new: Option<&Value>) -> Option<Change> {
    let (old, new) = old.zip(new)?;
    let is_commit = matches!((old, new), (Value::Id(_), Value::Id(_)));
    // A detached HEAD moves with every commit.
    (!is_commit).then(|| Change { was: old.id(), ..Change::new(Thing::Head, name, How::Changed) })
}
