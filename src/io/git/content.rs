//! Reads the content of files on disk and names it by its object id, storing it on the way if asked to.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use crate::domain::id::ObjectId;
use crate::io::git::disk::SkipReason;
use crate::io::git::folder::{self, FileKind, FileStat, Folder};
use crate::io::git::oid::{from_git, to_git};

/// An error that ends a walk: the worktree can not be read at all, or the object database fails.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The top of the worktree can not be read.
    #[error("read the worktree")]
    Top(#[source] io::Error),
    /// The object database can not be read or written.
    #[error("use the object database")]
    Objects(#[source] git2::Error),
    /// The object database can not be written.
    #[error("write to the object database")]
    Write(#[source] io::Error),
}

/// Whether content is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// Only its id is asked for.
    No,
    /// It becomes a blob.
    Yes,
}

/// Passes content through what git does with it on the way in.
pub(super) trait Convert {
    /// Returns the id of the converted content, or nothing if git would store these bytes as they are.
    fn convert(&self, path: &[u8], content: &[u8], store: Store) -> Option<Result<ObjectId, String>>;

    /// Returns whether the answer depends on content at all.
    fn is_needed(&self) -> bool;
}

/// Reads contents.
pub(super) struct Contents<'a> {
    odb: git2::Odb<'a>,
    store: Store,
    convert: Option<&'a dyn Convert>,
    written: Vec<ObjectId>,
}

/// Why the content of one file has no id.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The file can not be read.
    File(io::Error),
    /// It is larger than anything that is stored.
    TooLarge,
    /// A filter failed on it.
    Filter(String),
    /// The object database fails.
    Fatal(ContentError),
}

impl ReadError {
    /// Returns why the file is left out, or the error that ends the walk.
    pub(super) fn into_skip(self) -> Result<SkipReason, ContentError> {
        match self {
            Self::File(error) => Ok(SkipReason::Unreadable(error.to_string())),
            Self::TooLarge => Ok(SkipReason::TooLarge),
            Self::Filter(message) => Ok(SkipReason::Filter(message)),
            Self::Fatal(error) => Err(error),
        }
    }
}

/// Files up to this size are read at once; longer ones are streamed into the object database.
const MAX_AT_ONCE: u64 = 32 << 20;
/// Larger files are not stored. One call makes a file of any length that takes no room on the disk, and reading it would take for ever.
const MAX_FILE: u64 = 4 << 30;

impl<'a> Contents<'a> {
    /// Prepares to read contents.
    pub(super) fn new(repository: &'a git2::Repository, store: Store, convert: Option<&'a dyn Convert>) -> Result<Self, ContentError> {
        Ok(Self { odb: repository.odb().map_err(ContentError::Objects)?, store, convert, written: Vec::new() })
    }

    /// Returns the objects that were stored.
    pub(super) fn into_written(self) -> Vec<ObjectId> {
        self.written
    }

    /// Returns the content of a blob of the repository.
    pub(super) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, ContentError> {
        let object = to_git(id).and_then(|oid| self.odb.read(oid)).map_err(ContentError::Objects)?;
        Ok(object.data().to_vec())
    }

    /// Returns the id of what a name stands for. Content that is already known under the id `expected` is not stored again.
    pub(super) fn read(
        &mut self,
        folder: &Folder,
        (name, path): (&[u8], &[u8]),
        stat: &FileStat,
        expected: Option<ObjectId>,
    ) -> Result<ObjectId, ReadError> {
        if stat.kind == FileKind::Symlink {
            let target = folder.read_link(name).map_err(ReadError::File)?;
            return self.name_bytes(&target, expected);
        }
        let mut file = folder.read_file(name).map_err(ReadError::File)?;
        let size = folder::stat_file(&file).map_err(ReadError::File)?.size;
        if size > MAX_FILE {
            return Err(ReadError::TooLarge);
        }
        if size > MAX_AT_ONCE && self.store == Store::Yes && !self.convert.is_some_and(Convert::is_needed) {
            return self.stream(&mut file, size);
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        file.read_to_end(&mut content).map_err(ReadError::File)?;
        match self.convert.and_then(|c| c.convert(path, &content, self.store)) {
            None => self.name_bytes(&content, expected),
            Some(Err(message)) => Err(ReadError::Filter(message)),
            Some(Ok(id)) => {
                if self.store == Store::Yes && expected != Some(id) {
                    self.written.push(id);
                }
                Ok(id)
            }
        }
    }

    fn name_bytes(&mut self, content: &[u8], expected: Option<ObjectId>) -> Result<ObjectId, ReadError> {
        let fatal = |error| ReadError::Fatal(ContentError::Objects(error));
        let id = from_git(git2::Oid::hash_object(git2::ObjectType::Blob, content).map_err(fatal)?);
        if self.store == Store::Yes && expected != Some(id) {
            self.odb.write(git2::ObjectType::Blob, content).map_err(fatal)?;
            self.written.push(id);
        }
        Ok(id)
    }

    /// Stores a long file piece by piece. One that changes its length meanwhile is not stored.
    fn stream(&mut self, file: &mut File, size: u64) -> Result<ObjectId, ReadError> {
        let fatal = |error| ReadError::Fatal(ContentError::Objects(error));
        let length = usize::try_from(size).map_err(|_| ReadError::File(io::Error::other("it is too long")))?;
        let mut writer = self.odb.writer(length, git2::ObjectType::Blob).map_err(fatal)?;
        let mut piece = vec![0; 1 << 20];
        let mut left = size;
        loop {
            let read = file.read(&mut piece).map_err(ReadError::File)?;
            left = match (left.checked_sub(read as u64), read) {
                (Some(0), 0) => break,
                (Some(left), 1..) => left,
                (None, _) | (Some(_), 0) => return Err(ReadError::File(io::Error::other("its length changed while it was read"))),
            };
            let bytes = piece.get(..read).unwrap_or_default();
            writer.write_all(bytes).map_err(|error| ReadError::Fatal(ContentError::Write(error)))?;
        }
        let id = from_git(writer.finalize().map_err(fatal)?);
        drop(writer);
        self.written.push(id);
        Ok(id)
    }
}
