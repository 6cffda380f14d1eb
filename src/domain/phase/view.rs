//! A tree, looked at and not touched: which files it has, what changed in it, and a bounded reader of their text.

use crate::domain::id::RepoPath;
use crate::domain::policy::pattern::Pattern;

/// Of one file so many bytes are read.
pub const MOST_OF_A_FILE: usize = 1 << 20;
/// For one question so many bytes are read of all files together.
pub const MOST_OF_A_QUESTION: usize = 32 << 20;

/// What a file holds, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of its text.
    Text(String),
    /// The beginning of its text, which is longer than what is read of a file.
    Beginning(String),
    /// No text.
    Binary,
    /// Nothing that is known: enough was read for one question before.
    Unread,
}

impl Content {
    /// Makes the content of a file out of the first bytes of it; `size` is how many it has in all.
    #[must_use]
    pub fn of(bytes: &[u8], size: u64) -> Self {
        if bytes.iter().take(8_000).any(|byte| *byte == 0) {
            return Self::Binary;
        }
        let read = &bytes[..bytes.len().min(MOST_OF_A_FILE)];
        let text = String::from_utf8_lossy(read).into_owned();
        if size > read.len() as u64 { Self::Beginning(text) } else { Self::Text(text) }
    }

    /// Returns the text, whole or not; `None` for what is no text, or was not read.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Beginning(text) => Some(text),
            Self::Binary | Self::Unread => None,
        }
    }

    /// Returns why it may hold more text than was read; `None` when all of it was.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        match self {
            Self::Text(_) | Self::Binary => None,
            Self::Beginning(_) => Some(format!("it is larger than {} MiB and was not read to its end", MOST_OF_A_FILE >> 20)),
            Self::Unread => Some(format!("it was not read, since it comes after {} MiB of others", MOST_OF_A_QUESTION >> 20)),
        }
    }
}

/// A tree, looked at.
#[derive(Clone, Copy)]
pub struct TreeView<'a> {
    /// Its regular files, sorted.
    pub paths: &'a [RepoPath],
    /// What the workstream changed or removed so far, sorted.
    pub changed: &'a [RepoPath],
    /// Returns how many bytes a file has.
    pub size: &'a dyn Fn(&RepoPath) -> u64,
    /// Returns what a file holds.
    pub read: &'a dyn Fn(&RepoPath) -> Content,
}

impl std::fmt::Debug for TreeView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TreeView").field("paths", &self.paths.len()).field("changed", &self.changed.len()).finish_non_exhaustive()
    }
}

impl<'a> TreeView<'a> {
    /// Returns the files that a glob matches.
    pub fn matching(&self, files: &Pattern) -> impl Iterator<Item = &'a RepoPath> {
        self.paths.iter().filter(|path| files.matches(path.as_bytes()))
    }

    /// Returns the files that a glob matches with what they hold; when enough was read for one question, the rest is not.
    pub fn read_each(&self, files: &Pattern) -> impl Iterator<Item = (&'a RepoPath, Content)> {
        let mut read = 0;
        self.matching(files).map(move |path| {
            let content = if read > MOST_OF_A_QUESTION { Content::Unread } else { (self.read)(path) };
            read += content.text().map_or(0, str::len);
            (path, content)
        })
    }
}
