//! Editing trees in memory, without an index: only the folders on the way to a change are read and written.

use std::collections::BTreeMap;

use super::objects::{ObjectError, Objects};
use super::tree::{self, Entry, FileMode, NamedEntry};
use crate::domain::id::{ObjectId, RepoPath};

/// One change to a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEdit {
    /// Where.
    pub path: RepoPath,
    /// What shall stand there, replacing a file or a whole folder; `None` removes whatever stands there.
    pub entry: Option<Entry>,
}

/// The changes below one folder.
#[derive(Default)]
struct Node {
    edit: Option<Option<Entry>>,
    below: BTreeMap<Vec<u8>, Node>,
}

impl Node {
    fn insert(&mut self, edit: &TreeEdit) -> Result<(), ObjectError> {
        let mut node = self;
        for name in edit.path.components() {
            if !tree::is_name(name) {
                return Err(ObjectError::BadPath(edit.path.clone()));
            }
            node = node.below.entry(name.to_vec()).or_default();
        }
        node.edit = Some(edit.entry);
        Ok(())
    }

    fn puts(&self) -> bool {
        matches!(self.edit, Some(Some(_))) || self.below.values().any(Self::puts)
    }
}

impl Objects {
    /// Returns `base` (or the empty tree) with the edits applied, in any order; of two edits of one path the later one counts. A file that
    /// stands where an edit needs a folder gives way; removing what is not there is no error.
    ///
    /// # Errors
    /// Returns [`ObjectError::BadPath`] for a path that can not stand in a tree, [`ObjectError::FileAndFolder`] when edits contradict each
    /// other, and other errors when objects can not be read or written.
    pub fn edit_tree(&self, base: Option<ObjectId>, edits: &[TreeEdit]) -> Result<ObjectId, ObjectError> {
        let mut root = Node::default();
        for edit in edits {
            root.insert(edit)?;
        }
        match self.edit_folder(base, &root, &mut Vec::new())? {
            Some(id) => Ok(id),
            None => self.write_tree(&mut []),
        }
    }

    fn edit_folder(&self, base: Option<ObjectId>, node: &Node, path: &mut Vec<u8>) -> Result<Option<ObjectId>, ObjectError> {
        let before = base.map(|id| self.read_tree(id)).transpose()?.unwrap_or_default();
        let mut entries: BTreeMap<Vec<u8>, Entry> = before.into_iter().map(|named| (named.name, named.entry)).collect();
        let mut changed = false;
        for (name, child) in &node.below {
            let length = path.len();
            path.extend_from_slice(name);
            let old = entries.get(name).copied();
            let new = self.edit_entry(old, child, path)?;
            path.truncate(length);
            changed |= new != old;
            match new {
                Some(entry) => entries.insert(name.clone(), entry),
                None => entries.remove(name),
            };
        }
        if entries.is_empty() {
            return Ok(None);
        }
        match base.filter(|_| !changed) {
            Some(id) => Ok(Some(id)),
            None => {
                let mut entries: Vec<_> = entries.into_iter().map(|(name, entry)| NamedEntry { name, entry }).collect();
                self.write_tree(&mut entries).map(Some)
            }
        }
    }

    fn edit_entry(&self, old: Option<Entry>, node: &Node, path: &mut Vec<u8>) -> Result<Option<Entry>, ObjectError> {
        if let Some(Some(entry)) = node.edit {
            let contradicted = node.below.values().any(Node::puts);
            return if contradicted { Err(ObjectError::FileAndFolder(RepoPath::new(path.clone()))) } else { Ok(Some(entry)) };
        }
        let old = old.filter(|_| node.edit.is_none());
        if node.below.is_empty() {
            return Ok(old);
        }
        let folder = old.filter(|entry| entry.mode == FileMode::Tree).map(|entry| entry.id);
        path.push(b'/');
        let edited = self.edit_folder(folder, node, path)?;
        Ok(match edited {
            Some(id) => Some(Entry { mode: FileMode::Tree, id }),
            // A file where the removed things would have been folders is no concern of theirs.
            None => old.filter(|entry| entry.mode != FileMode::Tree),
        })
    }

    /// Finds what stands at a path of a tree.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree on the way can not be read.
    pub fn entry_at(&self, root: ObjectId, path: &RepoPath) -> Result<Option<Entry>, ObjectError> {
        let mut at = Entry { mode: FileMode::Tree, id: root };
        for name in path.components() {
            if at.mode != FileMode::Tree {
                return Ok(None);
            }
            match self.read_tree(at.id)?.into_iter().find(|named| named.name == name) {
                Some(named) => at = named.entry,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}
