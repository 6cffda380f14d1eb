//! Trees for the tests of this module.

use super::view::{Content, TreeView};
use crate::domain::id::RepoPath;

/// A tree in memory.
pub(crate) struct Tree {
    paths: Vec<RepoPath>,
    changed: Vec<RepoPath>,
    files: Vec<(String, Vec<u8>)>,
}

impl Tree {
    /// Makes a tree of these files, of which `changed` were changed.
    pub(crate) fn of(files: &[(&str, &[u8])], changed: &[&str]) -> Self {
        let path = |text: &str| RepoPath::new(text.as_bytes());
        Self {
            paths: files.iter().map(|(name, _)| path(name)).collect(),
            changed: changed.iter().map(|name| path(name)).collect(),
            files: files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect(),
        }
    }

    fn bytes(&self, path: &RepoPath) -> &[u8] {
        self.files.iter().find(|(name, _)| *name == path.to_string()).map_or(&[], |(_, bytes)| bytes)
    }

    /// Looks at it.
    pub(crate) fn look<T>(&self, take: impl FnOnce(&TreeView<'_>) -> T) -> T {
        let size = |path: &RepoPath| self.bytes(path).len() as u64;
        let read = |path: &RepoPath| Content::of(self.bytes(path), size(path));
        take(&TreeView { paths: &self.paths, changed: &self.changed, size: &size, read: &read })
    }
}
