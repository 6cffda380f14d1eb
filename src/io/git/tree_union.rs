//! The plain union of two changed trees, where there is nothing to decide.

use std::collections::BTreeMap;

use super::objects::{ObjectError, Objects};
use super::tree::{Entry, FileMode, NamedEntry};
use crate::domain::id::ObjectId;

/// What came of trying a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io::git) enum Union {
    /// The merged tree.
    Tree(ObjectId),
    /// There is something to decide: a path that both changed, a removal (which may be half of a rename), a change of kind.
    Undecided,
}

/// The entries of one name in the base, on our side and on theirs.
type Three = [Option<Entry>; 3];

impl Objects {
    /// Tries the union of the changes from the first tree to the second and from the first to the third.
    pub(in crate::io::git) fn union_of(&self, [base, ours, theirs]: [ObjectId; 3]) -> Result<Union, ObjectError> {
        let tree = |id| Some(Entry { mode: FileMode::Tree, id });
        Ok(match self.union_entry([tree(base), tree(ours), tree(theirs)])? {
            Some(Some(entry)) => Union::Tree(entry.id),
            Some(None) | None => Union::Undecided,
        })
    }

    /// Returns what stands there in the union, or `None` when that is undecided.
    fn union_entry(&self, [base, ours, theirs]: Three) -> Result<Option<Option<Entry>>, ObjectError> {
        let settled = if ours == theirs || theirs == base {
            Some(ours)
        } else if ours == base {
            Some(theirs)
        } else {
            None
        };
        if let Some(taken) = settled {
            return Ok(self.only_adds(base, taken)?.then_some(taken));
        }
        let folder = |entry: Option<Entry>| entry.filter(|entry| entry.mode == FileMode::Tree).map(|entry| entry.id);
        match (base, folder(base), folder(ours), folder(theirs)) {
            (None, _, Some(ours), Some(theirs)) => self.union_folder([None, Some(ours), Some(theirs)]),
            (Some(_), Some(base), Some(ours), Some(theirs)) => self.union_folder([Some(base), Some(ours), Some(theirs)]),
            _ => Ok(None),
        }
    }

    fn union_folder(&self, ids: [Option<ObjectId>; 3]) -> Result<Option<Option<Entry>>, ObjectError> {
        let mut names: BTreeMap<Vec<u8>, Three> = BTreeMap::new();
        for (side, id) in ids.into_iter().enumerate() {
            let entries = id.map(|id| self.read_tree(id)).transpose()?.unwrap_or_default();
            for NamedEntry { name, entry } in entries {
                if let Some(slot) = names.entry(name).or_default().get_mut(side) {
                    *slot = Some(entry);
                }
            }
        }
        let mut merged = Vec::with_capacity(names.len());
        for (name, three) in names {
            match self.union_entry(three)? {
                Some(Some(entry)) => merged.push(NamedEntry { name, entry }),
                Some(None) => {}
                None => return Ok(None),
            }
        }
        let id = self.write_tree(&mut merged)?;
        Ok(Some(Some(Entry { mode: FileMode::Tree, id })))
    }

    /// Returns whether a side only added and modified: nothing removed, nothing of another kind.
    fn only_adds(&self, base: Option<Entry>, side: Option<Entry>) -> Result<bool, ObjectError> {
        match (base, side) {
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(base), Some(side)) if base == side => Ok(true),
            (Some(base), Some(side)) => match (base.mode, side.mode) {
                (FileMode::Tree, FileMode::Tree) => self.folder_only_adds(base.id, side.id),
                (old, new) => Ok(old == new || (old.is_file() && new.is_file())),
            },
        }
    }

    fn folder_only_adds(&self, base: ObjectId, side: ObjectId) -> Result<bool, ObjectError> {
        let mut after: BTreeMap<Vec<u8>, Entry> = self.read_tree(side)?.into_iter().map(|named| (named.name, named.entry)).collect();
        for NamedEntry { name, entry } in self.read_tree(base)? {
            if !self.only_adds(Some(entry), after.remove(&name))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the trees and blobs of `tree` that stand in neither of the known trees at the same path: what a merge may have written.
    pub(in crate::io::git) fn new_in(&self, tree: ObjectId, known: [ObjectId; 2]) -> Result<Vec<ObjectId>, ObjectError> {
        let mut found = Vec::new();
        self.collect_new(tree, known.map(Some), &mut found)?;
        Ok(found)
    }

    fn collect_new(&self, tree: ObjectId, known: [Option<ObjectId>; 2], found: &mut Vec<ObjectId>) -> Result<(), ObjectError> {
        if known.contains(&Some(tree)) {
            return Ok(());
        }
        found.push(tree);
        let mut sides = Vec::with_capacity(2);
        for id in known.into_iter().flatten() {
            sides.push(self.read_tree(id)?.into_iter().map(|named| (named.name, named.entry)).collect::<BTreeMap<_, _>>());
        }
        for NamedEntry { name, entry } in self.read_tree(tree)? {
            let mut beside = sides.iter().map(|side| side.get(&name).copied());
            let beside = [beside.next().flatten(), beside.next().flatten()];
            match entry.mode {
                FileMode::Tree => {
                    let folders = beside.map(|other| other.filter(|other| other.mode == FileMode::Tree).map(|other| other.id));
                    self.collect_new(entry.id, folders, found)?;
                }
                FileMode::Gitlink => {}
                FileMode::Regular | FileMode::Executable | FileMode::Symlink => {
                    if !beside.iter().flatten().any(|other| other.id == entry.id) {
                        found.push(entry.id);
                    }
                }
            }
        }
        Ok(())
    }
}
