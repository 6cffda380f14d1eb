//! Walking the history of commits.

use std::ops::ControlFlow;

use super::objects::{Commit, ObjectError, Objects, missing_or};
use super::oid::{from_git, to_git};
use crate::domain::id::ObjectId;

impl Objects {
    /// Visits commits from `from` back to the first, each once, every commit before its parents, until `visit` breaks.
    ///
    /// A chain is followed step by step, so that stopping early costs nothing for what lies further back.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn walk_back(&self, from: ObjectId, mut visit: impl FnMut(&Commit) -> ControlFlow<()>) -> Result<(), ObjectError> {
        let mut at = from;
        loop {
            let commit = self.read_commit(at)?;
            match commit.parents.as_slice() {
                [] => {
                    let _end = visit(&commit);
                    return Ok(());
                }
                [parent] => {
                    if visit(&commit).is_break() {
                        return Ok(());
                    }
                    at = *parent;
                }
                // Where histories meet, git's topological order takes over.
                _ => {
                    for id in self.topological(at, None)? {
                        if visit(&self.read_commit(id)?).is_break() {
                            return Ok(());
                        }
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Returns the commits that `tip` leads to and `since` does not, every commit after its parents.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn commits_since(&self, tip: ObjectId, since: Option<ObjectId>) -> Result<Vec<Commit>, ObjectError> {
        let mut commits = Vec::new();
        let mut at = Some(tip).filter(|tip| Some(*tip) != since);
        while let Some(id) = at {
            let commit = self.read_commit(id)?;
            if commit.parents.len() > 1 {
                let rest = self.topological(id, since)?;
                for id in rest {
                    commits.push(self.read_commit(id)?);
                }
                break;
            }
            at = commit.parents.first().copied().filter(|parent| Some(*parent) != since);
            commits.push(commit);
        }
        commits.reverse();
        Ok(commits)
    }

    fn topological(&self, tip: ObjectId, hide: Option<ObjectId>) -> Result<Vec<ObjectId>, ObjectError> {
        let walk = || {
            let mut walk = self.git().revwalk()?;
            walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
            walk.push(to_git(tip)?)?;
            if let Some(hide) = hide {
                walk.hide(to_git(hide)?)?;
            }
            walk.map(|id| id.map(from_git)).collect::<Result<Vec<_>, _>>()
        };
        walk().map_err(|source| missing_or(tip, source))
    }

    /// Returns the commits that `tip` leads to and `base` does not, every commit before its parents.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn range(&self, tip: ObjectId, base: Option<ObjectId>) -> Result<Vec<ObjectId>, ObjectError> {
        if Some(tip) == base { Ok(Vec::new()) } else { self.topological(tip, base) }
    }

    /// Visits these commits in their order, until `visit` breaks.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn each(&self, commits: &[ObjectId], mut visit: impl FnMut(&Commit) -> ControlFlow<()>) -> Result<(), ObjectError> {
        for id in commits {
            if visit(&self.read_commit(*id)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the commit that an object leads to: itself, or what a tag names; nothing when it is a tree or a blob.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be read.
    pub fn peel_to_commit(&self, id: ObjectId) -> Result<Option<ObjectId>, ObjectError> {
        let object = to_git(id).and_then(|oid| self.git().find_object(oid, None)).map_err(|source| missing_or(id, source))?;
        match object.peel(git2::ObjectType::Commit) {
            Ok(commit) => Ok(Some(from_git(commit.id()))),
            Err(error) if matches!(error.code(), git2::ErrorCode::InvalidSpec | git2::ErrorCode::Peel) => Ok(None),
            Err(source) => Err(missing_or(id, source)),
        }
    }

    /// Returns whether `ancestor` is `commit` or lies behind it.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn is_ancestor(&self, ancestor: ObjectId, commit: ObjectId) -> Result<bool, ObjectError> {
        if ancestor == commit {
            return Ok(true);
        }
        let answer = to_git(commit).and_then(|commit| self.git().graph_descendant_of(commit, to_git(ancestor)?));
        answer.map_err(|source| missing_or(commit, source))
    }

    /// Returns the best common ancestors of two commits: none, one, or several when histories crossed.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a commit can not be read.
    pub fn merge_bases(&self, one: ObjectId, two: ObjectId) -> Result<Vec<ObjectId>, ObjectError> {
        match to_git(one).and_then(|one| self.git().merge_bases(one, to_git(two)?)) {
            Ok(bases) => Ok(bases.iter().copied().map(from_git).collect()),
            Err(error) if error.code() == git2::ErrorCode::NotFound && self.exists(one) && self.exists(two) => Ok(Vec::new()),
            Err(source) => Err(missing_or(one, source)),
        }
    }
}
