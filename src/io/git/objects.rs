//! Reading and writing objects: blobs, trees and commits.
//!
//! Never through `Repository::commit`, which answers `Ok` when the disk is full; the bytes of a commit are put together here, which also
//! gives exact times and messages. [`Objects`] remembers what it wrote, so that [`Objects::flush`] can make just that durable.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::durable;
use super::oid::{from_git, to_git};
use super::repo::{Repo, RepoError};
use super::signature::{Identity, Signature};
use super::tree::{self, NamedEntry};
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::fs::FsError;

/// The error of reading or writing objects.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The object is not there.
    #[error("object {0} is missing")]
    Missing(ObjectId),
    /// The object is of another kind, or damaged.
    #[error("object {id} is no valid {expected}")]
    Invalid {
        /// The object.
        id: ObjectId,
        /// What it should be.
        expected: &'static str,
    },
    /// A path can not stand in a tree.
    #[error("`{0}` can not be a path in a tree")]
    BadPath(RepoPath),
    /// Two changes contradict each other: one makes a file of what the other makes a folder.
    #[error("`{0}` can not be a file and a folder at once")]
    FileAndFolder(RepoPath),
    /// A commit message contains a zero byte.
    #[error("a commit message can not contain a zero byte")]
    BadMessage,
    /// libgit2 failed.
    #[error("{action}: {}", source.message())]
    Git {
        /// What was tried.
        action: &'static str,
        /// What libgit2 says.
        #[source]
        source: git2::Error,
    },
    /// A file of the object store can not be written or synced.
    #[error(transparent)]
    File(#[from] FsError),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// A commit to be written.
#[derive(Debug, Clone)]
pub struct NewCommit<'a> {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, in order.
    pub parents: &'a [ObjectId],
    /// Who made the change.
    pub author: &'a Signature,
    /// Who made the commit.
    pub committer: &'a Signature,
    /// The message; ends with a newline by git's custom.
    pub message: &'a [u8],
}

/// A commit that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, in order.
    pub parents: Vec<ObjectId>,
    /// Who made the change.
    pub author: Signature,
    /// Who made the commit.
    pub committer: Signature,
    /// The message.
    pub message: Vec<u8>,
}

/// The objects of a repository, for one thread.
pub struct Objects {
    git: git2::Repository,
    folder: PathBuf,
    written: RefCell<Vec<ObjectId>>,
}

impl Objects {
    /// Opens the objects of a repository.
    ///
    /// # Errors
    /// Returns [`ObjectError::Repo`] when it can not be opened.
    pub fn open(repo: &Repo) -> Result<Self, ObjectError> {
        Ok(Self { git: repo.open()?, folder: repo.common_dir().join("objects"), written: RefCell::default() })
    }

    /// Returns the libgit2 handle.
    #[must_use]
    pub const fn git(&self) -> &git2::Repository {
        &self.git
    }

