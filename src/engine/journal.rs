//! The writer of one run's entries: refs that keep commits alive first, then the entries, as one durable batch.

use std::collections::{BTreeMap, HashSet};

use super::context::{RunContext, Unsynced};
use crate::domain::id::{ObjectId, RepoPath, RunId};
use crate::domain::ledger::codec::{self, EncodeError};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::keeping::{CHECKPOINT_EVERY, keep_alive, wants_checkpoint};
use crate::domain::run::shelf::shelf_file;
use crate::domain::run::state::RunState;
use crate::io::git::ledger_news::Unless;
use crate::io::git::ledger_ref::{Beneath, FileUpdate, LedgerError, LedgerRef, NewEntry};
use crate::io::git::objects::Commit;
use crate::io::git::refs::RefError;
use crate::io::git::refs::Refs;
use crate::io::git::signature::Identity;

/// The error for entries that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An event has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The checkpoint has no JSON form.
    #[error("the checkpoint could not be written as JSON")]
    Checkpoint(#[from] serde_json::Error),
    /// The ledger could not be written.
    #[error("the ledger could not be written")]
    Ledger(#[from] LedgerError),
    /// A ref that keeps a commit alive could not be written.
    #[error("a commit could not be kept")]
    Ref(#[from] RefError),
    /// The writing thread ended.
    #[error("the writer of the ledger ended unexpectedly")]
    Lost,
}

/// What the keys of controls begin with.
const CONTROLLED: &str = "controlled/";

/// The writer of one run's entries.
#[derive(Debug)]
pub struct Journal {
    ledger: LedgerRef,
    unsynced: Unsynced,
    run: RunId,
    operator: Identity,
    keys: HashSet<String>,
    since_checkpoint: u64,
    first: Vec<FileUpdate>,
    known: Option<ObjectId>,
    /// The keys of what people told the run.
    controls: HashSet<String>,
}

impl Journal {
    /// Returns a writer. `keys` are those of the run's entries so far; `first` is put into the tree together with the first entry.
    #[must_use]
    pub fn new(cx: &RunContext, keys: HashSet<String>, first: Vec<FileUpdate>) -> Self {
        Self {
            ledger: LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: cx.identity.email.clone() }, cx.durability),
            unsynced: cx.unsynced.clone(),
            run: cx.run,
            operator: cx.identity.clone(),
            controls: keys.iter().filter(|key| key.starts_with(CONTROLLED)).cloned().collect(),
            keys,
            since_checkpoint: 0,
            first,
            known: None,
        }
    }

    /// Says up to which tip at least the keys are known; what others append behind it is noticed.
    #[must_use]
    pub const fn known_to(mut self, tip: ObjectId) -> Self {
        self.known = Some(tip);
        self
    }

    /// Returns what others have recorded about the run since the last look, oldest first.
    ///
    /// # Errors
    /// Returns an error when the ledger can not be read.
    pub async fn news(&mut self) -> Result<Vec<Entry>, JournalError> {
        let Some(known) = self.known else { return Ok(Vec::new()) };
        let ledger = self.ledger.clone();
        let looked = tokio::task::spawn_blocking(move || ledger.news(Some(known)));
        let (tip, commits) = looked.await.map_err(|_| JournalError::Lost)??;
        self.known = tip.or(self.known);
        let entries = commits.iter().filter_map(|commit| codec::from_message(&commit.message).ok());
        let news: Vec<Entry> = entries.filter(|entry| entry.run == self.run && !self.keys.contains(&entry.key)).collect();
        self.keys.extend(news.iter().map(|entry| entry.key.clone()));
        self.controls.extend(news.iter().map(|entry| entry.key.clone()));
        Ok(news)
    }

    /// Returns what tells entries by which others control this run and that this writer does not know.
    fn is_news(&self) -> impl Fn(&Commit) -> bool + Send + use<> {
        let run = self.run;
        let known = self.controls.clone();
        move |commit: &Commit| {
            let entry = codec::from_message(&commit.message).ok().filter(|entry| entry.run == run);
            entry.is_some_and(|entry| matches!(entry.event(), Some(Event::Controlled(_))) && !known.contains(&entry.key))
        }
    }

    /// Returns the keys of everything written.
    #[must_use]
    pub const fn keys(&self) -> &HashSet<String> {
        &self.keys
    }

    /// Appends entries that lead to `state`, as one batch; returns when they are durable.
    ///
    /// # Errors
    /// Returns an error when something could not be written, or somebody else recorded something about the run before; the ledger then holds
    /// none of them.
    pub async fn append(&mut self, entries: &[Entry], state: &RunState) -> Result<(), JournalError> {
        let beneath = Beneath { objects: self.unsynced.take(), refs: self.keep_alive(entries).into_iter().collect() };
        let mut batch = Vec::with_capacity(entries.len());
        for entry in entries {
            batch.push(NewEntry {
                message: codec::to_message(entry)?.into_bytes(),
                author: self.author(entry),
                time: entry.ts,
                files: shelf_file(entry)
                    .map(|(path, content)| FileUpdate { path: RepoPath::new(path), content: Some(content) })
                    .into_iter()
                    .collect(),
            });
        }
        self.since_checkpoint += entries.len() as u64;
        let mut update = std::mem::take(&mut self.first);
        if self.since_checkpoint >= CHECKPOINT_EVERY || entries.iter().any(wants_checkpoint) {
            let path = RepoPath::new(format!("runs/{}/checkpoint.json", self.run.lower()));
            update.push(FileUpdate { path, content: Some(serde_json::to_vec(state)?) });
            self.since_checkpoint = 0;
        }
        if let Some(last) = batch.last_mut() {
            last.files.extend(update);
        }
        let (ledger, unsynced, known, is_news) = (self.ledger.clone(), self.unsynced.clone(), self.known, self.is_news());
        let written = tokio::task::spawn_blocking(move || {
            let _span = tracing::trace_span!("ledger append").entered();
            let written = ledger.append_unless(&batch, &beneath, &Unless { known, is_news: &is_news });
            if matches!(written, Err(LedgerError::Overtaken)) {
                unsynced.add(beneath.objects);
            }
            Ok::<_, JournalError>(written?)
        });
        let ids = written.await.map_err(|_| JournalError::Lost)??;
        self.known = ids.last().copied().or(self.known);
        self.keys.extend(entries.iter().map(|entry| entry.key.clone()));
        Ok(())
    }

    fn author(&self, entry: &Entry) -> Identity {
        match entry.event().and_then(|event| event.about().tool) {
            Some(tool) => Identity { name: tool.to_string(), email: self.operator.email.clone() },
            None => self.operator.clone(),
        }
    }

    /// Returns the refs that must exist before the entries do: the tip of a workstream, and whatever is no part of a tip.
    fn keep_alive(&self, entries: &[Entry]) -> BTreeMap<String, ObjectId> {
        entries.iter().filter_map(Entry::event).filter_map(|event| keep_alive(self.run, event)).collect()
    }
}

/// Moves a ref that only this run's driver writes.
///
/// # Errors
/// Returns an error when the ref can not be read or moved.
pub fn set_own(refs: &Refs, name: &str, commit: ObjectId) -> Result<(), RefError> {
    let old = refs.read(name)?;
    if old == Some(commit) { Ok(()) } else { refs.update(name, old, commit, None) }
}
