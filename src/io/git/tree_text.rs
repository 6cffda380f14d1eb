//! The content of trees for people and tools: lists of files, and unified diffs.

use super::objects::{ObjectError, Objects};
use super::tree::{Entry, FileMode};
use super::tree_diff::TreeChange;
use crate::domain::id::{ObjectId, RepoPath};

/// Larger blobs are named in a diff and not shown.
const MAX_SHOWN: usize = 1 << 20;

impl Objects {
    /// Returns the regular files of a tree, sorted by path. Only those folders are read that `enters` wants, by their path.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree can not be read.
    pub fn files_of(&self, tree: ObjectId, enters: &dyn Fn(&[u8]) -> bool) -> Result<Vec<(RepoPath, Entry)>, ObjectError> {
        let mut files = Vec::new();
        let mut open = vec![(Vec::new(), tree)];
        while let Some((folder, id)) = open.pop() {
            for named in self.read_tree(id)? {
                let path = if folder.is_empty() { named.name } else { [&folder[..], b"/", &named.name].concat() };
                match named.entry.mode {
                    FileMode::Tree if enters(&path) => open.push((path, named.entry.id)),
                    FileMode::Regular | FileMode::Executable => files.push((RepoPath::new(path), named.entry)),
                    FileMode::Tree | FileMode::Symlink | FileMode::Gitlink => {}
                }
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(files)
    }

    /// Returns changes as a unified diff, cut after the file with which it gets longer than `most` bytes. Binary and very large files are only
    /// named.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn unified(&self, changes: &[TreeChange], most: usize) -> Result<String, ObjectError> {
        let mut text = String::new();
        for (number, change) in changes.iter().enumerate() {
            if text.len() > most {
                text.push_str(&format!("and {} more files\n", changes.len() - number));
                break;
            }
            let side =
                |entry: Option<Entry>, name: &str| entry.map_or_else(|| "/dev/null".to_owned(), |_| format!("{name}/{}", change.path));
            let (old, new) = (self.shown(change.old)?, self.shown(change.new)?);
            let (Some(before), Some(after)) = (old, new) else {
                text.push_str(&format!("Binary or large file {} differs\n", change.path));
                continue;
            };
            text.push_str(&format!("--- {}\n+++ {}\n", side(change.old, "a"), side(change.new, "b")));
            text.push_str(&hunks(&before, &after)?);
        }
        Ok(text)
    }

    /// Reads what is to be shown; `None` when it can not be shown.
    fn shown(&self, entry: Option<Entry>) -> Result<Option<Vec<u8>>, ObjectError> {
        match entry {
            None => Ok(Some(Vec::new())),
            Some(Entry { mode: FileMode::Gitlink, id }) => Ok(Some(format!("Subproject commit {id}\n").into_bytes())),
            Some(Entry { mode: FileMode::Regular | FileMode::Executable | FileMode::Symlink | FileMode::Tree, id }) => {
                if self.size(id)? > MAX_SHOWN {
                    return Ok(None);
                }
                Ok(Some(self.read_blob(id)?).filter(|bytes| !is_binary(bytes)))
            }
        }
    }
}

/// Returns whether git would call it binary: there is a NUL byte near its beginning.
#[must_use]
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(8000)].contains(&0)
}

fn hunks(before: &[u8], after: &[u8]) -> Result<String, ObjectError> {
    let failed = |source| ObjectError::Git { action: "compare blobs", source };
    let mut patch = git2::Patch::from_buffers(before, None, after, None, None).map_err(failed)?;
    let whole = patch.to_buf().map_err(failed)?;
    let whole = String::from_utf8_lossy(&whole).into_owned();
    // Libgit2 does not know the names; the lines before the first hunk are ours.
    Ok(whole.find("@@ ").map_or_else(String::new, |at| whole[at..].to_owned()))
}
