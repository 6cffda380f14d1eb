//! The ledger: a chain of commits under one ref, one commit per entry, appended by compare-and-swap.
//!
//! What an entry says is not known here: it is the message of its commit. The tree of a commit holds the latest checkpoints; most entries
//! reuse their parent's tree and cost one object. Entries that fall together are one batch: one flush, one move of the ref.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;

use super::hold;
use super::ledger_tip;
use super::lock::{FileLock, LockError};
use super::objects::{Commit, NewCommit, ObjectError, Objects};
use super::ref_scan;
use super::refs::{RefError, RefMove, Refs};
use super::repo::Repo;
use super::signature::{Identity, Signature};
use super::tree::{Entry, FileMode, NamedEntry};
use super::tree_edit::TreeEdit;
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::clock;
use crate::io::fs::Durability;

/// The ref that holds the ledger.
pub const LEDGER_REF: &str = "refs/orc/ledger";
/// The file of the ledger's tree that names the version of its layout.
pub const FORMAT_PATH: &str = "format";
const FORMAT: &[u8] = b"1\n";
/// From how many entries up a batch becomes one pack instead of loose files.
const PACK_FROM: usize = 64;
const MAX_TRIES: u32 = 32;
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// The error of reading or writing the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Other processes moved the ledger again and again while this one tried to append.
    #[error("the ledger was moved by others {tries} times in a row")]
    Contended {
        /// How often it was tried.
        tries: u32,
    },
    /// Something was appended meanwhile that makes the entries untrue.
    #[error("somebody else recorded something about the run meanwhile")]
    Overtaken,
    /// Another process holds the ledger's lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ref can not be read or moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// A file of the ledger's tree that an entry brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUpdate {
    /// Where, for example `runs/<run>/checkpoint.json`.
    pub path: RepoPath,
    /// The new content; `None` removes it.
    pub content: Option<Vec<u8>>,
}

/// An entry to be appended.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The commit message: subject, trailers and the entry itself.
    pub message: Vec<u8>,
    /// Who caused it.
    pub author: Identity,
    /// When.
    pub time: Timestamp,
    /// What changes in the ledger's tree.
    pub files: Vec<FileUpdate>,
}

/// What entries speak of, and what must be there before them.
#[derive(Debug, Clone, Default)]
pub struct Beneath {
    /// Objects that were written and may not be on the disk yet.
    pub objects: Vec<ObjectId>,
    /// Refs of our own that keep them alive, and their values.
    pub refs: Vec<(String, ObjectId)>,
}

/// What was built on a tip: where its objects are, the new tip, and the answer for whoever asked for it.
pub(super) type Built<T> = (Objects, Option<ObjectId>, T);

/// The ledger of a repository. Cheap to clone; can be shared by threads.
#[derive(Debug, Clone)]
pub struct LedgerRef {
    pub(super) repo: Repo,
    pub(super) refs: Refs,
    /// For the refs that keep alive what entries speak of. A resume can give them again from the ledger, so their names need not be on the
    /// disk at once.
    kept: Refs,
    committer: Identity,
    durability: Durability,
}

impl LedgerRef {
    /// Returns the ledger of a repository; `committer` is written as the committer of every entry.
    #[must_use]
    pub fn new(repo: &Repo, committer: Identity, durability: Durability) -> Self {
        Self { repo: repo.clone(), refs: Refs::new(repo, durability), kept: Refs::new(repo, Durability::Relaxed), committer, durability }
    }

    /// Returns the newest entry, or `None` when there is no ledger yet.
    ///
    /// # Errors
    /// Returns [`LedgerError::Ref`] when the ref can not be read.
    pub fn tip(&self) -> Result<Option<ObjectId>, LedgerError> {
        Ok(self.refs.read(LEDGER_REF)?)
    }

    /// Appends entries in their order, all or none, and returns their commits. When it returns they are durable.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when they could not be appended; the ledger is then as it was.
    pub fn append(&self, batch: &[NewEntry]) -> Result<Vec<ObjectId>, LedgerError> {
        self.append_with(batch, &Beneath::default())
    }

