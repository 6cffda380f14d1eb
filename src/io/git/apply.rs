//! Applies a unified diff to a tree with git's own `apply`, on an index of its own; no work tree is touched.
//!
//! Git finds hunks that have moved and, where that is not enough, merges three ways with the blobs that the diff was made from.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::policy::diff::{Prefixes, read_diff_paths};
use crate::domain::policy::path::{PathRules, PathViolation, judge_path};
use crate::io::git::command::{GitCommand, GitCommandError, GitOutput, Trust};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::Repo;
use crate::io::git::tree::FileMode;
use crate::io::git::tree_diff::TreeChange;

/// How much memory git may take: a few bytes of a binary patch can ask for any amount.
const MEMORY: u64 = 1 << 30;
/// How long git may search for the places of the hunks.
const TIMEOUT: Duration = Duration::from_secs(120);

/// How a diff came to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// As it is, perhaps with moved hunks.
    None,
    /// By a three-way merge with what it was made from.
    ThreeWay,
}

/// A diff that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// The tree with the diff applied.
    pub tree: ObjectId,
    /// How it came to fit.
    pub fallback: Fallback,
    /// The objects that are new in it; they are not durable yet.
    pub objects: Vec<ObjectId>,
}

/// The error of applying a diff.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It names paths that must not land.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    BadPaths(Vec<PathViolation>),
    /// Git can not make anything of it.
    #[error("the diff does not apply: {message}")]
    Rejected {
        /// What git says.
        message: String,
    },
    /// The three-way merge has conflicts.
    #[error("the diff conflicts in {}", paths.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", "))]
    Conflict {
        /// Where.
        paths: Vec<RepoPath>,
    },
    /// There is no room for the index.
    #[error("make a folder for the index")]
    Folder(#[source] std::io::Error),
    /// Git can not be run.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Applies a diff to a tree.
///
/// # Errors
/// Returns [`ApplyError::BadPaths`] before anything is tried, [`ApplyError::Conflict`] or [`ApplyError::Rejected`] when it does not fit.
pub fn apply_diff(repo: &Repo, base: ObjectId, diff: &[u8], rules: &PathRules) -> Result<ApplyOutcome, ApplyError> {
    let named = read_diff_paths(diff);
    let violations: Vec<_> = named.paths.iter().filter_map(|path| judge_path(path, rules).err()).collect();
    if !violations.is_empty() {
        return Err(ApplyError::BadPaths(violations));
    }
    let folder = tempfile::Builder::new().prefix("git-orc-apply-").tempdir().map_err(ApplyError::Folder)?;
    let apply = Apply { repo, base, folder: folder.path(), prefixes: named.prefixes };
    let first = apply.attempt(diff, Fallback::None)?;
    let (tree, fallback) = if first.status.success() {
        (apply.write_tree()?, Fallback::None)
    } else {
        let second = apply.attempt(diff, Fallback::ThreeWay)?;
        if !second.status.success() {
            return Err(apply.failure(&first)?);
        }
        (apply.write_tree()?, Fallback::ThreeWay)
    };
    let objects = Objects::open(repo)?;
    let changes = objects.diff_trees(Some(base), Some(tree))?;
    // Git's three-way merge lets a new file take the place of another one above it.
    if let Some(change) = changes.iter().find(|change| named.paths.binary_search(&change.path).is_err()) {
        return Err(ApplyError::Rejected { message: format!("it would change `{}`, which it does not name", change.path) });
    }
    let objects = new_objects(&objects, &changes, tree)?;
    Ok(ApplyOutcome { tree, fallback, objects })
}

struct Apply<'a> {
    repo: &'a Repo,
    base: ObjectId,
    folder: &'a Path,
    prefixes: Prefixes,
}

impl Apply<'_> {
    fn git(&self) -> GitCommand {
        // The work tree is an empty directory: should git ever look for one, it finds nothing.
        GitCommand::new(self.repo).trust(Trust::Touched).work_tree(self.folder).env("GIT_INDEX_FILE", self.folder.join("index"))
    }

    fn attempt(&self, diff: &[u8], fallback: Fallback) -> Result<GitOutput, ApplyError> {
        self.git().args(["read-tree", &self.base.to_string()]).run()?;
        let strip = match self.prefixes {
            Prefixes::Sides => "-p1",
            Prefixes::Absent => "-p0",
        };
        let mut command = self.git().args(["apply", "--cached", "--whitespace=nowarn", strip]);
        if fallback == Fallback::ThreeWay {
            command = command.arg("--3way");
        }
        match command.arg("-").stdin(diff).memory(MEMORY).timeout(TIMEOUT).output() {
            Err(error @ GitCommandError::TimedOut { .. }) => Err(ApplyError::Rejected { message: error.to_string() }),
            Ok(output) => Ok(output),
            Err(error) => Err(error.into()),
        }
    }

    fn write_tree(&self) -> Result<ObjectId, ApplyError> {
        let answer = self.git().arg("write-tree").run()?.text();
        ObjectId::parse(&answer).map_err(|error| ApplyError::Rejected { message: error.to_string() })
    }

    /// Says why the diff does not fit: in conflict where the three-way merge left any, else with git's words about the plain attempt.
    fn failure(&self, first: &GitOutput) -> Result<ApplyError, ApplyError> {
        let listed = self.git().args(["ls-files", "--unmerged", "-z"]).run()?;
        let paths: BTreeSet<RepoPath> = listed
            .stdout
            .split(|b| *b == 0)
            .filter_map(|line| line.iter().position(|b| *b == b'\t').and_then(|at| line.get(at + 1..)))
            .map(RepoPath::new)
            .collect();
        if paths.is_empty() {
            let message = String::from_utf8_lossy(&first.stderr).trim().to_owned();
            return Ok(ApplyError::Rejected { message });
        }
        Ok(ApplyError::Conflict { paths: paths.into_iter().collect() })
    }
}

/// Returns the blobs and trees on the way to every changed path.
fn new_objects(objects: &Objects, changes: &[TreeChange], tree: ObjectId) -> Result<Vec<ObjectId>, ObjectError> {
    let mut new = BTreeSet::from([tree]);
    for change in changes {
        // The commit of a submodule is an object of another repository.
        new.extend(change.new.filter(|entry| entry.mode != FileMode::Gitlink).map(|entry| entry.id));
        let path = change.path.as_bytes();
        for (end, _) in path.iter().enumerate().filter(|(_, b)| **b == b'/') {
            new.extend(objects.entry_at(tree, &RepoPath::new(&path[..end]))?.map(|entry| entry.id));
        }
    }
    Ok(new.into_iter().collect())
}
