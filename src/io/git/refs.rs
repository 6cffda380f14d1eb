//! Refs: read, created, moved by compare-and-swap, deleted; always with the value that is expected.
//!
//! Written by git's own lock-file protocol, not through libgit2: libgit2 syncs nothing, and its creation of a ref is not atomic. The new
//! value is written and synced in a file of our own first and becomes `<ref>.lock` as a hard link, so that a lock exists for microseconds,
//! an empty ref after a loss of power is impossible, and a lock that a dead process left is known as ours by its inode.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::durable;
use super::hold::{hold, hold_after, hold_now};
pub use super::ref_error::RefError;
use super::ref_lock::{LockAttempt, RefLock};
use super::ref_store::{self, Packed};
use super::repo::Repo;
use super::signature::Signature;
use crate::domain::id::ObjectId;
use crate::io::clock::{self, Stopwatch};
use crate::io::fs::{self as files, Durability, FsError};

/// How long a lock that somebody else holds is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// After which time a lock may be one that a dead process left; a lock of ours lives for microseconds.
const SUSPICION: Duration = Duration::from_millis(50);

/// Whether stale locks were looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    NotYet,
    Already,
}

/// What is written into the reflog of a ref that has one.
#[derive(Debug, Clone)]
pub struct LogLine<'a> {
    /// Who moves the ref, and when.
    pub signature: &'a Signature,
    /// Why.
    pub message: &'a str,
}

/// One move of a ref.
#[derive(Debug, Clone, Copy)]
pub struct RefMove<'a> {
    /// The ref.
    pub name: &'a str,
    /// The value it must have; `None`: it must not exist.
    pub expected: Option<ObjectId>,
    /// Its new value.
    pub new: ObjectId,
    /// What the reflog says, where there is one.
    pub log: Option<&'a LogLine<'a>>,
}

/// The refs of a repository. Cheap to make, can be shared by threads.
#[derive(Debug, Clone)]
pub struct Refs {
    repo: Repo,
    durability: Durability,
    patience: Duration,
}

impl Refs {
    /// Returns the refs of a repository. The content of a ref is always synced before it gets its name; with [`Durability::Full`] the
    /// name is on the disk too when a call returns.
    #[must_use]
    pub fn new(repo: &Repo, durability: Durability) -> Self {
        Self { repo: repo.clone(), durability, patience: PATIENCE }
    }

    /// Sets how long a lock that somebody else holds is waited for; 10 s if not said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Reads a ref; symbolic refs are followed.
    ///
    /// # Errors
    /// Returns [`RefError::Damaged`] when it exists and has no sensible value.
    pub fn read(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        ref_store::read(self.repo.common_dir(), name)
    }

