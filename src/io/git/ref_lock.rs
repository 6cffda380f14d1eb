//! The lock of one ref, as git itself takes it: the file `<ref>.lock`, which becomes the ref by a rename.
//!
//! The content is prepared in a file of our own in `<common-dir>/orc/ref-locks`, which this process holds an advisory lock on. A hard link
//! then makes it `<ref>.lock`. When the process dies, the kernel frees the advisory lock, and whoever finds the file knows by its inode
//! which `<ref>.lock` is ours and stale; nobody else's is ever touched.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::io::clock;
use crate::io::fs::{self as files, Durability, FsError};

/// A prepared value on its way to the lock.
pub(in crate::io::git) struct LockAttempt {
    own: Own,
    lock: PathBuf,
    target: PathBuf,
    folder: Folder,
}

/// Whether the folder of the ref was there before.
#[derive(Clone, Copy)]
enum Folder {
    Old,
    New,
}

/// Our own file; removed when it is dropped.
struct Own {
    path: PathBuf,
    held: File,
}

impl Own {
    /// Creates the file; `None` when a clean-up of stale locks took it in the moment before its lock was held.
    fn create(path: &Path, content: &[u8]) -> io::Result<Option<Self>> {
        let open = || OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = open().or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(path.parent().unwrap_or(path)).and_then(|()| open())
        })?;
        file.lock()?;
        if file.metadata()?.nlink() == 0 {
            return Ok(None);
        }
        file.write_all(content)?;
        Ok(Some(Self { path: path.to_owned(), held: file }))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // What can not be removed now is removed by the next clean-up of stale locks.
        let _left = files::remove_file(&self.path);
    }
}

impl LockAttempt {
    /// Writes the content for a ref; it must be synced before the lock is taken, unless the lock is for a deletion.
    pub(in crate::io::git) fn prepare(common: &Path, name: &str, content: &[u8]) -> Result<Self, FsError> {
        let folder = common.join("orc/ref-locks");
        let own = loop {
            let path = folder.join(format!("{}-{:032x}", std::process::id(), clock::token()));
            if let Some(own) = Own::create(&path, content).map_err(|source| FsError { action: "write", path, source })? {
                break own;
            }
        };
        let target = common.join(name);
        Ok(Self { own, lock: with_lock_ending(&target), target, folder: Folder::Old })
    }

    /// Waits until the content is on the disk.
    pub(in crate::io::git) fn sync(&self) -> Result<(), FsError> {
        self.own.held.sync_all().map_err(|source| FsError { action: "sync", path: self.own.path.clone(), source })
    }

    /// Returns the file that locks the ref.
    pub(in crate::io::git) fn lock_path(&self) -> &Path {
        &self.lock
    }

    /// Tries to take the lock; gives the attempt back when somebody else holds it.
    pub(in crate::io::git) fn take(self) -> Result<Result<RefLock, Self>, FsError> {
        match fs::hard_link(&self.own.path, &self.lock) {
            Ok(()) => Ok(Ok(RefLock { attempt: self, state: State::Held })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Err(self)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let folder = self.lock.parent().unwrap_or(Path::new("."));
                files::create_dir_all(folder)?;
                // If the folder is pruned again in this moment the next attempt makes it anew.
                Ok(Err(Self { folder: Folder::New, ..self }))
            }
            Err(source) => Err(FsError { action: "lock", path: self.lock, source }),
        }
    }
}

enum State {
    Held,
    Done,
}

/// The held lock of a ref; dropped without [`RefLock::commit`] it leaves the ref as it was.
pub(in crate::io::git) struct RefLock {
    attempt: LockAttempt,
    state: State,
}

impl RefLock {
    /// Makes the prepared value the value of the ref.
    pub(in crate::io::git) fn commit(mut self, durability: Durability) -> Result<(), FsError> {
        let LockAttempt { lock, target, .. } = &self.attempt;
        if fs::symlink_metadata(target).is_ok_and(|meta| meta.is_dir()) {
            remove_empty_folders(target)?;
        }
        files::rename(lock, target)?;
        self.state = State::Done;
        match (durability, self.attempt.folder) {
            (Durability::Full, Folder::Old) => sync_folders(&self.attempt.target, 1),
            (Durability::Full, Folder::New) => sync_folders(&self.attempt.target, usize::MAX),
            (Durability::Relaxed, Folder::Old | Folder::New) => Ok(()),
        }
    }
}

impl Drop for RefLock {
    fn drop(&mut self) {
        match self.state {
            // What can not be removed now is removed by the next clean-up of stale locks.
            State::Held => drop(files::remove_file(&self.attempt.lock)),
            State::Done => {}
        }
    }
}

/// Syncs the folder of a ref and so many in all above it, up to `refs`.
fn sync_folders(target: &Path, most: usize) -> Result<(), FsError> {
    for folder in target.ancestors().skip(1).take(most) {
        files::sync_dir(folder)?;
        if folder.file_name().is_some_and(|name| name == "refs") {
            break;
        }
    }
    Ok(())
}

/// Removes empty folders that former refs left where a ref shall be; stops at the first file.
fn remove_empty_folders(folder: &Path) -> Result<(), FsError> {
    let at = |source| FsError { action: "list", path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        if entry.file_type().map_err(at)?.is_dir() {
            remove_empty_folders(&entry.path())?;
        }
    }
    if files::remove_dir_if_empty(folder)? { Ok(()) } else { Err(at(io::Error::from(ErrorKind::DirectoryNotEmpty))) }
}

fn with_lock_ending(path: &Path) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".lock");
    text.into()
}

/// Removes every `<ref>.lock` that a dead process of git-orc left behind, and its own files; returns the locks.
pub(in crate::io::git) fn remove_stale(common: &Path) -> Result<Vec<PathBuf>, FsError> {
    let folder = common.join("orc/ref-locks");
    let mut dead = Vec::new();
    for path in list(&folder)? {
        if let Some((file, inode)) = if_dead(&path) {
            dead.push((path, file, inode));
        }
    }
    let inodes: BTreeSet<_> = dead.iter().map(|(_, _, inode)| *inode).collect();
    let mut removed = Vec::new();
    if !inodes.is_empty() {
        remove_locks(&common.join("refs"), &inodes, &mut removed)?;
    }
    for (path, ..) in &dead {
        files::remove_file(path)?;
    }
    Ok(removed)
}

/// Takes the advisory lock of one of our own files: that works only when its process is dead. It is kept until the clean-up is over.
fn if_dead(path: &Path) -> Option<(File, (u64, u64))> {
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    let meta = file.metadata().ok()?;
    Some((file, (meta.dev(), meta.ino())))
}

fn remove_locks(folder: &Path, inodes: &BTreeSet<(u64, u64)>, removed: &mut Vec<PathBuf>) -> Result<(), FsError> {
    for path in list(folder)? {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            remove_locks(&path, inodes, removed)?;
        } else if path.extension().is_some_and(|end| end == "lock")
            && inodes.contains(&(meta.dev(), meta.ino()))
            && files::remove_file(&path)?
        {
            removed.push(path);
        }
    }
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    let at = |source| FsError { action: "list", path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(at)?.map(|entry| entry.map(|entry| entry.path()).map_err(at)).collect(),
    }
}
