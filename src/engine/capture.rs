//! Capture and judgement: whatever a tool left behind is a commit before anything is said about it, and on the disk before it is recorded.

use std::collections::BTreeSet;

use super::context::RunContext;
use super::failure::ExecuteError;
use crate::domain::id::{ObjectId, PatchId, RepoPath, ToolId};
use crate::domain::phase::approval::approvals;
use crate::domain::plan::model::Workstream;
use crate::domain::policy::governance::remark::Consequence;
use crate::domain::policy::path::{PathRules, PathViolation, Written, find_case_twins, judge_written};
use crate::domain::policy::scope::ChangeKind;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{PatchCreated, PatchOrigin};
use crate::domain::run::wording::{PatchOwner, patch_message};
use crate::domain::tool::change::{PathChange, patch_digest};
use crate::io::git::added::MostRead;
use crate::io::git::objects::{NewCommit, Objects};
use crate::io::git::signature::Signature;
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_diff::TreeChange;

/// A tree that a tool made, and where it came from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The tree.
    pub tree: ObjectId,
    /// The parents of the commit to be; the first one is what the patch is a change of.
    pub parents: Vec<ObjectId>,
    /// Where it came from.
    pub origin: PatchOrigin,
    /// Objects that were written for it and must be durable before it is told of.
    pub objects: Vec<ObjectId>,
    /// What was found in the worktree that no patch can hold.
    pub oddities: Vec<String>,
}

/// Commits a found tree and returns the fact of its creation, which is recorded when the commit is on the disk and not before.
///
/// # Errors
/// Returns an error when an object can not be written.
pub fn commit(cx: &RunContext, order: &StepOrder, tool: &ToolId, found: &Found) -> Result<PatchCreated, ExecuteError> {
    let _span = tracing::trace_span!("patch commit").entered();
    let plan = cx.plan.workstream(&order.workstream);
    let plan = plan.ok_or_else(|| ExecuteError::Inconsistent(format!("the plan has no workstream {}", order.workstream)))?;
    let objects = Objects::open(&cx.repo)?;
    let patch = PatchId::new(cx.clock.ulid());
    let assisted_by = cx.tools.profile(tool).and_then(|profile| profile.assisted_by.as_deref());
    let owner = PatchOwner { run: cx.run, patch, step: &order.step, attempt: order.attempt, tool, assisted_by };
    let signature = Signature::new(cx.identity.clone(), cx.clock.now());
    let message = patch_message(plan, &owner);
    let new =
        NewCommit { tree: found.tree, parents: &found.parents, author: &signature, committer: &signature, message: message.as_bytes() };
    let commit = objects.write_commit(&new)?;
    cx.unsynced.add(found.objects.iter().copied().chain([commit]));
    describe(
        &objects,
        order,
        tool,
        Described { patch, commit, tree: found.tree, parent: found.parents.first().copied(), origin: found.origin },
    )
}

/// A commit that is a patch.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// The patch.
    pub patch: PatchId,
    /// Its commit.
    pub commit: ObjectId,
    /// The tree of its commit.
    pub tree: ObjectId,
    /// What it is a change of.
    pub parent: Option<ObjectId>,
    /// Where it came from.
    pub origin: PatchOrigin,
}

/// Returns the fact of the creation of a patch.
///
/// # Errors
/// Returns an error when an object can not be read.
pub fn describe(objects: &Objects, order: &StepOrder, tool: &ToolId, what: Described) -> Result<PatchCreated, ExecuteError> {
    let Described { patch, commit, tree, parent, origin } = what;
    let before = parent.map(|parent| objects.tree_of(parent)).transpose()?;
    let changes = objects.diff_trees(before, Some(tree))?;
    let stat = objects.stat_of(&changes)?;
    Ok(PatchCreated {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: tool.clone(),
        patch,
        commit,
        parent: parent.unwrap_or(ObjectId::ZERO),
        tree,
        files: stat.files,
        insertions: stat.insertions,
        deletions: stat.deletions,
        digest: digest(&changes),
        origin,
    })
}

/// Returns the digest of changes, equal for equal changes.
#[must_use]
pub fn digest(changes: &[TreeChange]) -> String {
    let side = |side: &Option<Entry>| side.map(|entry| (u32::from_str_radix(entry.mode.octal(), 8).unwrap_or(0), entry.id));
    let plain: Vec<PathChange> =
        changes.iter().map(|c| PathChange { path: c.path.clone(), old: side(&c.old), new: side(&c.new) }).collect();
    patch_digest(&plain)
}

