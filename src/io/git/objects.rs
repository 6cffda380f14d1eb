//! Reading and writing objects: blobs, trees and commits.
//!
//! Never through `Repository::commit`, which answers `Ok` when the disk is full; the bytes of a commit are put together here, which also
//! gives exact times and messages. [`Objects`] remembers what it wrote, so that [`Objects::flush`] can make just that durable.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::durable;
use super::loose::{self, Torn};
use super::oid::{from_git, to_git};
use super::repo::{Repo, RepoError};
use super::signature::{Identity, Signature};
use super::tree::{self, NamedEntry};
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::fs::{self, FsError};

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
    /// The object is there and can not be read.
    #[error("object {id} can not be read: {}", source.message())]
    Unreadable {
        /// The object.
        id: ObjectId,
        /// What libgit2 says.
        #[source]
        source: git2::Error,
    },
    /// The file of the object ends too early, or is no object at all.
    #[error("object {0} is damaged: its file is not whole")]
    Torn(ObjectId),
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

/// Where new objects go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    /// Each into a file of its own, at once.
    Loose,
    /// Into memory, and by the flush into one pack.
    Pack,
}

/// The objects of a repository, for one thread.
pub struct Objects {
    git: git2::Repository,
    folder: PathBuf,
    sink: Sink,
    written: RefCell<Vec<ObjectId>>,
}

impl Objects {
    /// Opens the objects of a repository.
    ///
    /// # Errors
    /// Returns [`ObjectError::Repo`] when it can not be opened.
    pub fn open(repo: &Repo) -> Result<Self, ObjectError> {
        Ok(Self { git: repo.open()?, folder: repo.common_dir().join("objects"), sink: Sink::Loose, written: RefCell::default() })
    }

    /// Opens the objects of a repository so that new ones are kept in memory until [`Objects::flush`] writes them as one pack. That is
    /// many times faster than loose files from some dozens of objects up; others see the objects only after the flush.
    ///
    /// # Errors
    /// Returns [`ObjectError::Repo`] when it can not be opened.
    pub fn open_packing(repo: &Repo) -> Result<Self, ObjectError> {
        let objects = Self { sink: Sink::Pack, ..Self::open(repo)? };
        // The store owns the memory from here on; a second one in the same store would lose objects, so each handle has its own store.
        objects.git.odb().and_then(|odb| odb.add_new_mempack_backend(1000).map(|_| ())).map_err(failed("keep objects in memory"))?;
        Ok(objects)
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
        let id = from_git(self.git.odb().and_then(|odb| odb.write(kind, bytes)).map_err(failed("write object"))?);
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
        if let Some(size) = loose::size(&self.folder, id).map_err(|Torn| ObjectError::Torn(id))? {
            return Ok(size);
        }
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
        self.look(id, |found, content| (found == kind).then(|| take(content)))?.ok_or(ObjectError::Invalid { id, expected: kind.str() })
    }

    /// Shows the kind and the content of an object, whatever it is.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it is missing or damaged.
    pub fn look<T>(&self, id: ObjectId, take: impl FnOnce(git2::ObjectType, &[u8]) -> T) -> Result<T, ObjectError> {
        if let Some((kind, content)) = self.loose(id)? {
            return Ok(take(kind, &content));
        }
        let failed = |source| missing_or(id, source);
        let odb = self.git.odb().map_err(failed)?;
        let object = to_git(id).and_then(|oid| odb.read(oid)).map_err(failed)?;
        Ok(take(object.kind(), object.data()))
    }

    fn loose(&self, id: ObjectId) -> Result<Option<loose::Content>, ObjectError> {
        loose::read(&self.folder, id).map_err(|Torn| ObjectError::Torn(id))
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it is missing or no commit.
    pub fn read_commit(&self, id: ObjectId) -> Result<Commit, ObjectError> {
        let commit = self.commit(id)?;
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
        Ok(from_git(self.commit(commit)?.tree_id()))
    }

    /// Lets libgit2 read a commit, once it is sure that it can.
    fn commit(&self, id: ObjectId) -> Result<git2::Commit<'_>, ObjectError> {
        self.loose(id)?;
        to_git(id).and_then(|oid| self.git.find_commit(oid)).map_err(|source| missing_or(id, source))
    }

    /// Takes the list of what was written through this handle and not flushed yet, for example to flush it together with others.
    #[must_use]
    pub fn take_written(&self) -> Vec<ObjectId> {
        self.written.take()
    }

    /// Counts objects that something else wrote, such as a git process, among those that the next flush makes durable.
    pub fn adopt(&self, ids: impl IntoIterator<Item = ObjectId>) {
        self.written.borrow_mut().extend(ids);
    }

    /// Makes everything durable that was written through this handle since the last flush.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be synced, or when a garbage collection took an object away; a later flush then tries again.
    pub fn flush(&self) -> Result<(), ObjectError> {
        let written = self.take_written();
        let flushed = match self.sink {
            Sink::Loose => self.flush_ids(&written),
            Sink::Pack => self.write_pack(&written),
        };
        if flushed.is_err() {
            self.adopt(written);
        }
        flushed
    }

    /// Makes the named objects durable. Those that are in a pack are so already.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when they can not be synced or do not exist.
    pub fn flush_ids(&self, ids: &[ObjectId]) -> Result<(), ObjectError> {
        let packed = durable::sync_loose(&self.folder, ids)?;
        match packed.into_iter().find(|id| !self.exists(*id)) {
            Some(missing) => Err(ObjectError::Missing(missing)),
            None => Ok(()),
        }
    }

    /// Hands everything that was written to the operating system, without waiting for the disk.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a pack can not be written.
    pub fn settle(&self) -> Result<(), ObjectError> {
        match self.sink {
            Sink::Loose => match self.take_written().into_iter().find(|id| !self.exists(*id)) {
                // A garbage collection of the user's took it.
                Some(missing) => Err(ObjectError::Missing(missing)),
                None => Ok(()),
            },
            Sink::Pack => self.flush(),
        }
    }

    fn write_pack(&self, ids: &[ObjectId]) -> Result<(), ObjectError> {
        if ids.is_empty() {
            return Ok(());
        }
        let folder = self.folder.join("pack");
        fs::create_dir_all(&folder)?;
        let name = self.pack_into(&folder, ids).map_err(failed("write pack"))?;
        for ending in ["pack", "idx"] {
            fs::sync_file(&folder.join(format!("pack-{name}.{ending}")))?;
        }
        Ok(fs::sync_dir(&folder)?)
    }

    fn pack_into(&self, folder: &Path, ids: &[ObjectId]) -> Result<String, git2::Error> {
        let mut builder = self.git.packbuilder()?;
        for id in ids {
            builder.insert_object(to_git(*id)?, None)?;
        }
        builder.write(folder, 0)?;
        Ok(builder.name()?.unwrap_or_default().to_owned())
    }
}

fn failed(action: &'static str) -> impl Fn(git2::Error) -> ObjectError {
    move |source| ObjectError::Git { action, source }
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
    if source.code() == git2::ErrorCode::NotFound { ObjectError::Missing(id) } else { ObjectError::Unreadable { id, source } }
}
