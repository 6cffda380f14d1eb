//! What a disk can and can not hold of a tree.

use crate::domain::id::RepoPath;

/// Something in a worktree that can not be part of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub path: RepoPath,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// Why something can not be part of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// A pipe, a socket or a device.
    #[error("is a pipe, a socket or a device")]
    Special,
    /// It can not be read.
    #[error("can not be read: {0}")]
    Unreadable(String),
    /// Some file system takes the name for `.git`, and no tree may hold that.
    #[error("has a name that means `.git`")]
    GitDirectory,
    /// The `.git` of a repository inside the worktree; the files around it are captured.
    #[error("is the repository of an embedded checkout")]
    EmbeddedRepository,
    /// Files inside a submodule were changed; a tree holds only its commit.
    #[error("is a submodule with changes inside")]
    SubmoduleChanged,
    /// A filter of the user's own configuration failed on it, and storing it unfiltered could disclose it.
    #[error("could not be passed through its filter: {0}")]
    Filter(String),
    /// It is larger than 4 GiB.
    #[error("is larger than 4 GiB")]
    TooLarge,
    /// It lies too many directories deep.
    #[error("lies too many directories deep")]
    TooDeep,
}

/// What the settings say about disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSettings {
    /// `core.fileMode`: whether the executable bit means something.
    pub file_mode: FileModes,
    /// `core.symlinks`: whether links are links.
    pub symlinks: Symlinks,
}

/// Whether the executable bit of a file on disk means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileModes {
    /// It does.
    Trusted,
    /// It does not; files keep the mode that the tree has.
    Untrusted,
}

/// Whether symbolic links are links on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symlinks {
    /// They are.
    Links,
    /// They are files that hold the target.
    Files,
}