/// What is to be said about a change, one sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Why it may not land; nothing when it may.
    pub wrong: Vec<String>,
    /// Why a person must look at it before it lands.
    pub review: Vec<String>,
    /// What else is worth telling.
    pub notes: Vec<String>,
}

/// Judges what a workstream has changed in all, from its start to `tree`: by its scope, by the rules for paths, by the policies of the run.
///
/// # Errors
/// Returns an error when an object can not be read.
pub fn judge(cx: &RunContext, plan: &Workstream, start: ObjectId, found: &Found) -> Result<Judged, ExecuteError> {
    let _span = tracing::trace_span!("judge").entered();
    let objects = Objects::open(&cx.repo)?;
    let changes = objects.diff_trees(Some(objects.tree_of(start)?), Some(found.tree))?;
    let looked_at = objects.with_lines(&changes, MostRead::default())?;
    let rules = PathRules::default();
    let mut wrong = found.oddities.clone();
    let mut added: BTreeSet<RepoPath> = BTreeSet::new();
    for (change, looked_at) in changes.iter().zip(&looked_at) {
        let kind = looked_at.kind();
        let comes_along = cx.governance.comes_along(&plan.scope, looked_at).is_some();
        if let Err(violation) = plan.scope.judge(&change.path, kind)
            && !comes_along
        {
            wrong.push(violation.to_string());
        }
        if let Err(violation) = judge_change(&objects, change, &rules)? {
            wrong.push(violation.to_string());
        }
        if kind == ChangeKind::Added {
            added.insert(change.path.clone());
        }
    }
    if !added.is_empty() {
        let existing = neighbours(&objects, found.tree, &added)?;
        wrong.extend(find_case_twins(&added, &existing).into_iter().map(|twin| twin.to_string()));
    }
    let review = approvals(&plan.steps, &changes.iter().map(|change| &change.path).collect::<Vec<_>>());
    let mut judged = Judged { wrong, review, ..Judged::default() };
    for remark in cx.governance.judge(&plan.scope, &looked_at) {
        match remark.consequence {
            Consequence::Refused => judged.wrong.push(remark.to_string()),
            Consequence::NeedsReview => judged.review.push(remark.to_string()),
            Consequence::Noted => judged.notes.push(remark.to_string()),
        }
    }
    Ok(judged)
}

fn judge_change(objects: &Objects, change: &TreeChange, rules: &PathRules) -> Result<Result<(), PathViolation>, ExecuteError> {
    let path = &change.path;
    let was_gitlink = change.old.is_some_and(|old| old.mode == FileMode::Gitlink);
    Ok(match change.new.map(|new| (new.mode, new.id)) {
        None if was_gitlink => judge_written(path, Written::RemovedGitlink, rules),
        None => judge_written(path, Written::Removed, rules),
        // Whatever stands in its place, a submodule is gone.
        Some((mode, _)) if was_gitlink && mode != FileMode::Gitlink => judge_written(path, Written::RemovedGitlink, rules),
        Some((FileMode::Regular | FileMode::Executable, _)) => judge_written(path, Written::File, rules),
        Some((FileMode::Symlink, id)) => judge_written(path, Written::Symlink(&objects.read_blob(id)?), rules),
        Some((FileMode::Gitlink, _)) => judge_written(path, Written::Gitlink, rules),
        // A difference of trees names files, never folders.
        Some((FileMode::Tree, _)) => Ok(()),
    })
}

/// Returns the paths in the folders of the added ones.
fn neighbours(objects: &Objects, tree: ObjectId, added: &BTreeSet<RepoPath>) -> Result<Vec<RepoPath>, ExecuteError> {
    let mut folders: BTreeSet<Vec<u8>> = BTreeSet::new();
    for path in added {
        let mut bytes = path.as_bytes();
        while let Some(at) = bytes.iter().rposition(|b| *b == b'/') {
            bytes = &bytes[..at];
            folders.insert(bytes.to_vec());
        }
        folders.insert(Vec::new());
    }
    let mut paths = Vec::new();
    for folder in folders {
        let id = if folder.is_empty() { Some(tree) } else { objects.entry_at(tree, &RepoPath::new(folder.clone()))?.map(|e| e.id) };
        let Some(id) = id else { continue };
        for named in objects.read_tree(id)? {
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend(&named.name);
            paths.push(RepoPath::new(path));
        }
    }
    Ok(paths)
}
