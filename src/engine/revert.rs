//! Undoing commits of the integration branch in memory: each by a new commit on top, with exactly the tree that `git revert` would give.
//!
//! A revert is a merge over a base that is named: the commit that is undone is the base, the branch is one side, the parent that is gone
//! back to is the other.

use jiff::Timestamp;

use super::failure::ExecuteError;
use crate::domain::id::{ObjectId, PatchId, RepoPath, RunId, WorkstreamId};
use crate::domain::run::rollback::{Revert, RevertKind};
use crate::domain::run::rollback_wording::{Undoing, revert_message};
use crate::io::git::merge::{MergeError, MergeResult, Merger, Side};
use crate::io::git::objects::{Commit, NewCommit, Objects};
use crate::io::git::signature::{Identity, Signature};

/// The most commits that are looked at for what stands in the way.
const MOST_LOOKED_AT: usize = 10_000;

/// Something to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Whose work it is.
    pub workstream: WorkstreamId,
    /// What of it.
    pub kind: RevertKind,
    /// The commit to undo: a merge, or a patch.
    pub of: ObjectId,
    /// The patches that are undone with it.
    pub patches: Vec<PatchId>,
}

/// What undoing gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// Everything is undone.
    Made {
        /// The commits, in the order in which they were made.
        reverts: Vec<Revert>,
        /// The last one.
        tip: ObjectId,
        /// Its tree.
        tree: ObjectId,
    },
    /// Something can not be undone as things are.
    Conflict {
        /// What.
        undo: Undo,
        /// The paths in conflict, sorted.
        paths: Vec<String>,
    },
}

/// A later commit that changed what should be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// The commit.
    pub commit: ObjectId,
    /// Its subject.
    pub subject: String,
    /// Its author.
    pub author: String,
    /// The paths in conflict that it changed.
    pub paths: Vec<String>,
}

/// Who undoes something, and why.
#[derive(Debug, Clone)]
pub struct Reverter<'a> {
    /// The run.
    pub run: RunId,
    /// The integration branch, without `refs/heads/`.
    pub target: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who, and when.
    pub by: Signature,
    /// What of the run was undone before, in order.
    pub before: &'a [Revert],
}

impl Reverter<'_> {
    /// Undoes one thing after the other on top of a commit. The objects are written, and nothing leads to them yet.
    ///
    /// # Errors
    /// Returns an error when the repository does not let it.
    pub fn undo(&self, merger: &Merger, tip: ObjectId, undos: &[Undo]) -> Result<Undone, ExecuteError> {
        let objects = merger.objects();
        let (mut at, mut tree, mut reverts) = (tip, objects.tree_of(tip)?, Vec::new());
        for undo in undos {
            let undone = objects.read_commit(undo.of)?;
            let Some(mainline) = undone.parents.first().copied() else {
                return Err(ExecuteError::Inconsistent(format!("commit {} has no parent to go back to", undo.of)));
            };
            let label = format!("before-{}", undo.workstream);
            let base = match undo.kind {
                RevertKind::Workstream => left_of(merger, (&undo.workstream, undo.of), self.before)?,
                RevertKind::Patch => undo.of,
            };
            match merger.merge_over(base, Side { commit: at, label: self.target }, Side { commit: mainline, label: &label })? {
                MergeResult::Conflict { paths, .. } => {
                    return Ok(Undone::Conflict { undo: undo.clone(), paths: paths.iter().map(ToString::to_string).collect() });
                }
                MergeResult::Clean(clean) => tree = clean,
            }
            let mut revert = Revert {
                workstream: undo.workstream.clone(),
                kind: undo.kind,
                of: undo.of,
                mainline,
                commit: ObjectId::ZERO,
                patches: undo.patches.clone(),
            };
            revert.commit = self.commit(objects, (at, tree), (&revert, &undone))?;
            at = revert.commit;
            reverts.push(revert);
        }
        Ok(Undone::Made { reverts, tip: at, tree })
    }

    fn commit(
        &self,
        objects: &Objects,
        (at, tree): (ObjectId, ObjectId),
        (revert, undone): (&Revert, &Commit),
    ) -> Result<ObjectId, ExecuteError> {
        let (subject, is_merge) = (subject(undone), undone.parents.len() > 1);
        let message = revert_message(&Undoing { run: self.run, revert, subject: &subject, is_merge, reason: self.reason });
        let commit = NewCommit { tree, parents: &[at], author: &self.by, committer: &self.by, message: message.as_bytes() };
        Ok(objects.write_commit(&commit)?)
    }
}

/// Returns what a whole workstream is undone over: its merge, or a commit that stands for the merge without the patches that were undone
/// before. To undo these once more would conflict with that they are gone.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub fn left_of(merger: &Merger, (workstream, merge): (&WorkstreamId, ObjectId), before: &[Revert]) -> Result<ObjectId, MergeError> {
    let nobody = Signature::new(Identity { name: "git-orc".to_owned(), email: String::new() }, Timestamp::UNIX_EPOCH);
    let mut left = merge;
    for part in before.iter().filter(|one| one.kind == RevertKind::Patch && one.workstream == *workstream) {
        let sides = (Side { commit: left, label: "merged" }, Side { commit: part.mainline, label: "before" });
        // What can not be told from the rest is left to a person, who sees it as the conflict that it is.
        let MergeResult::Clean(tree) = merger.merge_over(part.of, sides.0, sides.1)? else { return Ok(merge) };
        let commit = NewCommit { tree, parents: &[left], author: &nobody, committer: &nobody, message: b"what is left\n" };
        left = merger.objects().write_commit(&commit)?;
    }
    Ok(left)
}

fn subject(commit: &Commit) -> String {
    String::from_utf8_lossy(&commit.message).lines().next().unwrap_or_default().to_owned()
}

/// Returns the commits between `of` and `tip` that changed some of these paths, the newest first. Where histories were joined, the side is
/// followed that holds `of`.
///
/// # Errors
/// Returns an error when a commit can not be read.
pub fn later_changes(objects: &Objects, (of, tip): (ObjectId, ObjectId), paths: &[String]) -> Result<Vec<Later>, ExecuteError> {
    let wanted: Vec<RepoPath> = paths.iter().map(|path| RepoPath::from(path.as_str())).collect();
    let (mut at, mut later) = (tip, Vec::new());
    for _ in 0..MOST_LOOKED_AT {
        if at == of {
            break;
        }
        let commit = objects.read_commit(at)?;
        let Some(before) = side_with(objects, &commit, of)? else { break };
        let was = objects.tree_of(before)?;
        let mut changed = Vec::new();
        for path in &wanted {
            if objects.entry_at(was, path)? != objects.entry_at(commit.tree, path)? {
                changed.push(path.to_string());
            }
        }
        if !changed.is_empty() {
            later.push(Later { commit: at, subject: subject(&commit), author: commit.author.identity.name.clone(), paths: changed });
        }
        at = before;
    }
    Ok(later)
}

/// Returns the parent through which a commit holds another one.
fn side_with(objects: &Objects, commit: &Commit, of: ObjectId) -> Result<Option<ObjectId>, ExecuteError> {
    if let [only] = commit.parents.as_slice() {
        return Ok(Some(*only));
    }
    for parent in &commit.parents {
        if objects.is_ancestor(of, *parent)? {
            return Ok(Some(*parent));
        }
    }
    Ok(None)
}