    /// Appends entries as [`LedgerRef::append`] does, together with what they speak of: its objects are on the disk first, then the refs
    /// that keep it alive have their values, then the ledger has the entries. All of it waits for the disk once.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when they could not be appended; the ledger is then as it was.
    pub fn append_with(&self, batch: &[NewEntry], beneath: &Beneath) -> Result<Vec<ObjectId>, LedgerError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.exchange(beneath, |tip| self.chained(tip, batch))
    }

    /// Builds entries on a tip: what [`LedgerRef::exchange`] needs to know of them.
    pub(super) fn chained(&self, tip: Option<ObjectId>, batch: &[NewEntry]) -> Result<Built<Vec<ObjectId>>, LedgerError> {
        let objects = if batch.len() < PACK_FROM { Objects::open(&self.repo)? } else { Objects::open_packing(&self.repo)? };
        let ids = self.write_chain(&objects, tip, batch)?;
        let last = ids.last().copied();
        Ok((objects, last, ids))
    }

    /// Builds something on the tip, makes it durable and moves the ref to it; again from the start when the tip has moved meanwhile.
    /// The lock keeps other processes of git-orc from building in vain; the exchange is safe without it, and git takes no heed of it.
    pub(super) fn exchange<T>(
        &self,
        beneath: &Beneath,
        build: impl Fn(Option<ObjectId>) -> Result<Built<T>, LedgerError>,
    ) -> Result<T, LedgerError> {
        let _lock = self.lock()?;
        hold::let_go(&self.repo).map_err(RefError::from)?;
        let mut vanished = None;
        for attempt in 1..=MAX_TRIES {
            let tip = self.vetted()?;
            let (objects, new, answer) = build(tip)?;
            let Some(new) = new.filter(|new| Some(*new) != tip) else { return Ok(answer) };
            let step = RefMove { name: LEDGER_REF, expected: tip, new, log: None };
            objects.adopt(beneath.objects.iter().copied());
            match self.refs.update_after(&step, || self.kept.set_own_after(&beneath.refs, || self.flush(&objects))) {
                Ok(()) => {
                    // The entries are there; that a later rewriting would be noticed is worth no failure.
                    let _unremembered = ledger_tip::remember(&self.repo, new);
                    return Ok(answer);
                }
                // The tip has moved.
                Err(LedgerError::Ref(RefError::Changed { .. })) => vanished = None,
                // A garbage collection took what no ref led to yet. What is built here is built again; what was made before is not.
                Err(error @ (LedgerError::Object(ObjectError::Missing(_)) | LedgerError::Ref(RefError::Vanished { .. }))) => {
                    vanished = Some(error);
                }
                Err(error) => return Err(error),
            }
            clock::pause(clock::jitter(Duration::from_millis(u64::from(attempt))));
        }
        Err(vanished.unwrap_or(LedgerError::Contended { tries: MAX_TRIES }))
    }

    /// Puts a tip in the place of a ref that is gone, broken, or behind it. The file of a broken ref is taken away first.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when the ref can not be written.
    pub fn restore(&self, tip: ObjectId) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        if self.tip().is_err() {
            ref_scan::take_away(&self.repo, LEDGER_REF).map_err(RefError::from)?;
        }
        let found = self.tip()?;
        if found != Some(tip) {
            self.refs.update(LEDGER_REF, found, tip, None)?;
        }
        let _unremembered = ledger_tip::remember(&self.repo, tip);
        Ok(())
    }

    /// Waits for the lock that keeps processes of git-orc from building on the ledger at the same time.
    pub(super) fn lock(&self) -> Result<FileLock, LedgerError> {
        Ok(FileLock::take(&self.repo.orc_dir().join("ledger.lock"), "the ledger", None, LOCK_PATIENCE)?)
    }

    pub(super) fn flush(&self, objects: &Objects) -> Result<(), LedgerError> {
        match self.durability {
            Durability::Full => Ok(objects.flush()?),
            Durability::Relaxed => Ok(objects.settle()?),
        }
    }

    fn write_chain(&self, objects: &Objects, tip: Option<ObjectId>, batch: &[NewEntry]) -> Result<Vec<ObjectId>, LedgerError> {
        let mut parent = tip;
        let mut tree = match tip {
            Some(tip) => objects.tree_of(tip)?,
            None => first_tree(objects)?,
        };
        let mut ids = Vec::with_capacity(batch.len());
        for entry in batch {
            if !entry.files.is_empty() {
                tree = objects.edit_tree(Some(tree), &edits(objects, &entry.files)?)?;
            }
            let id = objects.write_commit(&NewCommit {
                tree,
                parents: parent.as_slice(),
                author: &Signature::new(entry.author.clone(), entry.time),
                committer: &Signature::new(self.committer.clone(), entry.time),
                message: &entry.message,
            })?;
            ids.push(id);
            parent = Some(id);
        }
        Ok(ids)
    }

    /// Joins the ledger of another clone, whose tip was fetched: nothing is written when one contains the other, else one entry with both
    /// as parents, whose tree is the union of both. Returns the tip.
    ///
    /// # Errors
    /// Returns [`LedgerError`] when the ledgers can not be read or joined.
    pub fn join(&self, other: ObjectId, entry: &NewEntry) -> Result<ObjectId, LedgerError> {
        self.exchange(&Beneath::default(), |tip| {
            let objects = Objects::open(&self.repo)?;
            let new = match tip {
                None => other,
                Some(tip) if objects.is_ancestor(other, tip)? => tip,
                Some(tip) if objects.is_ancestor(tip, other)? => other,
                Some(tip) => {
                    let union = self.union(&objects, tip, other)?;
                    let tree = objects.edit_tree(Some(union), &edits(&objects, &entry.files)?)?;
                    objects.write_commit(&NewCommit {
                        tree,
                        parents: &[tip, other],
                        author: &Signature::new(entry.author.clone(), entry.time),
                        committer: &Signature::new(self.committer.clone(), entry.time),
                        message: &entry.message,
                    })?
                }
            };
            Ok((objects, Some(new), new))
        })
    }

    /// Returns the union of two trees. Where both changed the same file since they parted, the file goes if it is a checkpoint, which the
    /// fold of the entries brings back, and else stays as it is here.
    fn union(&self, objects: &Objects, ours: ObjectId, theirs: ObjectId) -> Result<ObjectId, LedgerError> {
        let base = objects.merge_bases(ours, theirs)?.first().copied();
        let base = base.map(|base| objects.tree_of(base)).transpose()?;
        let (ours, theirs) = (objects.tree_of(ours)?, objects.tree_of(theirs)?);
        let ours_changed = objects.diff_trees(base, Some(ours))?;
        let mut edits = Vec::new();
        for change in objects.diff_trees(base, Some(theirs))? {
            match ours_changed.iter().find(|own| own.path == change.path) {
                None => edits.push(TreeEdit { path: change.path, entry: change.new }),
                Some(own) if own.new == change.new => {}
                Some(_) if change.path.as_bytes().ends_with(b"/checkpoint.json") => edits.push(TreeEdit { path: change.path, entry: None }),
                Some(_) => {}
            }
        }
        Ok(objects.edit_tree(Some(ours), &edits)?)
    }

    /// Visits the entries from `tip` back to the first, each once, every entry before those it was appended to, until `visit` breaks.
    ///
    /// # Errors
    /// Returns [`LedgerError::Object`] when an entry can not be read.
    pub fn walk_back(&self, tip: ObjectId, visit: impl FnMut(&Commit) -> ControlFlow<()>) -> Result<(), LedgerError> {
        Ok(Objects::open(&self.repo)?.walk_back(tip, visit)?)
    }

    /// Returns the entries after `since` (`None`: all) up to `tip`, oldest first.
    ///
    /// # Errors
    /// Returns [`LedgerError::Object`] when an entry can not be read.
    pub fn entries_since(&self, tip: ObjectId, since: Option<ObjectId>) -> Result<Vec<Commit>, LedgerError> {
        Ok(Objects::open(&self.repo)?.commits_since(tip, since)?)
    }

    /// Reads a file of the ledger's tree as it was at an entry.
    ///
    /// # Errors
    /// Returns [`LedgerError::Object`] when the entry or its tree can not be read.
    pub fn read_tree_file(&self, at: ObjectId, path: &RepoPath) -> Result<Option<Vec<u8>>, LedgerError> {
        let objects = Objects::open(&self.repo)?;
        let entry = objects.entry_at(objects.tree_of(at)?, path)?.filter(|entry| entry.mode.is_file());
        Ok(entry.map(|entry| objects.read_blob(entry.id)).transpose()?)
    }

    /// Lists a folder of the ledger's tree as it was at an entry; empty when there is none.
    ///
    /// # Errors
    /// Returns [`LedgerError::Object`] when the entry or its tree can not be read.
    pub fn list_tree_folder(&self, at: ObjectId, path: &RepoPath) -> Result<Vec<NamedEntry>, LedgerError> {
        let objects = Objects::open(&self.repo)?;
        let folder = objects.entry_at(objects.tree_of(at)?, path)?.filter(|entry| entry.mode == FileMode::Tree);
        Ok(folder.map(|folder| objects.read_tree(folder.id)).transpose()?.unwrap_or_default())
    }
}

fn first_tree(objects: &Objects) -> Result<ObjectId, LedgerError> {
    let format = FileUpdate { path: RepoPath::from(FORMAT_PATH), content: Some(FORMAT.to_vec()) };
    Ok(objects.edit_tree(None, &edits(objects, &[format])?)?)
}

fn edits(objects: &Objects, files: &[FileUpdate]) -> Result<Vec<TreeEdit>, ObjectError> {
    let edit = |file: &FileUpdate| {
        let id = file.content.as_deref().map(|content| objects.write_blob(content)).transpose()?;
        Ok(TreeEdit { path: file.path.clone(), entry: id.map(|id| Entry { mode: FileMode::Regular, id }) })
    };
    files.iter().map(edit).collect()
}
