//! The commits that a tool makes itself: where it can make them, and how they are kept. What they change is in the worktree, and so in the
//! patch.

use std::path::PathBuf;

use super::bench::with_sources;
use super::context::RunContext;
use super::failure::ExecuteError;
use super::journal::set_own;
use crate::domain::id::ObjectId;
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::keeping::kept_ref;
use crate::domain::text::count;
use crate::domain::tool::profile::ToolProfile;
use crate::io::git::intake::bring_over;
use crate::io::git::objects::Objects;
use crate::io::git::private_dir::PrivateDir;
use crate::io::git::refs::Refs;
use crate::io::git::snapshot::ToolCommits;
use crate::io::git::worktree::Worktree;

/// Lends the tool a git directory of its own, where the main one is held from it. Returns the folder that it may then write. A person is
/// held by nothing and finds the worktree as git makes it.
///
/// # Errors
/// Returns an error when it can not be made.
pub fn lend(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, worktree: &Worktree) -> Result<Option<PathBuf>, ExecuteError> {
    if profile.is_by_hand() || cx.hold.held(Some(profile)).level == SandboxLevel::None {
        return Ok(None);
    }
    let private = private(cx, order);
    private.make(&cx.repo, worktree)?;
    Ok(Some(private.path().to_owned()))
}

fn private(cx: &RunContext, order: &StepOrder) -> PrivateDir {
    PrivateDir::at(cx.folder.git_dir(&order.workstream, (&order.step, order.attempt)))
}

/// Keeps the commits that the tool made itself, wherever it made them. Returns what is worth telling.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub fn keep(cx: &RunContext, order: &StepOrder, worktree: &Worktree) -> Result<Vec<String>, ExecuteError> {
    let private = private(cx, order);
    if private.path().is_dir() {
        private.leave(worktree)?;
        return keep_private(cx, order, worktree, &private);
    }
    let found = cx.worktrees.tool_commits(worktree)?;
    keep_found(cx, order, found)
}

fn keep_private(cx: &RunContext, order: &StepOrder, worktree: &Worktree, private: &PrivateDir) -> Result<Vec<String>, ExecuteError> {
    let heads = private.heads(worktree.commit());
    let Some(head) = private.head() else {
        return Ok(vec![format!("HEAD of the tool's own git directory leads to no commit; it is left in `{}`", private.path().display())]);
    };
    if heads.is_empty() {
        private.remove()?;
        return Ok(Vec::new());
    }
    let bring = |heads: &[ObjectId]| bring_over(&cx.repo, private, (heads, worktree.commit(), cx.durability));
    // One broken branch of the tool's must not cost the commits that it stands on.
    let brought = bring(&heads).or_else(|_| bring(&[head]));
    if let Err(error) = brought {
        let (why, place) = (with_sources(&error), private.path().display());
        return Ok(vec![format!("the tool's own commits were not taken over: {why}; they are left in `{place}`")]);
    }
    let objects = Objects::open(&cx.repo)?;
    let mut notes = keep_found(cx, order, cx.worktrees.commits_up_to(worktree, head)?)?;
    let others: Vec<ObjectId> = heads.into_iter().filter(|id| *id != head && objects.read_commit(*id).is_ok()).collect();
    let refs = Refs::new(&cx.repo, cx.durability);
    for (number, id) in others.iter().enumerate() {
        set_own(&refs, &name(cx, order, &format!("head-{}", number + 1)), *id)?;
    }
    if !others.is_empty() {
        notes.push(format!("{} of the tool's own kept", count(others.len(), "other head")));
    }
    private.remove()?;
    Ok(notes)
}

fn keep_found(cx: &RunContext, order: &StepOrder, found: ToolCommits) -> Result<Vec<String>, ExecuteError> {
    let (last, note) = match found {
        ToolCommits::None => return Ok(Vec::new()),
        ToolCommits::Unreadable => {
            return Ok(vec!["the worktree's HEAD leads to no commit; the files were captured all the same".to_owned()]);
        }
        ToolCommits::Elsewhere(commit) => (Some(commit), "the tool moved to another commit, which is kept".to_owned()),
        ToolCommits::OnTop(commits) => {
            let note = format!("{} of the tool's own kept and folded in", count(commits.len(), "commit"));
            (commits.last().copied(), note)
        }
    };
    if let Some(commit) = last {
        set_own(&Refs::new(&cx.repo, cx.durability), &name(cx, order, "commits"), commit)?;
    }
    Ok(vec![note])
}

fn name(cx: &RunContext, order: &StepOrder, what: &str) -> String {
    kept_ref(cx.run, &format!("{}-{}-{}-{what}", order.workstream, order.step, order.attempt))
}
