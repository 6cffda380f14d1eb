//! Writes the files of a tree into a worktree of ours, byte for byte as git stores them.
//!
//! Only for trees in which nothing is converted ([`super::attributes`]). Files are made anew and never opened through a link: each is named
//! by an open directory, must not exist yet, and symbolic links come last, when no file is left that one of them could lead astray.

use std::io::{self, Write as _};

use crate::domain::id::RepoPath;
use crate::io::git::blobs::BlobCache;
use crate::io::git::folder::{self, FileStat, FileTime, Folder};
use crate::io::git::tree::{Entry, FileMode};

/// An error while files were written.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// A file could not be written.
    #[error("write `{path}`")]
    Write {
        /// Which one.
        path: RepoPath,
        /// Why.
        source: io::Error,
    },
    /// Content could not be read from the repository.
    #[error("read the content of `{path}`")]
    Read {
        /// Which one.
        path: RepoPath,
        /// Why.
        source: git2::Error,
    },
    /// The repository could not be opened a second time.
    #[error("open the repository for a checkout")]
    Open(#[source] git2::Error),
}

/// A file to write.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Its path.
    pub(super) path: Vec<u8>,
    /// What it is, never a directory, and its content.
    pub(super) entry: Entry,
}

/// A file that was written.
#[derive(Debug)]
pub(super) struct Placed {
    /// What was asked for.
    pub(super) wanted: Wanted,
    /// What `lstat` says about it now.
    pub(super) stat: FileStat,
}

/// What a checkout needs.
pub(super) struct Checkout<'a> {
    /// Opens the repository; each thread has its own handle.
    pub(super) open: &'a (dyn Fn() -> Result<git2::Repository, git2::Error> + Sync),
    /// The contents that are at hand.
    pub(super) blobs: &'a BlobCache,
    /// The top of the worktree.
    pub(super) top: &'a Folder,
    /// The time that files get.
    pub(super) time: FileTime,
}

/// Below this many files a second thread costs more than it saves.
const MIN_FILES_PER_THREAD: usize = 24;

/// Writing is bound by the kernel's work on directories; more threads gain nothing on measured machines.
const MAX_THREADS: usize = 2;

impl Checkout<'_> {
    /// Writes the files; the list must be sorted by path, so that each directory is opened once.
    pub(super) fn write(&self, wanted: Vec<Wanted>) -> Result<Vec<Placed>, CheckoutError> {
        let (links, files): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|w| w.entry.mode == FileMode::Symlink);
        let threads = (files.len() / MIN_FILES_PER_THREAD).clamp(1, MAX_THREADS);
        let per_thread = files.len().div_ceil(threads).max(1);
        let mut placed = std::thread::scope(|scope| {
            let mut chunks = files.chunks(per_thread);
            let first = chunks.next().unwrap_or_default();
            let others: Vec<_> = chunks.map(|chunk| scope.spawn(|| self.write_chunk(chunk))).collect();
            let mut placed = self.write_chunk(first)?;
            for other in others {
                placed.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok::<_, CheckoutError>(placed)
        })?;
        placed.extend(self.write_chunk(&links)?);
        placed.sort_unstable_by(|a, b| a.wanted.path.cmp(&b.wanted.path));
        Ok(placed)
    }

    fn write_chunk(&self, wanted: &[Wanted]) -> Result<Vec<Placed>, CheckoutError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let repository = (self.open)().map_err(CheckoutError::Open)?;
        let odb = repository.odb().map_err(CheckoutError::Open)?;
        let mut cursor = Cursor { top: self.top, path: Vec::new(), folders: Vec::new() };
        let mut placed = Vec::with_capacity(wanted.len());
        for file in wanted {
            let path = || RepoPath::new(file.path.clone());
            let content = match file.entry.mode {
                FileMode::Gitlink | FileMode::Tree => None,
                FileMode::Regular | FileMode::Executable | FileMode::Symlink => {
                    Some(self.blobs.read(&odb, file.entry.id).map_err(|source| CheckoutError::Read { path: path(), source })?)
                }
            };
            let stat = self
                .write_file(&mut cursor, file, content.as_deref().unwrap_or_default())
                .map_err(|source| CheckoutError::Write { path: path(), source })?;
            placed.push(Placed { wanted: file.clone(), stat });
        }
        Ok(placed)
    }

    fn write_file(&self, cursor: &mut Cursor<'_>, file: &Wanted, content: &[u8]) -> io::Result<FileStat> {
        let (folder, name) = cursor.go(&file.path)?;
        match file.entry.mode {
            FileMode::Regular | FileMode::Executable => {
                let permissions = if file.entry.mode == FileMode::Executable { 0o777 } else { 0o666 };
                let mut made = folder.create_file(name, permissions)?;
                made.write_all(content)?;
                folder::set_file_time(&made, self.time)?;
                folder::stat_file(&made)
            }
            FileMode::Symlink => {
                folder.create_link(name, content, self.time)?;
                folder.stat(name)
            }
            FileMode::Gitlink | FileMode::Tree => {
                folder.create_folder(name)?;
                folder.stat(name)
            }
        }
    }
}

/// The directory that is being written to, with those above it held open.
struct Cursor<'a> {
    top: &'a Folder,
    /// The names of the open directories, joined by slashes.
    path: Vec<u8>,
    /// Each open directory with the length of its path.
    folders: Vec<(usize, Folder)>,
}

impl Cursor<'_> {
    /// Opens the directory of a file, making what is missing, and returns it with the name of the file in it.
    fn go<'p>(&mut self, path: &'p [u8]) -> io::Result<(&Folder, &'p [u8])> {
        let (parent, name) = folder::split(path);
        while !self.path.is_empty() && !is_same_or_above(&self.path, parent) {
            self.folders.pop();
            let length = self.folders.last().map_or(0, |(length, _)| *length);
            self.path.truncate(length);
        }
        let below = parent.get(self.path.len()..).unwrap_or_default();
        for component in below.split(|b| *b == b'/').filter(|c| !c.is_empty()) {
            let inner = self.current().make(component)?;
            if !self.path.is_empty() {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(component);
            self.folders.push((self.path.len(), inner));
        }
        Ok((self.current(), name))
    }

    fn current(&self) -> &Folder {
        self.folders.last().map_or(self.top, |(_, folder)| folder)
    }
}

fn is_same_or_above(folder: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}
