//! Comparing trees: which paths differ, and by how many lines. Folders with the same id are never read.

use std::collections::BTreeMap;

use super::objects::{ObjectError, Objects};
use super::tree::{Entry, FileMode};
use crate::domain::id::{ObjectId, RepoPath};

/// Blobs larger than this are not compared line by line.
const MAX_COUNTED: usize = 1 << 20;

/// A path that differs between two trees. Never a folder: those are walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// Where.
    pub path: RepoPath,
    /// What stood there.
    pub old: Option<Entry>,
    /// What stands there now.
    pub new: Option<Entry>,
}

/// The size of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffStat {
    /// Files that differ.
    pub files: u32,
    /// Lines that are new.
    pub insertions: u32,
    /// Lines that are gone.
    pub deletions: u32,
}

type Folder = BTreeMap<Vec<u8>, Entry>;

impl Objects {
    /// Returns the paths that differ between two trees (`None`: an empty one), sorted by path, without looking for renames.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree can not be read.
    pub fn diff_trees(&self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<Vec<TreeChange>, ObjectError> {
        let mut changes = Vec::new();
        if old != new {
            self.diff_folders(old, new, &mut Vec::new(), &mut changes)?;
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    fn entries_of(&self, id: Option<ObjectId>) -> Result<Folder, ObjectError> {
        let entries = id.map(|id| self.read_tree(id)).transpose()?.unwrap_or_default();
        Ok(entries.into_iter().map(|named| (named.name, named.entry)).collect())
    }

    fn diff_folders(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        path: &mut Vec<u8>,
        changes: &mut Vec<TreeChange>,
    ) -> Result<(), ObjectError> {
        let (old, mut new) = (self.entries_of(old)?, self.entries_of(new)?);
        for (name, before) in old {
            let after = new.remove(&name);
            self.diff_entries(&name, (Some(before), after), path, changes)?;
        }
        for (name, after) in new {
            self.diff_entries(&name, (None, Some(after)), path, changes)?;
        }
        Ok(())
    }

    fn diff_entries(
        &self,
        name: &[u8],
        (old, new): (Option<Entry>, Option<Entry>),
        path: &mut Vec<u8>,
        changes: &mut Vec<TreeChange>,
    ) -> Result<(), ObjectError> {
        if old == new {
            return Ok(());
        }
        let length = path.len();
        path.extend_from_slice(name);
        let (old_folder, old_file) = split(old);
        let (new_folder, new_file) = split(new);
        if old_file != new_file {
            changes.push(TreeChange { path: RepoPath::new(path.clone()), old: old_file, new: new_file });
        }
        if old_folder != new_folder {
            path.push(b'/');
            self.diff_folders(old_folder, new_folder, path, changes)?;
        }
        path.truncate(length);
        Ok(())
    }

    /// Counts the files and lines that differ between two trees, as `git diff --no-renames --shortstat` does; binary files and those over
    /// 1 MiB count as no lines.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn diff_stat(&self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<DiffStat, ObjectError> {
        self.stat_of(&self.diff_trees(old, new)?)
    }

    /// Counts the files and lines of a list of changes.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn stat_of(&self, changes: &[TreeChange]) -> Result<DiffStat, ObjectError> {
        let mut stat = DiffStat::default();
        for change in changes {
            stat.files = stat.files.saturating_add(1);
            let (Some(before), Some(after)) = (self.counted(change.old)?, self.counted(change.new)?) else { continue };
            // The same content with another mode differs by no line; a file that became a link differs by all of them.
            let is_link = |entry: Option<Entry>| entry.is_some_and(|entry| !entry.mode.is_file());
            let counts = if change.old.is_some() && change.new.is_some() && is_link(change.old) != is_link(change.new) {
                let (gone, come) = (count(&before, b"")?, count(b"", &after)?);
                (come.0, gone.1)
            } else {
                count(&before, &after)?
            };
            stat.insertions = stat.insertions.saturating_add(counts.0);
            stat.deletions = stat.deletions.saturating_add(counts.1);
        }
        Ok(stat)
    }

    /// Reads what is to be counted; `None` when it is too large.
    fn counted(&self, entry: Option<Entry>) -> Result<Option<Vec<u8>>, ObjectError> {
        match entry {
            None => Ok(Some(Vec::new())),
            Some(Entry { mode: FileMode::Gitlink, id }) => Ok(Some(format!("Subproject commit {id}\n").into_bytes())),
            Some(Entry { mode: FileMode::Regular | FileMode::Executable | FileMode::Symlink | FileMode::Tree, id }) => {
                if self.size(id)? > MAX_COUNTED { Ok(None) } else { self.read_blob(id).map(Some) }
            }
        }
    }
}

fn split(entry: Option<Entry>) -> (Option<ObjectId>, Option<Entry>) {
    match entry {
        Some(Entry { mode: FileMode::Tree, id }) => (Some(id), None),
        other => (None, other),
    }
}

fn count(old: &[u8], new: &[u8]) -> Result<(u32, u32), ObjectError> {
    let mut options = git2::DiffOptions::new();
    options.context_lines(0);
    let (_, insertions, deletions) = git2::Patch::from_buffers(old, None, new, None, Some(&mut options))
        .and_then(|patch| patch.line_stats())
        .map_err(|source| ObjectError::Git { action: "compare blobs", source })?;
    Ok((u32::try_from(insertions).unwrap_or(u32::MAX), u32::try_from(deletions).unwrap_or(u32::MAX)))
}