    /// Returns the refs whose names start with `prefix`, which ends with a slash, sorted by name.
    ///
    /// # Errors
    /// Returns [`RefError::Damaged`] when one of them is damaged.
    pub fn list(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, RefError> {
        ref_store::list(self.repo.common_dir(), prefix)
    }

    /// Creates a ref that must not exist.
    ///
    /// # Errors
    /// Returns [`RefError::Changed`] when it exists.
    pub fn create(&self, name: &str, new: ObjectId) -> Result<(), RefError> {
        self.update(name, None, new, None)
    }

    /// Moves a ref from the expected value (`None`: it must not exist) to a new one, in one atomic step. With a log line a reflog is
    /// written where the user's git would write one.
    ///
    /// # Errors
    /// Returns [`RefError::Changed`] when it has another value, and [`RefError::Locked`] when its lock does not become free in time.
    pub fn update(&self, name: &str, expected: Option<ObjectId>, new: ObjectId, log: Option<&LogLine<'_>>) -> Result<(), RefError> {
        self.update_after(&RefMove { name, expected, new, log }, || Ok(()))
    }

    /// Moves a ref as [`Refs::update`] does, after something that must be done before, such as making the objects durable. The new value
    /// is made durable at the same time, under a name of our own, so that the two wait for the disk once and not twice.
    ///
    /// # Errors
    /// Returns the error of `before`, or what [`Refs::update`] returns; the ref is then as it was.
    pub fn update_after<E: From<RefError>>(&self, step: &RefMove<'_>, before: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let attempt = self.prepare(step.name, Some(step.new))?;
        let synced = match self.durability {
            Durability::Full => thread::scope(|scope| -> Result<_, E> {
                let synced = scope.spawn(|| attempt.sync());
                before()?;
                Ok(synced.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })?,
            Durability::Relaxed => before().map(|()| attempt.sync())?,
        };
        synced.map_err(RefError::from)?;
        self.exchange(step, attempt).map_err(E::from)
    }

    /// Moves refs that nobody else writes, to wherever they were before, after something that must be done first. Their new values and
    /// what must be done first wait for the disk together; names get their values only when both are there.
    ///
    /// # Errors
    /// Returns the error of `before`, or what [`Refs::update`] returns; some of the refs may have been moved then.
    pub fn set_own_after<E: From<RefError>>(&self, own: &[(String, ObjectId)], before: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let mut moves = Vec::new();
        for (name, new) in own {
            let expected = self.read(name)?;
            if expected != Some(*new) {
                moves.push((RefMove { name, expected, new: *new, log: None }, self.prepare(name, Some(*new))?));
            }
        }
        if moves.is_empty() {
            return before();
        }
        let synced = thread::scope(|scope| -> Result<_, E> {
            let synced = scope.spawn(|| durable::each(&moves, |(_, attempt)| attempt.sync()));
            before()?;
            Ok(synced.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })?;
        synced.map_err(RefError::from)?;
        for (step, attempt) in moves {
            self.exchange(&step, attempt)?;
        }
        Ok(())
    }

    fn exchange(&self, step: &RefMove<'_>, attempt: LockAttempt) -> Result<(), RefError> {
        let RefMove { name, expected, new, log } = *step;
        let lock = self.take(name, attempt)?;
        let found = self.read_direct(name)?;
        if found != expected {
            return Err(RefError::Changed { name: name.to_owned(), expected, found });
        }
        if found.is_none() {
            self.check_name_is_free(name)?;
        }
        let vanished = |source| RefError::Vanished { name: name.to_owned(), source: Box::new(source) };
        hold(&self.repo, name, new).map_err(vanished)?;
        if let Some(line) = log {
            // A reflog is a convenience; git-orc's truth is the ledger. A log that can not be written must not stop the work.
            let _unlogged = self.append_reflog(name, (found, new), line);
        }
        self.witnessed((name, found, Some(new)), || lock.commit(self.durability).map_err(|error| self.conflict_or(name, error)))?;
        hold_after(&self.repo, name, new).or_else(|source| {
            self.take_back(step)?;
            Err(vanished(source))
        })
    }

    /// Gives a ref its former value, since a garbage collection took what it was moved to.
    fn take_back(&self, step: &RefMove<'_>) -> Result<(), RefError> {
        let Some(old) = step.expected else { return self.delete(step.name, step.new) };
        let attempt = self.prepare(step.name, Some(old))?;
        attempt.sync()?;
        let lock = self.take(step.name, attempt)?;
        if self.read_direct(step.name)? == Some(step.new) {
            self.witnessed((step.name, Some(step.new), Some(old)), || Ok(lock.commit(self.durability)?))?;
        }
        Ok(())
    }

    /// Puts a ref of our own to the value that our record says it has, whatever stands there: another value, a symbolic ref, an empty file,
    /// a folder. What stood there must have been kept.
    ///
    /// # Errors
    /// Returns [`RefError::Locked`] when its lock does not become free in time, and the error of a file that can not be written.
    pub fn put_back(&self, name: &str, value: Option<ObjectId>) -> Result<(), RefError> {
        let path = self.repo.common_dir().join(name);
        let lock = self.take(name, self.prepare(name, value)?)?;
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            files::remove_dir_all(&path)?;
        }
        self.witnessed((name, value, value), || match value {
            Some(_) => Ok(lock.commit(self.durability)?),
            None => self.remove_value(name),
        })
    }

    /// Keeps an object alive that no ref leads to any more, and that a collection or a repack may be about to take. Returns false when it is
    /// gone already; no ref is made then.
    ///
    /// # Errors
    /// Returns an error when the ref can not be written.
    pub fn rescue(&self, name: &str, id: ObjectId) -> Result<bool, RefError> {
        if hold_now(&self.repo, name, id).is_err() {
            return Ok(false);
        }
        self.put_back(name, Some(id))?;
        let is_there = hold_after(&self.repo, name, id).is_ok();
        if !is_there {
            self.put_back(name, None)?;
        }
        Ok(is_there)
    }

    /// Moves a ref so that no guard takes the move for somebody else's, whenever it looks.
    fn witnessed(
        &self,
        (name, found, new): (&str, Option<ObjectId>, Option<ObjectId>),
        step: impl FnOnce() -> Result<(), RefError>,
    ) -> Result<(), RefError> {
        let witness = self.repo.witness();
        witness.announce(name, found, new);
        let done = step();
        if done.is_ok() {
            witness.confirm(name);
        } else {
            witness.withdraw(name);
        }
        done
    }

    /// Deletes a ref that must have the expected value.
    ///
    /// # Errors
    /// Returns [`RefError::Changed`] when it has another value or does not exist.
    pub fn delete(&self, name: &str, expected: ObjectId) -> Result<(), RefError> {
        let lock = self.take(name, self.prepare(name, None)?)?;
        let found = self.read_direct(name)?;
        if found != Some(expected) {
            return Err(RefError::Changed { name: name.to_owned(), expected: Some(expected), found });
        }
        self.witnessed((name, found, None), || self.remove_value(name))?;
        drop(lock);
        self.prune_folders(name)
    }

    /// Removes the value of a ref whose lock is held.
    fn remove_value(&self, name: &str) -> Result<(), RefError> {
        // First the packed value, or else it would come back to life when the loose one is gone.
        let common = self.repo.common_dir();
        if Packed::read(common)?.value(name).is_some() {
            ref_store::remove_packed(common, name, self.patience)?;
        }
        // A folder of that name holds no value; it may hold other refs.
        if std::fs::symlink_metadata(common.join(name)).is_ok_and(|meta| !meta.is_dir()) {
            files::remove_file(&common.join(name))?;
        }
        let log = common.join("logs").join(name);
        if log.is_file() {
            files::remove_file(&log)?;
        }
        Ok(())
    }

    /// Removes the locks that dead processes of git-orc left behind; returns them. Locks of anybody else stay.
    ///
    /// # Errors
    /// Returns [`RefError::File`] when a folder can not be read.
    pub fn remove_stale_locks(&self) -> Result<Vec<PathBuf>, RefError> {
        Ok(super::ref_lock::remove_stale(self.repo.common_dir())?)
    }

    /// Writes the new value into a file of our own.
    fn prepare(&self, name: &str, new: Option<ObjectId>) -> Result<LockAttempt, RefError> {
        if !name.starts_with("refs/") || !git2::Reference::is_valid_name(name) {
            return Err(RefError::BadName { name: name.to_owned() });
        }
        let content = new.map(|id| format!("{id}\n")).unwrap_or_default();
        Ok(LockAttempt::prepare(self.repo.common_dir(), name, content.as_bytes())?)
    }

    /// Takes the lock of a ref, waiting for whoever holds it.
    fn take(&self, name: &str, mut attempt: LockAttempt) -> Result<RefLock, RefError> {
        let watch = Stopwatch::start();
        let mut wait = Duration::from_micros(200);
        let mut looked = Looked::NotYet;
        loop {
            attempt = match attempt.take().map_err(|error| self.conflict_or(name, error))? {
                Ok(lock) => return Ok(lock),
                Err(attempt) => attempt,
            };
            if looked == Looked::NotYet && watch.elapsed() >= SUSPICION {
                // A lock of a dead process of ours never becomes free; the kernel knows that it is dead.
                self.remove_stale_locks()?;
                looked = Looked::Already;
                continue;
            }
            if watch.elapsed() >= self.patience {
                return Err(RefError::Locked { name: name.to_owned(), lock: attempt.lock_path().to_owned() });
            }
            clock::pause(wait + clock::jitter(wait));
            wait = (wait * 2).min(Duration::from_millis(20));
        }
    }

    /// Reads a ref that is about to be written, and so must not be symbolic.
    fn read_direct(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        match ref_store::read_loose(self.repo.common_dir(), name)? {
            Some(ref_store::Loose::Id(id)) => Ok(Some(id)),
            Some(ref_store::Loose::Symbolic(_)) => Err(RefError::Symbolic { name: name.to_owned() }),
            None => Ok(Packed::read(self.repo.common_dir())?.value(name)),
        }
    }

    /// Looks whether a packed ref stands in the way of a new name; loose ones do so by being files or folders.
    fn check_name_is_free(&self, name: &str) -> Result<(), RefError> {
        match Packed::read(self.repo.common_dir())?.conflict(name) {
            Some(other) => Err(RefError::NameConflict { name: name.to_owned(), other }),
            None => Ok(()),
        }
    }

    /// Turns an error about files into the conflict of names that caused it, if one did.
    fn conflict_or(&self, name: &str, error: FsError) -> RefError {
        let above = name.match_indices('/').map(|(i, _)| &name[..i]).find(|above| self.repo.common_dir().join(above).is_file());
        let below = || self.list(&format!("{name}/")).ok()?.into_iter().next().map(|(other, _)| other);
        match above.map(str::to_owned).or_else(below) {
            Some(other) => RefError::NameConflict { name: name.to_owned(), other },
            None => error.into(),
        }
    }

    /// Removes folders that became empty, but never `refs/<kind>` itself.
    fn prune_folders(&self, name: &str) -> Result<(), RefError> {
        for root in [self.repo.common_dir().to_owned(), self.repo.common_dir().join("logs")] {
            let mut folder = Path::new(name).parent();
            while let Some(inner) = folder.filter(|inner| inner.components().count() > 2) {
                if !files::remove_dir_if_empty(&root.join(inner))? {
                    break;
                }
                folder = inner.parent();
            }
        }
        Ok(())
    }

    fn append_reflog(&self, name: &str, (old, new): (Option<ObjectId>, ObjectId), line: &LogLine<'_>) -> Result<(), FsError> {
        let path = self.repo.common_dir().join("logs").join(name);
        if !path.exists() && !self.wants_reflog(name) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            files::create_dir_all(folder)?;
        }
        let message: String = line.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = format!("{} {new} {}\t{message}", old.unwrap_or(ObjectId::ZERO), line.signature.line());
        files::append_line(&path, text.as_bytes(), Durability::Relaxed)
    }

    /// Returns whether `core.logAllRefUpdates` asks for a reflog of this ref.
    fn wants_reflog(&self, name: &str) -> bool {
        let Some(config) = self.repo.open().ok().and_then(|repository| repository.config().ok()) else { return false };
        let usual = ["refs/heads/", "refs/remotes/", "refs/notes/"].iter().any(|prefix| name.starts_with(prefix));
        match config.get_string("core.logallrefupdates") {
            Ok(text) if text.eq_ignore_ascii_case("always") => true,
            Ok(_) => usual && config.get_bool("core.logallrefupdates").unwrap_or(false),
            Err(_) => usual && !config.get_bool("core.bare").unwrap_or(false),
        }
    }
}
