//! RESOLVE steps: a tool gets the merge with its conflict markers; what it makes of them becomes a commit with both sides as parents.

use super::ask::{self, Errand, Purpose};
use super::bench;
use super::capture::Found;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::work::{self, Assignment, Worked};
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::StepOutcome;
use crate::domain::run::spending::of_attempt;
use crate::domain::run::state::{Conflict, RunState};
use crate::domain::tool::profile::ToolProfile;
use crate::io::git::merge::{MergeResult, Merger, Side};
use crate::io::git::objects::{NewCommit, Objects};
use crate::io::git::signature::Signature;

/// Lets a tool resolve a conflict.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, state: &RunState) -> Result<Worked, ExecuteError> {
    let (plan, _) = place::planned(cx, order)?;
    let one = place::one(state, &order.workstream)?;
    let Some(conflict) = one.conflict.clone() else {
        return Err(ExecuteError::Inconsistent(format!("workstream {} has no conflict", plan.id)));
    };
    let (own, sides, name) = (cx.clone(), conflict.clone(), order.workstream.to_string());
    let (marked, theirs) = blocking(move || Ok((marked(&own, &name, &sides)?, theirs(&own, &sides)?))).await?;
    let budget = of_attempt(cx.brief(), state, (&order.workstream, one));
    let (own, errand, sides) = (cx.clone(), Errand { order: order.clone(), profile: profile.clone(), budget }, conflict.clone());
    let asked = match blocking(move || ask::resolve(&own, (&errand, Purpose::Sending), (&sides, &theirs, marked))).await? {
        Ok(asked) => asked,
        Err(message) => return Ok(Worked::unasked(message)),
    };
    let live = match place::stand(cx, order, state, Stand::At(marked)).await? {
        Ok(live) => live,
        Err(message) => return Ok(Worked::ended(StepOutcome::NotStarted, message)),
    };
    let command = place::command(plan, (order.role, order.index));
    let set = Assignment { plan, asked: &asked, command: command.map(Vec::as_slice), parents: vec![conflict.tip, conflict.commit], budget };
    let mut worked = work::assign(cx, order, profile, (live, set)).await?;
    if worked.outcome == StepOutcome::Passed {
        let (own, found, paths) = (cx.clone(), worked.found.clone(), conflict.paths.clone());
        if let Some(path) = blocking(move || still_marked(&own, &found, &paths)).await? {
            worked.outcome = StepOutcome::Failed;
            worked.message = format!("conflict markers are left in {path}");
        }
    }
    Ok(worked)
}

/// Commits the merge with its markers, so that a worktree can stand on it.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub(super) fn marked(cx: &RunContext, workstream: &str, conflict: &Conflict) -> Result<ObjectId, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    let merger = Merger::open(&cx.repo, &cx.merging)?;
    let (ours, theirs) = (Side { commit: conflict.tip, label: &cx.plan.target }, Side { commit: conflict.commit, label: workstream });
    let tree = match merger.merge(ours, theirs)? {
        MergeResult::Clean(tree) | MergeResult::Conflict { tree, .. } => tree,
    };
    let signature = Signature::new(cx.identity.clone(), cx.clock.now());
    let message = b"Merge with conflict markers, to be resolved\n";
    let parents = [conflict.tip, conflict.commit];
    Ok(objects.write_commit(&NewCommit { tree, parents: &parents, author: &signature, committer: &signature, message })?)
}

/// The most commits of the other side that are looked at, the newest first.
const MOST_LOOKED_AT: usize = 500;

/// Returns the messages of what the other side did to the conflicting paths since the work began, the oldest first; where nothing of it is
/// found there, because a folder has moved for example, that of its tip.
///
/// # Errors
/// Returns an error when an object can not be read.
pub(super) fn theirs(cx: &RunContext, conflict: &Conflict) -> Result<String, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    let paths: Vec<RepoPath> = conflict.paths.iter().map(|path| path.as_str().into()).collect();
    let shared = objects.merge_bases(conflict.tip, conflict.commit)?;
    let mut messages = Vec::new();
    let mut at = conflict.tip;
    for _ in 0..MOST_LOOKED_AT {
        let commit = objects.read_commit(at)?;
        let Some(before) = commit.parents.first().copied().filter(|_| !shared.contains(&at)) else { break };
        let was = objects.tree_of(before)?;
        for path in &paths {
            if objects.entry_at(was, path)? != objects.entry_at(commit.tree, path)? {
                messages.push(String::from_utf8_lossy(&commit.message).trim_end().to_owned());
                break;
            }
        }
        at = before;
    }
    if messages.is_empty() {
        messages.push(String::from_utf8_lossy(&objects.read_commit(conflict.tip)?.message).into_owned());
    }
    messages.reverse();
    Ok(messages.join("\n\n"))
}

fn still_marked(cx: &RunContext, found: &[Found], paths: &[String]) -> Result<Option<String>, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    for one in found {
        for path in paths {
            let Some(entry) = objects.entry_at(one.tree, &path.as_str().into())? else { continue };
            if !entry.mode.is_file() {
                continue;
            }
            let blob = objects.read_blob(entry.id)?;
            let is_marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
            if blob.split(|b| *b == b'\n').any(is_marker) {
                return Ok(Some(bench::last_line(path)));
            }
        }
    }
    Ok(None)
}
