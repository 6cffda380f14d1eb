//! Advisory locks between processes of git-orc. The kernel frees them when their process dies, so none is ever stale.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::repo::Repo;
use crate::domain::id::RunId;
use crate::io::clock::{self, Stopwatch};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The run it drives, if it drives one.
    pub run: Option<RunId>,
}

impl Holder {
    fn this_process(run: Option<RunId>) -> Self {
        Self { pid: std::process::id(), run }
    }

    fn text(&self) -> String {
        self.run.map_or_else(|| format!("{}\n", self.pid), |run| format!("{} {run}\n", self.pid))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        Some(Self { pid: words.next()?.parse().ok()?, run: words.next().and_then(|run| RunId::parse(run).ok()) })
    }
}

/// The error of taking a lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{what} is locked by {}", describe(holder.as_ref()))]
    Held {
        /// What is locked.
        what: String,
        /// Who holds it, if that can be told.
        holder: Option<Holder>,
    },
    /// The lock file can not be used.
    #[error("lock `{}`: {source}", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

fn describe(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, run: Some(run) }) => format!("process {pid}, which drives run {run}"),
        Some(Holder { pid, run: None }) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

/// A held lock; free again when it is dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Takes the lock on a file, which is created if needed, waiting at most `patience` for its holder.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] with the holder's process when it does not become free in time.
    pub fn take(path: &Path, what: &str, run: Option<RunId>, patience: Duration) -> Result<Self, LockError> {
        let failed = |source| LockError::File { path: path.to_owned(), source };
        let mut file = open(path).map_err(failed)?;
        let watch = Stopwatch::start();
        let mut wait = Duration::from_micros(100);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            if watch.elapsed() >= patience {
                let holder = living_holder(&mut file);
                if holder.is_some() || watch.elapsed() >= patience + NAMELESS {
                    return Err(LockError::Held { what: what.to_owned(), holder });
                }
            }
            clock::pause(wait + clock::jitter(wait));
            wait = (wait * 2).min(Duration::from_millis(10));
        }
        let note = Holder::this_process(run).text();
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes())).map_err(failed)?;
        Ok(Self { file })
    }

    /// Returns who holds the lock on a file now, or `None` when it is free.
    ///
    /// # Errors
    /// Returns [`LockError::File`] when the file can not be looked at.
    pub fn holder(path: &Path) -> Result<Option<Holder>, LockError> {
        let failed = |source| LockError::File { path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder_in(&mut file).unwrap_or(Holder { pid: 0, run: None }))),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the file frees the lock anyway; the note is emptied so that nobody reads of a holder that is gone.
        let _noted = self.file.set_len(0);
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Somebody who holds a lock without a name is waited for this long: it has just taken the lock and writes its name, or it only looks whether
/// the lock is free, or it is a process that was started by the holder and has not become its own program yet.
const NAMELESS: Duration = Duration::from_millis(200);

/// Reads who holds a lock. A name that nobody has any more was left by a holder that was killed.
fn living_holder(file: &mut File) -> Option<Holder> {
    holder_in(file).filter(|holder| Path::new("/proc").join(holder.pid.to_string()).exists())
}

fn holder_in(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.take(256).read_to_string(&mut text)).ok()?;
    Holder::parse(&text)
}

/// The right to drive one run: at most one process has it.
#[derive(Debug)]
pub struct RunLock {
    _lock: FileLock,
}

impl RunLock {
    /// Takes the lock of a run at once or not at all.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] when another process drives the run.
    pub fn take(repo: &Repo, run: RunId) -> Result<Self, LockError> {
        let lock = FileLock::take(&Self::path(repo, run), &format!("run {run}"), Some(run), Duration::ZERO)?;
        Ok(Self { _lock: lock })
    }

    /// Returns who drives a run now, or `None` when nobody does.
    ///
    /// # Errors
    /// Returns [`LockError::File`] when the lock file can not be looked at.
    pub fn holder(repo: &Repo, run: RunId) -> Result<Option<Holder>, LockError> {
        FileLock::holder(&Self::path(repo, run))
    }

    fn path(repo: &Repo, run: RunId) -> PathBuf {
        repo.orc_dir().join("runs").join(run.lower()).join("lock")
    }
}

/// The right to run gates that belong to no run, in a worktree of one's own.
#[derive(Debug)]
pub struct SessionLock {
    _lock: FileLock,
}

impl SessionLock {
    /// Takes the lock of a session of gates.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] when another process has it.
    pub fn take(repo: &Repo, session: RunId) -> Result<Self, LockError> {
        let lock = FileLock::take(&Self::path(repo, session), "the session of gates", None, Duration::ZERO)?;
        Ok(Self { _lock: lock })
    }

    /// Returns whether a session of gates has that name, and whether somebody is at it.
    ///
    /// # Errors
    /// Returns [`LockError::File`] when the lock file can not be looked at.
    pub fn state(repo: &Repo, session: RunId) -> Result<SessionState, LockError> {
        let path = Self::path(repo, session);
        if !path.exists() {
            return Ok(SessionState::Unknown);
        }
        Ok(if FileLock::holder(&path)?.is_some() { SessionState::AtWork } else { SessionState::Over })
    }

    fn path(repo: &Repo, session: RunId) -> PathBuf {
        repo.orc_dir().join("gates").join("sessions").join(session.lower()).join("lock")
    }
}

/// What is known of a session of gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// There is none of that name.
    Unknown,
    /// Somebody is at it.
    AtWork,
    /// Nobody is at it any more.
    Over,
}

/// The right to add and remove worktrees, which git itself does not do safely side by side.
#[derive(Debug)]
pub struct RepoLock {
    _lock: FileLock,
}

impl RepoLock {
    /// Takes the lock of the repository's worktrees, waiting at most `patience` for another process.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] when it does not become free in time.
    pub fn take(repo: &Repo, patience: Duration) -> Result<Self, LockError> {
        let lock = FileLock::take(&repo.orc_dir().join("worktrees.lock"), "the list of worktrees", None, patience)?;
        Ok(Self { _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder_and_is_free_after_the_drop() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/lock");
        let run = RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        assert_eq!(FileLock::holder(&path).unwrap(), None);
        let held = FileLock::take(&path, "run x", Some(run), Duration::ZERO).unwrap();
        let error = FileLock::take(&path, "run x", None, Duration::from_millis(5)).unwrap_err();
        let pid = std::process::id();
        assert_eq!(error.to_string(), format!("run x is locked by process {pid}, which drives run {run}"));
        assert_eq!(FileLock::holder(&path).unwrap(), Some(Holder { pid, run: Some(run) }));
        drop(held);
        assert_eq!(FileLock::holder(&path).unwrap(), None);
        FileLock::take(&path, "run x", None, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_lock_that_becomes_free_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = FileLock::take(&path, "it", None, Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| FileLock::take(&path, "it", None, Duration::from_secs(20)));
            clock::pause(Duration::from_millis(20));
            drop(held);
            waiter.join().unwrap().unwrap();
        });
    }
}
