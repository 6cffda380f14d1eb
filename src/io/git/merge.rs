//! Merging two commits in memory, with exactly the result that git itself would give.
//!
//! When both sides changed different paths and neither removed anything or changed its kind, there is nothing for git to decide: the result
//! is the union of the two trees, built here. Everything else is asked of `git merge-tree`, which runs on a git directory of its own: with
//! the merge drivers as the user had configured them before any tool ran, and with the attributes of our side's tree.

use jiff::Timestamp;

use super::env::GitVersion;
use super::merge_answer::{Answer, Verdict};
use super::merge_driver;
use super::objects::{NewCommit, ObjectError, Objects};
use super::repo::{Repo, RepoError};
use super::signature::{Identity, Signature};
use super::tree_union::Union;
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::fs::FsError;

pub use super::merge_driver::{MergeCommandError, MergeSettings, Side};

/// The first version of git whose `merge-tree` can be told the base.
const NAMED_BASE: GitVersion = GitVersion { major: 2, minor: 40 };

/// The error of merging.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The two commits have no common history.
    #[error("commits {ours} and {theirs} have no common history")]
    Unrelated {
        /// Our side.
        ours: ObjectId,
        /// Their side.
        theirs: ObjectId,
    },
    /// `git merge-tree` could not be run, or its answer makes no sense.
    #[error(transparent)]
    Command(#[from] MergeCommandError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A file can not be written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// What a merge gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeResult {
    /// The merged tree.
    Clean(ObjectId),
    /// Git could not decide.
    Conflict {
        /// The tree with conflict markers in the files.
        tree: ObjectId,
        /// The paths in conflict, sorted.
        paths: Vec<RepoPath>,
        /// What git says about them, for people.
        messages: String,
    },
}

/// Merges commits of one repository, for one thread.
pub struct Merger {
    repo: Repo,
    objects: Objects,
    settings: MergeSettings,
}

impl Merger {
    /// Opens the repository for merging with the settings as they were before any tool ran.
    ///
    /// # Errors
    /// Returns [`MergeError::Object`] when the repository can not be opened.
    pub fn open(repo: &Repo, settings: &MergeSettings) -> Result<Self, MergeError> {
        Ok(Self { repo: repo.clone(), objects: Objects::open(repo)?, settings: settings.clone() })
    }

    /// Returns the objects that the merges are written to; flush them before a ref leads to a merge.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Merges two commits over their merge base.
    ///
    /// # Errors
    /// Returns [`MergeError::Unrelated`] when they have none, and other errors when the merge can not be made at all.
    pub fn merge(&self, ours: Side<'_>, theirs: Side<'_>) -> Result<MergeResult, MergeError> {
        match self.objects.merge_bases(ours.commit, theirs.commit)?.as_slice() {
            [] => Err(MergeError::Unrelated { ours: ours.commit, theirs: theirs.commit }),
            [base] => match self.union(*base, ours.commit, theirs.commit)? {
                Union::Tree(tree) => Ok(MergeResult::Clean(tree)),
                Union::Undecided => self.ask_git(None, ours, theirs),
            },
            _ => self.ask_git(None, ours, theirs),
        }
    }

    /// Merges two commits over a base that is named, which need not be a common ancestor: so a change is replayed or reverted.
    ///
    /// # Errors
    /// Returns [`MergeError`] when the merge can not be made at all.
    pub fn merge_over(&self, base: ObjectId, ours: Side<'_>, theirs: Side<'_>) -> Result<MergeResult, MergeError> {
        match self.union(base, ours.commit, theirs.commit)? {
            Union::Tree(tree) => Ok(MergeResult::Clean(tree)),
            Union::Undecided => self.ask_git(Some(base), ours, theirs),
        }
    }

    fn union(&self, base: ObjectId, ours: ObjectId, theirs: ObjectId) -> Result<Union, ObjectError> {
        let trees = [self.objects.tree_of(base)?, self.objects.tree_of(ours)?, self.objects.tree_of(theirs)?];
        self.objects.union_of(trees)
    }

    fn ask_git(&self, base: Option<ObjectId>, ours: Side<'_>, theirs: Side<'_>) -> Result<MergeResult, MergeError> {
        let (base, ours, theirs) = match base {
            Some(base) if self.repo.version() < NAMED_BASE => {
                let [ours, theirs] = self.stand_ins(base, [ours, theirs])?;
                (None, ours, theirs)
            }
            base => (base, ours, theirs),
        };
        let Answer { verdict, tree, paths, messages } = merge_driver::merge_tree(&self.repo, &self.settings, base, [ours, theirs])?;
        // Git wrote the new objects; the next flush shall make them durable like our own.
        let known = [self.objects.tree_of(ours.commit)?, self.objects.tree_of(theirs.commit)?];
        self.objects.adopt(self.objects.new_in(tree, known)?);
        Ok(match verdict {
            Verdict::Clean => MergeResult::Clean(tree),
            Verdict::Conflict => MergeResult::Conflict { tree, paths, messages },
        })
    }

    /// Writes commits with the same trees whose merge base is the named one, for a git that can not be told of a base.
    fn stand_ins<'a>(&self, base: ObjectId, sides: [Side<'a>; 2]) -> Result<[Side<'a>; 2], MergeError> {
        let nobody = Signature::new(Identity { name: "git-orc".to_owned(), email: String::new() }, Timestamp::UNIX_EPOCH);
        let write = |tree_of: ObjectId, parents: &[ObjectId], message: &str| {
            let tree = self.objects.tree_of(tree_of)?;
            self.objects.write_commit(&NewCommit { tree, parents, author: &nobody, committer: &nobody, message: message.as_bytes() })
        };
        let root = write(base, &[], "base\n")?;
        let [ours, theirs] = sides;
        Ok([
            Side { commit: write(ours.commit, &[root], "ours\n")?, ..ours },
            Side { commit: write(theirs.commit, &[root], "theirs\n")?, ..theirs },
        ])
    }

    /// Writes the merge commit of a workstream: first parent is the integration tip.
    ///
    /// # Errors
    /// Returns [`MergeError::Object`] when it can not be written.
    pub fn commit(&self, parents: [ObjectId; 2], tree: ObjectId, message: &str, by: &Signature) -> Result<ObjectId, MergeError> {
        let commit = NewCommit { tree, parents: &parents, author: by, committer: by, message: message.as_bytes() };
        Ok(self.objects.write_commit(&commit)?)
    }
}
