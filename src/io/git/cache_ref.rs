//! The cache of steps: one ref with one commit that has no parent, so that what is taken out of it is gone for good.
//!
//! Its tree holds a file for each entry, below `entries/`, and below `results/` under the same name the tree that the entry speaks of, so that
//! git keeps it. What an entry says is not known here. The ref is written anew as a whole by compare-and-swap.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::lock::{FileLock, LockError};
use super::objects::{NewCommit, ObjectError, Objects};
use super::ref_scan;
use super::refs::{RefError, RefMove, Refs};
use super::repo::Repo;
use super::signature::{Identity, Signature};
use super::tree::{Entry, FileMode, NamedEntry};
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::clock;
use crate::io::fs::Durability;

/// The ref that holds the cache.
pub const CACHE_REF: &str = "refs/orc/cache";
const FORMAT_PATH: &str = "format";
const FORMAT: &[u8] = b"1\n";
const ENTRIES: &str = "entries";
const RESULTS: &str = "results";
/// Longer entries are no entries.
const MOST_BYTES: usize = 4 << 20;
const MAX_TRIES: u32 = 16;
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// The error of reading or writing the cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheRefError {
    /// Other processes wrote the cache again and again meanwhile.
    #[error("the cache was written by others {MAX_TRIES} times in a row")]
    Contended,
    /// Another process holds its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ref can not be read or moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// An entry as it lies in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its file.
    pub content: Vec<u8>,
    /// The tree that it speaks of.
    pub result: ObjectId,
}

/// Entries by their names.
pub type Shelf = BTreeMap<String, Stored>;

/// The cache of a repository.
#[derive(Debug, Clone)]
pub struct CacheRef {
    repo: Repo,
    refs: Refs,
    durability: Durability,
}

impl CacheRef {
    /// Returns the cache of a repository.
    #[must_use]
    pub fn new(repo: &Repo, durability: Durability) -> Self {
        Self { repo: repo.clone(), refs: Refs::new(repo, durability), durability }
    }

    /// Returns the commit that holds it; `None` when there is none.
    ///
    /// # Errors
    /// Returns [`CacheRefError`] when the ref can not be read.
    pub fn tip(&self) -> Result<Option<ObjectId>, CacheRefError> {
        Ok(self.refs.read(CACHE_REF)?)
    }

    /// Returns the entries of a commit.
    ///
    /// # Errors
    /// Returns [`CacheRefError`] when something that it leads to can not be read.
    pub fn read(&self, tip: ObjectId) -> Result<Shelf, CacheRefError> {
        let objects = Objects::open(&self.repo)?;
        let tree = objects.tree_of(tip)?;
        let folder = |name: &str| -> Result<Vec<NamedEntry>, ObjectError> {
            let found = objects.entry_at(tree, &RepoPath::from(name))?.filter(|entry| entry.mode == FileMode::Tree);
            Ok(found.map(|entry| objects.read_tree(entry.id)).transpose()?.unwrap_or_default())
        };
        let trees = |named: NamedEntry| (named.entry.mode == FileMode::Tree).then_some((named.name, named.entry.id));
        let results: BTreeMap<Vec<u8>, ObjectId> = folder(RESULTS)?.into_iter().filter_map(trees).collect();
        let mut shelf = Shelf::new();
        for named in folder(ENTRIES)?.into_iter().filter(|named| named.entry.mode.is_file()) {
            let (Some(result), Ok(name)) = (results.get(&named.name), String::from_utf8(named.name)) else { continue };
            // An entry that can not be read is one less.
            if objects.size(named.entry.id).is_ok_and(|size| size <= MOST_BYTES)
                && let Ok(content) = objects.read_blob(named.entry.id)
            {
                shelf.insert(name, Stored { content, result: *result });
            }
        }
        Ok(shelf)
    }

    /// Writes the cache anew with what `change` makes of its entries. What was there and can not be read is given up. Returns the new commit;
    /// `None` when nothing is left, and the ref is gone.
    ///
    /// # Errors
    /// Returns [`CacheRefError`] when it can not be written; it is then as it was.
    pub fn update(&self, now: Timestamp, mut change: impl FnMut(&mut Shelf)) -> Result<Option<ObjectId>, CacheRefError> {
        let _lock = FileLock::take(&self.repo.orc_dir().join("cache.lock"), "the cache", None, LOCK_PATIENCE)?;
        for attempt in 1..=MAX_TRIES {
            let tip = match self.tip() {
                Ok(tip) => tip,
                Err(_) => {
                    ref_scan::take_away(&self.repo, CACHE_REF).map_err(RefError::from)?;
                    self.tip()?
                }
            };
            let mut shelf = tip.and_then(|tip| self.read(tip).ok()).unwrap_or_default();
            change(&mut shelf);
            match self.put(tip, &shelf, now) {
                Err(
                    CacheRefError::Ref(RefError::Changed { .. } | RefError::Vanished { .. })
                    | CacheRefError::Object(ObjectError::Missing(_)),
                ) => {}
                other => return other,
            }
            clock::pause(clock::jitter(Duration::from_millis(u64::from(attempt))));
        }
        Err(CacheRefError::Contended)
    }

    fn put(&self, tip: Option<ObjectId>, shelf: &Shelf, now: Timestamp) -> Result<Option<ObjectId>, CacheRefError> {
        if shelf.is_empty() {
            if let Some(tip) = tip {
                self.refs.delete(CACHE_REF, tip)?;
            }
            return Ok(None);
        }
        let objects = Objects::open(&self.repo)?;
        let new = write(&objects, shelf, now)?;
        let step = RefMove { name: CACHE_REF, expected: tip, new, log: None };
        self.refs.update_after(&step, || match self.durability {
            Durability::Full => Ok::<_, CacheRefError>(objects.flush()?),
            Durability::Relaxed => Ok(objects.settle()?),
        })?;
        Ok(Some(new))
    }
}

/// Writes the commit.
fn write(objects: &Objects, shelf: &Shelf, now: Timestamp) -> Result<ObjectId, ObjectError> {
    let blob = |content: &[u8]| Ok::<_, ObjectError>(Entry { mode: FileMode::Regular, id: objects.write_blob(content)? });
    let (mut entries, mut results) = (Vec::new(), Vec::new());
    for (name, stored) in shelf {
        entries.push(NamedEntry { name: name.clone().into_bytes(), entry: blob(&stored.content)? });
        results.push(NamedEntry { name: name.clone().into_bytes(), entry: Entry { mode: FileMode::Tree, id: stored.result } });
    }
    let folder = |entries: &mut [NamedEntry]| Ok::<_, ObjectError>(Entry { mode: FileMode::Tree, id: objects.write_tree(entries)? });
    let named = |name: &str, entry: Entry| NamedEntry { name: name.as_bytes().to_vec(), entry };
    let mut top = [named(FORMAT_PATH, blob(FORMAT)?), named(ENTRIES, folder(&mut entries)?), named(RESULTS, folder(&mut results)?)];
    let tree = objects.write_tree(&mut top)?;
    let identity = Identity { name: "git-orc".to_owned(), email: String::new() };
    let signature = Signature::new(identity, now);
    objects.write_commit(&NewCommit { tree, parents: &[], author: &signature, committer: &signature, message: b"results of steps\n" })
}