    /// Returns the folder that holds the objects.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns whether an object exists.
    #[must_use]
    pub fn exists(&self, id: ObjectId) -> bool {
        matches!((self.git.odb(), to_git(id)), (Ok(odb), Ok(oid)) if odb.exists(oid))
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be written.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, ObjectError> {
        self.write(git2::ObjectType::Blob, bytes)
    }

    /// Writes a tree of these entries, in any order.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be written or a name can not stand in a tree.
    pub fn write_tree(&self, entries: &mut [NamedEntry]) -> Result<ObjectId, ObjectError> {
        if let Some(bad) = entries.iter().find(|entry| !tree::is_name(&entry.name)) {
            return Err(ObjectError::BadPath(RepoPath::new(bad.name.clone())));
        }
        self.write(git2::ObjectType::Tree, &tree::serialise(entries))
    }

    /// Writes a commit.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be written.
    pub fn write_commit(&self, commit: &NewCommit<'_>) -> Result<ObjectId, ObjectError> {
        self.write(git2::ObjectType::Commit, &commit_bytes(commit)?)
    }

    fn write(&self, kind: git2::ObjectType, bytes: &[u8]) -> Result<ObjectId, ObjectError> {
        let failed = |source| ObjectError::Git { action: "write object", source };
        let id = from_git(self.git.odb().and_then(|odb| odb.write(kind, bytes)).map_err(failed)?);
        self.written.borrow_mut().push(id);
        Ok(id)
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it is missing or no blob.
    pub fn read_blob(&self, id: ObjectId) -> Result<Vec<u8>, ObjectError> {
        self.read(id, git2::ObjectType::Blob, <[u8]>::to_vec)
    }

    /// Returns the size of an object in bytes, without reading it.
    ///
    /// # Errors
    /// Returns [`ObjectError::Missing`] when it is missing.
    pub fn size(&self, id: ObjectId) -> Result<usize, ObjectError> {
        let header = self.git.odb().and_then(|odb| odb.read_header(to_git(id)?));
        header.map(|(size, _)| size).map_err(|source| missing_or(id, source))
    }

    /// Reads the entries of a tree, in git's order.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it is missing or no tree.
    pub fn read_tree(&self, id: ObjectId) -> Result<Vec<NamedEntry>, ObjectError> {
        self.read(id, git2::ObjectType::Tree, tree::parse)?.ok_or(ObjectError::Invalid { id, expected: "tree" })
    }

    fn read<T>(&self, id: ObjectId, kind: git2::ObjectType, take: impl FnOnce(&[u8]) -> T) -> Result<T, ObjectError> {
        let failed = |source| missing_or(id, source);
        let odb = self.git.odb().map_err(failed)?;
        let object = to_git(id).and_then(|oid| odb.read(oid)).map_err(failed)?;
        if object.kind() == kind { Ok(take(object.data())) } else { Err(ObjectError::Invalid { id, expected: kind.str() }) }
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it is missing or no commit.
    pub fn read_commit(&self, id: ObjectId) -> Result<Commit, ObjectError> {
        let commit = to_git(id).and_then(|oid| self.git.find_commit(oid)).map_err(|source| missing_or(id, source))?;
        let (author, committer) = (commit.author(), commit.committer());
        Ok(Commit {
            id,
            tree: from_git(commit.tree_id()),
            parents: commit.parent_ids().map(from_git).collect(),
            author: signature(&author),
            committer: signature(&committer),
            message: commit.message_raw_bytes().to_vec(),
        })
    }

    /// Returns the tree of a commit.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when the commit is missing or no commit.
    pub fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, ObjectError> {
        let found = to_git(commit).and_then(|oid| self.git.find_commit(oid));
        found.map(|found| from_git(found.tree_id())).map_err(|source| missing_or(commit, source))
    }

    /// Takes the list of what was written through this handle and not flushed yet, for example to flush it together with others.
    #[must_use]
    pub fn take_written(&self) -> Vec<ObjectId> {
        self.written.take()
    }

    /// Makes everything durable that was written through this handle since the last flush.
    ///
    /// # Errors
    /// Returns [`ObjectError::File`] when it can not be synced; a later flush then tries again.
    pub fn flush(&self) -> Result<(), ObjectError> {
        let written = self.take_written();
        if let Err(error) = durable::sync_loose(&self.folder, &written) {
            self.written.borrow_mut().extend(written);
            return Err(error.into());
        }
        Ok(())
    }

    /// Makes the named objects durable. Those that are in a pack are so already.
    ///
    /// # Errors
    /// Returns [`ObjectError::File`] when they can not be synced.
    pub fn flush_ids(&self, ids: &[ObjectId]) -> Result<(), ObjectError> {
        Ok(durable::sync_loose(&self.folder, ids)?)
    }
}

/// Puts the bytes of a commit together.
///
/// # Errors
/// Returns [`ObjectError::BadMessage`] when the message contains a zero byte.
pub(in crate::io::git) fn commit_bytes(commit: &NewCommit<'_>) -> Result<Vec<u8>, ObjectError> {
    if commit.message.contains(&0) {
        return Err(ObjectError::BadMessage);
    }
    let mut head = format!("tree {}\n", commit.tree);
    for parent in commit.parents {
        head.push_str(&format!("parent {parent}\n"));
    }
    head.push_str(&format!("author {}\ncommitter {}\n\n", commit.author.line(), commit.committer.line()));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(commit.message);
    Ok(bytes)
}

fn signature(from: &git2::Signature<'_>) -> Signature {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let identity = Identity { name: text(from.name_bytes()), email: text(from.email_bytes()) };
    Signature::new(identity, Timestamp::from_second(from.when().seconds()).unwrap_or_default())
}

pub(in crate::io::git) fn missing_or(id: ObjectId, source: git2::Error) -> ObjectError {
    if source.code() == git2::ErrorCode::NotFound { ObjectError::Missing(id) } else { ObjectError::Git { action: "read object", source } }
}
