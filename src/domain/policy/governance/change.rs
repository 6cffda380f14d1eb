//! What a workstream changed, as far as a policy looks at it.

use crate::domain::id::RepoPath;
use crate::domain::policy::scope::ChangeKind;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A submodule.
    Submodule,
}

impl EntryKind {
    /// Returns whether it is a file.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }

    /// Returns the mode as git writes it.
    #[must_use]
    pub const fn octal(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Submodule => "160000",
        }
    }
}

/// Lines that were added one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The number of the first line, counted from 1.
    pub first: u32,
    /// The lines, each with its line break.
    pub text: Vec<u8>,
}

/// What a file has now and had not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// These lines; none for what was deleted and for submodules.
    Lines(Vec<Block>),
    /// It is no text.
    Binary,
    /// It is larger than what is read, and nobody has looked at its lines.
    Unread,
}

/// A change of one path, between the commit that the workstream started from and what it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: RepoPath,
    /// What stood there.
    pub old: Option<EntryKind>,
    /// What stands there now.
    pub new: Option<EntryKind>,
    /// The size of what stands there now, in bytes.
    pub bytes: u64,
    /// How many lines were added and removed.
    pub lines: u64,
    /// What it has now and had not before.
    pub added: Added,
}

impl Change {
    /// Returns what happened to the path.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match (self.old, self.new) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Deleted,
            (Some(_), Some(_)) => ChangeKind::Modified,
        }
    }

    /// Returns the blocks of added lines.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        match &self.added {
            Added::Lines(blocks) => blocks,
            Added::Binary | Added::Unread => &[],
        }
    }
}
