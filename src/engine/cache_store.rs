//! The entries of the cache that this clone wrote. Whatever else lies under the ref, because it was fetched or damaged, is as good as absent.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::cache::entry::{CacheEntry, NewEntry};
use crate::domain::cache::seal::{KEY_BYTES, SealKey};
use crate::domain::id::ObjectId;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::cache_ref::{CacheRef, CacheRefError, Shelf, Stored};
use crate::io::git::repo::Repo;

/// Where the secret of the clone is kept, below the folder for local files: in no tree and in no ref.
const FOLDER: &str = "cache";
const KEY: &str = "seal";
/// Where chance comes from.
const CHANCE: &str = "/dev/urandom";
/// The most entries that are kept.
const MOST_ENTRIES: usize = 2_000;

/// The error of opening or writing the cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheStoreError {
    /// The ref can not be read or written.
    #[error(transparent)]
    Ref(#[from] CacheRefError),
    /// The secret of the clone can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no secret that can be used.
    #[error("the secret that seals the cache of this clone is damaged")]
    Key,
    /// An entry has no JSON form.
    #[error("an entry of the cache could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The cache of one clone.
#[derive(Debug)]
pub struct CacheStore {
    store: CacheRef,
    key: SealKey,
    known: Mutex<Option<(ObjectId, Arc<Vec<CacheEntry>>)>>,
}

impl CacheStore {
    /// Opens the cache of a clone.
    ///
    /// # Errors
    /// Returns [`CacheStoreError`] when there is no secret and none can be made.
    pub fn open(repo: &Repo, durability: Durability) -> Result<Self, CacheStoreError> {
        Ok(Self { store: CacheRef::new(repo, durability), key: key(&repo.orc_dir(), durability)?, known: Mutex::default() })
    }

    /// Returns the entries that this clone wrote, whether they may still be used or not. A cache that can not be read is empty.
    #[must_use]
    pub fn entries(&self) -> Arc<Vec<CacheEntry>> {
        let Ok(Some(tip)) = self.store.tip() else { return Arc::default() };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, entries)) = known.as_ref().filter(|(at, _)| *at == tip) {
            tracing::trace!(%at, "the cache is known");
            return Arc::clone(entries);
        }
        let Ok(shelf) = self.store.read(tip) else { return Arc::default() };
        let entries: Arc<Vec<CacheEntry>> = Arc::new(shelf.iter().filter_map(|(name, stored)| self.read(name, stored)).collect());
        *known = Some((tip, Arc::clone(&entries)));
        entries
    }

    fn read(&self, name: &str, stored: &Stored) -> Option<CacheEntry> {
        let entry = CacheEntry::read(name, self.key.opened(&stored.content)?)?;
        (entry.result == stored.result).then_some(entry)
    }

    /// Keeps a result, and gives up what has expired or is nothing of this clone's.
    ///
    /// # Errors
    /// Returns [`CacheStoreError`] when it can not be written.
    pub fn keep(&self, new: NewEntry, (now, ttl): (Timestamp, SignedDuration)) -> Result<(), CacheStoreError> {
        let expires = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
        let entry = CacheEntry::new(new, (now, expires));
        let (name, text) = (entry.components.key(), serde_json::to_string(&entry)?);
        let stored = Stored { content: self.key.sealed(&text), result: entry.result };
        self.store.update(now, |shelf| {
            self.prune(shelf, now);
            shelf.insert(name.clone(), stored.clone());
        })?;
        Ok(())
    }

    /// Takes out everything, or what has expired; returns how many entries went.
    ///
    /// # Errors
    /// Returns [`CacheStoreError`] when it can not be written.
    pub fn clear(&self, what: Clear, now: Timestamp) -> Result<usize, CacheStoreError> {
        if self.store.tip().is_ok_and(|tip| tip.is_none()) {
            return Ok(0);
        }
        let mut gone = 0;
        self.store.update(now, |shelf| {
            let before = shelf.len();
            match what {
                Clear::All => shelf.clear(),
                Clear::Expired => self.prune(shelf, now),
            }
            gone = before - shelf.len();
        })?;
        Ok(gone)
    }

    fn prune(&self, shelf: &mut Shelf, now: Timestamp) {
        let mut ages: Vec<(Timestamp, String)> = Vec::new();
        shelf.retain(|name, stored| {
            let entry = self.read(name, stored).filter(|entry| !entry.is_expired(now));
            ages.extend(entry.iter().map(|entry| (entry.at, name.clone())));
            entry.is_some()
        });
        ages.sort();
        for (_, name) in ages.iter().take(ages.len().saturating_sub(MOST_ENTRIES - 1)) {
            shelf.remove(name);
        }
    }
}

/// What is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// Everything.
    All,
    /// What may no longer be used.
    Expired,
}

/// Reads the secret of the clone, which is made when it is first asked for.
fn key(orc_dir: &Path, durability: Durability) -> Result<SealKey, CacheStoreError> {
    let (folder, path) = (orc_dir.join(FOLDER), orc_dir.join(FOLDER).join(KEY));
    if let Some(key) = fs::read_if_exists(&path)?.and_then(|bytes| SealKey::new(&bytes)) {
        return Ok(key);
    }
    fs::create_dir_all(orc_dir)?;
    fs::create_private_dir(&folder)?;
    let bytes = fs::read_at_most(Path::new(CHANCE), KEY_BYTES as u64)?;
    // Whoever was faster has made the one that counts; one that is damaged seals nothing any more.
    if fs::write_new(&path, &bytes, durability).is_err() && fs::read(&path)?.len() != KEY_BYTES {
        fs::write_atomic(&path, &bytes, durability)?;
    }
    SealKey::new(&fs::read(&path)?).ok_or(CacheStoreError::Key)
}
