//! What others append about a run while somebody drives it: how it is noticed, and how nothing is built on what it made untrue.

use super::ledger_ref::{Beneath, LedgerError, LedgerRef, NewEntry};
use super::objects::{Commit, Objects};
use crate::domain::id::ObjectId;

/// What an append must not be overtaken by.
pub struct Unless<'a> {
    /// The tip that the entries were thought out on; `None` when nothing can have been said about their run before.
    pub known: Option<ObjectId>,
    /// Returns whether an entry behind that tip makes them untrue.
    pub is_news: &'a dyn Fn(&Commit) -> bool,
}

impl std::fmt::Debug for Unless<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unless").field("known", &self.known).finish_non_exhaustive()
    }
}

impl LedgerRef {
    /// Appends entries as [`LedgerRef::append_with`] does, unless something was appended before that makes them untrue.
    ///
    /// # Errors
    /// Returns [`LedgerError::Overtaken`] when it was, and else what [`LedgerRef::append_with`] returns; the ledger is then as it was.
    pub fn append_unless(&self, batch: &[NewEntry], beneath: &Beneath, unless: &Unless<'_>) -> Result<Vec<ObjectId>, LedgerError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.exchange(beneath, |tip| {
            if let (Some(tip), Some(known)) = (tip, unless.known)
                && tip != known
                && self.entries_since(tip, Some(known))?.iter().any(unless.is_news)
            {
                return Err(LedgerError::Overtaken);
            }
            self.chained(tip, batch)
        })
    }

    /// Returns the tip, and the entries that were appended after a tip, oldest first. When the tip is the same, one small file was read.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when the ledger can not be read, or can not be put right.
    pub fn news(&self, known: Option<ObjectId>) -> Result<(Option<ObjectId>, Vec<Commit>), LedgerError> {
        if self.tip().is_ok_and(|tip| tip == known) {
            return Ok((known, Vec::new()));
        }
        // What stands there may not be ours.
        self.vet()?;
        let tip = self.tip()?;
        let Some(new) = tip.filter(|_| tip != known) else { return Ok((tip, Vec::new())) };
        Ok((tip, Objects::open(&self.repo)?.commits_since(new, known)?))
    }
}
