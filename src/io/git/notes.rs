//! Notes on commits in `refs/notes/orc`, readable by `git notes --ref=orc show` and `git log --notes=orc`.
//!
//! Kept in a tree that fans out by the first two digits, because libgit2's own notes rewrite one flat tree for each. Notes are a view that
//! can be rebuilt from the ledger.

use std::time::Duration;

use super::objects::{NewCommit, ObjectError, Objects};
use super::refs::{LogLine, RefError, RefMove, Refs};
use super::repo::Repo;
use super::signature::Signature;
use super::tree::{Entry, FileMode};
use super::tree_edit::TreeEdit;
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::clock;
use crate::io::fs::Durability;

/// The ref that holds the notes.
pub const NOTES_REF: &str = "refs/notes/orc";
const MAX_TRIES: u32 = 32;
const MESSAGE: &str = "Notes added by git-orc\n";

/// The error of reading or writing notes.
#[derive(Debug, thiserror::Error)]
pub enum NotesError {
    /// Other processes moved the notes again and again while this one tried to write.
    #[error("the notes were moved by others {tries} times in a row")]
    Contended {
        /// How often it was tried.
        tries: u32,
    },
    /// The ref can not be read or moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// The notes of a repository. Cheap to clone; can be shared by threads.
#[derive(Debug, Clone)]
pub struct Notes {
    repo: Repo,
    refs: Refs,
    durability: Durability,
}

impl Notes {
    /// Returns the notes of a repository.
    #[must_use]
    pub fn new(repo: &Repo, durability: Durability) -> Self {
        Self { repo: repo.clone(), refs: Refs::new(repo, durability), durability }
    }

    /// Writes notes in one commit; a note that a commit had before is replaced. Of two notes on one commit the later one counts.
    ///
    /// # Errors
    /// Returns [`NotesError`] when they can not be written; the notes are then as they were.
    pub fn write(&self, notes: &[(ObjectId, String)], by: &Signature) -> Result<(), NotesError> {
        if notes.is_empty() {
            return Ok(());
        }
        for attempt in 1..=MAX_TRIES {
            let tip = self.refs.read(NOTES_REF)?;
            let objects = Objects::open(&self.repo)?;
            let Some(new) = build(&objects, tip, notes, by)? else { return Ok(()) };
            let log = LogLine { signature: by, message: MESSAGE.trim_end() };
            let step = RefMove { name: NOTES_REF, expected: tip, new, log: Some(&log) };
            match self.refs.update_after(&step, || self.flush(&objects)) {
                Ok(()) => return Ok(()),
                Err(
                    NotesError::Ref(RefError::Changed { .. } | RefError::Vanished { .. }) | NotesError::Object(ObjectError::Missing(_)),
                ) => {
                    clock::pause(clock::jitter(Duration::from_millis(u64::from(attempt))));
                }
                Err(error) => return Err(error),
            }
        }
        Err(NotesError::Contended { tries: MAX_TRIES })
    }

    fn flush(&self, objects: &Objects) -> Result<(), NotesError> {
        match self.durability {
            Durability::Full => Ok(objects.flush()?),
            Durability::Relaxed => Ok(objects.settle()?),
        }
    }

    /// Returns the note on an object, if it has one.
    ///
    /// # Errors
    /// Returns [`NotesError`] when the notes can not be read.
    pub fn lookup(&self, id: ObjectId) -> Result<Option<String>, NotesError> {
        let Some(tip) = self.refs.read(NOTES_REF)? else { return Ok(None) };
        let objects = Objects::open(&self.repo)?;
        let tree = objects.tree_of(tip)?;
        for path in places(id) {
            if let Some(entry) = objects.entry_at(tree, &path)?.filter(|entry| entry.mode.is_file()) {
                return Ok(Some(String::from_utf8_lossy(&objects.read_blob(entry.id)?).into_owned()));
            }
        }
        Ok(None)
    }
}

/// Builds the commit with the notes; `None` when the tree already holds them all.
fn build(objects: &Objects, tip: Option<ObjectId>, notes: &[(ObjectId, String)], by: &Signature) -> Result<Option<ObjectId>, ObjectError> {
    let before = tip.map(|tip| objects.tree_of(tip)).transpose()?;
    let mut edits = Vec::with_capacity(3 * notes.len());
    for (id, text) in notes {
        let entry = Entry { mode: FileMode::Regular, id: objects.write_blob(text.as_bytes())? };
        let [fanned, flat, deep] = places(*id);
        edits.push(TreeEdit { path: flat, entry: None });
        edits.push(TreeEdit { path: deep, entry: None });
        edits.push(TreeEdit { path: fanned, entry: Some(entry) });
    }
    let tree = objects.edit_tree(before, &edits)?;
    if Some(tree) == before {
        return Ok(None);
    }
    objects.write_commit(&NewCommit { tree, parents: tip.as_slice(), author: by, committer: by, message: MESSAGE.as_bytes() }).map(Some)
}

/// Returns where the note on an object may stand: first where it is written here, then where git may have put it.
fn places(id: ObjectId) -> [RepoPath; 3] {
    let hex = id.to_string();
    let (first, rest) = hex.split_at(2);
    let (second, tail) = rest.split_at(2);
    [
        RepoPath::from(format!("{first}/{rest}").as_str()),
        RepoPath::from(hex.as_str()),
        RepoPath::from(format!("{first}/{second}/{tail}").as_str()),
    ]
}
