//! Capture and judgement: whatever a tool left behind is a durable commit before anything is said about it.

use std::collections::BTreeSet;

use super::context::RunContext;
use super::execute::ExecuteError;
use crate::domain::id::{ObjectId, PatchId, RepoPath, ToolId};
use crate::domain::plan::model::Workstream;
use crate::domain::policy::path::{PathRules, Written, find_case_twins, judge_symlink, judge_written};
use crate::domain::policy::scope::ChangeKind;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{PatchCreated, PatchMoved, PatchOrigin};
use crate::domain::run::wording::{PatchOwner, patch_message};
use crate::domain::tool::change::{PathChange, patch_digest};
use crate::io::fs::Durability;
use crate::io::git::objects::{NewCommit, Objects, TreeChange};

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

/// Commits a found tree, makes it durable, and returns the fact of its creation.
///
/// # Errors
/// Returns an error when an object can not be written.
pub fn commit(cx: &RunContext, order: &StepOrder, tool: &ToolId, found: &Found) -> Result<PatchCreated, ExecuteError> {
    let plan = cx.plan.workstream(&order.workstream);
    let plan = plan.ok_or_else(|| ExecuteError::Inconsistent(format!("the plan has no workstream {}", order.workstream)))?;
    let objects = Objects::open(&cx.repo)?;
    let patch = PatchId::new(cx.clock.ulid());
    let assisted_by = cx.tools.profile(tool).and_then(|profile| profile.assisted_by.as_deref());
    let owner = PatchOwner { run: cx.run, patch, step: &order.step, attempt: order.attempt, tool, assisted_by };
    let commit = objects.commit(&NewCommit {
        tree: found.tree,
        parents: found.parents.clone(),
        author: cx.identity.clone(),
        committer: cx.identity.clone(),
        time: cx.clock.now(),
        message: patch_message(plan, &owner),
    })?;
    if cx.durability == Durability::Full {
        let mut written = found.objects.clone();
        written.push(commit);
        objects.flush(&written)?;
    }
    let parent = found.parents.first().copied().unwrap_or(ObjectId::ZERO);
    let before = objects.tree_of(parent)?;
    let changes = objects.diff_trees(before, found.tree)?;
    let stat = objects.diff_stat(&changes)?;
    Ok(PatchCreated {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: tool.clone(),
        patch,
        commit,
        parent,
        tree: found.tree,
        files: stat.files,
        insertions: stat.insertions,
        deletions: stat.deletions,
        digest: digest(&changes),
        origin: found.origin,
    })
}

/// Returns the digest of changes, equal for equal changes.
#[must_use]
pub fn digest(changes: &[TreeChange]) -> String {
    let side = |side: &Option<(crate::io::git::tree::FileMode, ObjectId)>| side.map(|(mode, id)| (mode.bits(), id));
    let plain: Vec<PathChange> =
        changes.iter().map(|c| PathChange { path: c.path.clone(), old: side(&c.old), new: side(&c.new) }).collect();
    patch_digest(&plain)
}

/// Judges what a workstream has changed in all, from its start to `tree`. Returns what is wrong with it, one sentence each; nothing when it
/// may land.
///
/// # Errors
/// Returns an error when an object can not be read.
pub fn judge(cx: &RunContext, plan: &Workstream, start: ObjectId, found: &Found) -> Result<Vec<String>, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    let changes = objects.diff_trees(objects.tree_of(start)?, found.tree)?;
    let rules = PathRules::default();
    let mut wrong = found.oddities.clone();
    let mut added: BTreeSet<RepoPath> = BTreeSet::new();
    for change in &changes {
        let kind = match (&change.old, &change.new) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Deleted,
            (Some(_), Some(_)) => ChangeKind::Modified,
        };
        if let Err(violation) = plan.scope.judge(&change.path, kind) {
            wrong.push(violation.to_string());
        }
        let Some((mode, id)) = change.new else { continue };
        let target = if mode.is_link() { objects.blob(id)? } else { Vec::new() };
        let written = mode.written(&target);
        if let Err(violation) = judge_written(&change.path, written, &rules) {
            wrong.push(violation.to_string());
        }
        if kind == ChangeKind::Added {
            added.insert(change.path.clone());
        }
    }
    if !added.is_empty() {
        let twins = find_case_twins(&added, |folder| objects.names_in(found.tree, folder));
        wrong.extend(twins.into_iter().map(|twin| twin.to_string()));
    }
    Ok(wrong)
}

/// Returns the facts of a move of a patch that has just been created.
#[must_use]
pub fn moved(created: &PatchCreated, reason: Option<String>) -> PatchMoved {
    PatchMoved {
        workstream: created.workstream.clone(),
        step: created.step.clone(),
        attempt: created.attempt,
        tool: created.tool.clone(),
        patch: created.patch,
        commit: created.commit,
        files: created.files,
        insertions: created.insertions,
        deletions: created.deletions,
        reason,
        merge: None,
    }
}
