//! `git orc cache`: what the cache of steps holds, what a run of a plan would find in it, and how it is emptied.

pub mod why;

use jiff::Timestamp;

use super::context::Context;
use super::frozen::FrozenError;
use super::run::RunError;
use crate::domain::cache::entry::CacheEntry;
use crate::engine::cache_store::{CacheStore, CacheStoreError, Clear};
use crate::io::git::cache_ref::CacheRef;
use crate::io::git::objects::{ObjectError, Objects};
use crate::ops::begin::BeginError;

/// The error of looking into the cache or of emptying it.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It can not be opened or written.
    #[error(transparent)]
    Store(#[from] CacheStoreError),
    /// The plan can not be used.
    #[error(transparent)]
    Run(Box<RunError>),
    /// What its tools are held by can not be found out.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// A file that the plan names can not be read.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The plan has no such workstream.
    #[error("the plan has no workstream `{name}`")]
    Unknown {
        /// What the user wrote.
        name: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
}

impl From<RunError> for CacheError {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

/// An entry as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: CacheEntry,
    /// How many bytes the files have that it leaves.
    pub bytes: u64,
}

/// What the cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The entries, the newest first.
    pub entries: Vec<Listed>,
    /// When that was.
    pub now: Timestamp,
}

/// Returns the entries that this clone wrote; those that may no longer be used are there until the cache is written again.
///
/// # Errors
/// Returns [`CacheError`] when the cache can not be opened.
pub fn list(cx: &Context) -> Result<Listing, CacheError> {
    let now = cx.clock.now();
    if is_empty(cx) {
        return Ok(Listing { entries: Vec::new(), now });
    }
    let objects = Objects::open(&cx.repo)?;
    let size = |entry: &CacheEntry| {
        let news = entry.changes.iter().filter_map(|change| change.new.as_ref());
        news.filter_map(|file| objects.size(file.id).ok()).map(|size| size as u64).sum()
    };
    let known = CacheStore::open(&cx.repo, cx.durability())?.entries();
    let mut entries: Vec<Listed> = known.iter().map(|entry| Listed { bytes: size(entry), entry: entry.clone() }).collect();
    entries.sort_by(|a, b| (b.entry.at, &b.entry.components.what).cmp(&(a.entry.at, &a.entry.components.what)));
    Ok(Listing { entries, now })
}

/// Takes entries out; returns how many went. Without anything left the ref is gone as well.
///
/// # Errors
/// Returns [`CacheError`] when the cache can not be written.
pub fn clear(cx: &Context, what: Clear) -> Result<usize, CacheError> {
    if is_empty(cx) {
        return Ok(0);
    }
    Ok(CacheStore::open(&cx.repo, cx.durability())?.clear(what, cx.clock.now())?)
}

fn is_empty(cx: &Context) -> bool {
    CacheRef::new(&cx.repo, cx.durability()).tip().is_ok_and(|tip| tip.is_none())
}

/// Takes out what has expired, or counts it; what is wrong with the cache is told in the log and nowhere else.
#[must_use]
pub fn sweep(cx: &Context, sweep: Sweep) -> usize {
    let done = match sweep {
        Sweep::Tell => list(cx).map(|listing| listing.entries.iter().filter(|one| one.entry.is_expired(listing.now)).count()),
        Sweep::Take => clear(cx, Clear::Expired),
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(%error, "the cache of steps could not be looked at");
        0
    })
}

/// Whether something is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// It is counted.
    Tell,
    /// It is.
    Take,
}
