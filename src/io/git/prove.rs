//! Proving objects: that they are there, of the kind that is expected, and that their bytes have the id that they are named by.
//!
//! Reading does not hash what it reads, for speed; here everything is hashed, each object once.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::objects::{Commit, ObjectError, Objects};
use super::oid::from_git;
use super::tree::FileMode;
use crate::domain::id::{ObjectId, RepoPath};

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It can not be read.
    #[error("can not be read")]
    Unreadable,
    /// Its bytes have another id.
    #[error("does not have the content that its id stands for")]
    Changed,
    /// It is of another kind.
    #[error("is no {0}")]
    Kind(&'static str),
}

/// How closely objects are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// They are there.
    Present,
    /// They are there and are what their id says, with everything below them.
    Hashed,
}

/// Proves objects of one repository, each once.
pub struct Prover<'o> {
    objects: &'o Objects,
    depth: Depth,
    proven: HashSet<ObjectId>,
}

impl<'o> Prover<'o> {
    /// Returns a prover that has seen nothing yet.
    #[must_use]
    pub fn new(objects: &'o Objects, depth: Depth) -> Self {
        Self { objects, depth, proven: HashSet::new() }
    }

    /// Returns how many objects are proven.
    #[must_use]
    pub fn count(&self) -> usize {
        self.proven.len()
    }

    /// Proves that a commit is there and sound; not what it leads to.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub fn commit(&mut self, id: ObjectId) -> Result<(), Damage> {
        self.one(id, git2::ObjectType::Commit)
    }

    /// Proves that a tree and everything below it is there and sound. Returns the paths of what is not; the path of the tree itself is empty.
    pub fn tree(&mut self, id: ObjectId) -> Vec<(RepoPath, ObjectId, Damage)> {
        let mut damaged = Vec::new();
        self.folder(id, &mut Vec::new(), &mut damaged);
        damaged
    }

    fn folder(&mut self, id: ObjectId, path: &mut Vec<u8>, damaged: &mut Vec<(RepoPath, ObjectId, Damage)>) {
        if self.proven.contains(&id) {
            return;
        }
        if let Err(damage) = self.one(id, git2::ObjectType::Tree) {
            damaged.push((RepoPath::new(path.clone()), id, damage));
            return;
        }
        let Ok(entries) = self.objects.read_tree(id) else {
            damaged.push((RepoPath::new(path.clone()), id, Damage::Unreadable));
            return;
        };
        let sound_so_far = damaged.len();
        for named in entries {
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&named.name);
            let id = named.entry.id;
            match named.entry.mode {
                FileMode::Tree => self.folder(id, path, damaged),
                // A commit of another repository.
                FileMode::Gitlink => {}
                FileMode::Regular | FileMode::Executable | FileMode::Symlink => {
                    if let Err(damage) = self.one(id, git2::ObjectType::Blob) {
                        damaged.push((RepoPath::new(path.clone()), id, damage));
                    }
                }
            }
            path.truncate(length);
        }
        if damaged.len() > sound_so_far {
            // Whoever asks for it again, as a part of another tree, must hear of it again.
            self.proven.remove(&id);
        }
    }

    fn one(&mut self, id: ObjectId, kind: git2::ObjectType) -> Result<(), Damage> {
        if self.proven.contains(&id) {
            return Ok(());
        }
        match self.depth {
            Depth::Present if kind == git2::ObjectType::Blob => {
                if !self.objects.exists(id) {
                    return Err(Damage::Missing);
                }
            }
            Depth::Present | Depth::Hashed => self.hash(id, kind)?,
        }
        self.proven.insert(id);
        Ok(())
    }

    fn hash(&self, id: ObjectId, kind: git2::ObjectType) -> Result<(), Damage> {
        let hashed = self.objects.look(id, |found, content| match found == kind {
            true => git2::Oid::hash_object(kind, content).map(from_git).map_err(|_| Damage::Unreadable),
            false => Err(Damage::Kind(kind.str())),
        });
        match hashed {
            Ok(found) if found? == id => Ok(()),
            Ok(_) => Err(Damage::Changed),
            Err(ObjectError::Missing(_)) => Err(Damage::Missing),
            Err(_) => Err(Damage::Unreadable),
        }
    }

    /// Returns whether a commit is `tip` or lies behind it, as far as the history is sound.
    pub fn holds(&mut self, tip: ObjectId, wanted: ObjectId) -> bool {
        let mut found = false;
        self.history(tip, |step| {
            found |= matches!(step, Step::Commit(commit) if commit.id == wanted);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found
    }

    /// Visits a history from its first commits to `tip`, every commit once and after its parents. A commit that is damaged is told of and
    /// taken for a first one.
    pub fn history(&mut self, tip: ObjectId, mut visit: impl FnMut(Step<'_>) -> ControlFlow<()>) {
        let mut open: Vec<(Commit, usize)> = Vec::new();
        let mut seen = HashSet::new();
        let mut next = Some(tip);
        loop {
            if let Some(id) = next.take().filter(|id| seen.insert(*id)) {
                let read = self.commit(id).and_then(|()| self.objects.read_commit(id).map_err(|_| Damage::Unreadable));
                match read {
                    Ok(commit) => open.push((commit, 0)),
                    Err(damage) => {
                        if visit(Step::Damaged(id, damage)).is_break() {
                            return;
                        }
                    }
                }
            }
            let Some((commit, at)) = open.last_mut() else { return };
            if let Some(parent) = commit.parents.get(*at) {
                next = Some(*parent);
                *at += 1;
            } else if let Some((commit, _)) = open.pop()
                && visit(Step::Commit(&commit)).is_break()
            {
                return;
            }
        }
    }
}

/// One step of a walk through a history.
#[derive(Debug)]
pub enum Step<'a> {
    /// A commit.
    Commit(&'a Commit),
    /// A commit that is damaged, and how.
    Damaged(ObjectId, Damage),
}
