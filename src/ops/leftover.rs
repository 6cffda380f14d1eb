//! Worktrees of ours that nobody works in any more: which there are, and how those go of which everything is recorded.

use std::path::PathBuf;

use crate::domain::id::{ObjectId, RepoPath, RunId, WorkstreamId};
use crate::domain::run::state::RunState;
use crate::io::git::lock::{SessionLock, SessionState};
use crate::io::git::remove::RemovalProof;
use crate::io::git::worktree::{CreateWorktree, FoundWorktree, Submodules, WorktreeError, Worktrees};
use crate::ops::begin::worktree_root;
use crate::ops::context::Context;

/// The name under which the worktree of the gates stands.
const GATE: &str = "_gate";

/// A worktree of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Where it stands, and its name.
    pub found: FoundWorktree,
    /// The run whose it is, as its name says.
    pub run: Option<RunId>,
    /// The workstream whose it is, or the gates'.
    pub of: String,
}

/// What became of a worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is gone; everything in it was recorded.
    Removed,
    /// It stays, for this reason.
    Kept(String),
}

/// Opens the worktrees of the repository.
///
/// # Errors
/// Returns [`WorktreeError`] when the user's configuration can not be read.
pub fn worktrees(cx: &Context) -> Result<Worktrees, WorktreeError> {
    Worktrees::new(&cx.repo, &worktree_root(cx, &cx.settings))
}

/// Returns the worktrees that stand or are registered below our root.
///
/// # Errors
/// Returns [`WorktreeError`] when they can not be listed.
pub fn leftovers(worktrees: &Worktrees) -> Result<Vec<Leftover>, WorktreeError> {
    let all = worktrees.list_ours()?.into_iter().map(|found| {
        // A worktree that was handed on keeps the name of its first workstream, so the place counts, not the name.
        let below = found.path.strip_prefix(worktrees.root()).unwrap_or(&found.path).to_owned();
        let mut parts = below.iter().map(|part| part.to_string_lossy().into_owned());
        let run = parts.next().and_then(|run| RunId::parse(&run).ok());
        Leftover { run, of: parts.next().unwrap_or_default(), found }
    });
    Ok(all.collect())
}

/// Removes a worktree if some patch of its run recorded everything that is in it. Nobody may drive the run.
#[must_use]
pub fn remove(worktrees: &Worktrees, leftover: &Leftover, state: &RunState) -> Fate {
    match try_remove(worktrees, leftover, state) {
        Ok(()) => Fate::Removed,
        // Its path is told already.
        Err(WorktreeError::NotCaptured { paths, .. }) => Fate::Kept(format!("it holds what no patch recorded: {}", few(&paths))),
        Err(error) => Fate::Kept(error.to_string()),
    }
}

/// Removes the worktrees of gates that were cut short outside of any run; returns where they stood. What gates leave is nobody's work.
///
/// # Errors
/// Returns [`WorktreeError`] when worktrees or locks can not be looked at.
pub fn sweep_sessions(cx: &Context, worktrees: &Worktrees) -> Result<Vec<PathBuf>, WorktreeError> {
    let mut swept = Vec::new();
    for leftover in leftovers(worktrees)? {
        if session(cx, &leftover) != SessionState::Over {
            continue;
        }
        let head = cx.repo.common_dir().join("worktrees").join(&leftover.found.name).join("HEAD");
        let commit = std::fs::read_to_string(head).ok().and_then(|head| ObjectId::parse(head.trim()).ok());
        let Some(commit) = commit else { continue };
        match remove_at(worktrees, &leftover, commit) {
            Ok(()) => swept.push(leftover.found.path),
            Err(error) => tracing::warn!(%error, "a worktree of gates that were cut short could not be removed"),
        }
    }
    Ok(swept)
}

/// Returns what is known of the session of gates whose worktree this is.
#[must_use]
pub fn session(cx: &Context, leftover: &Leftover) -> SessionState {
    let of_gates = leftover.run.filter(|_| leftover.of == GATE);
    of_gates.and_then(|session| SessionLock::state(&cx.repo, session).ok()).unwrap_or(SessionState::Unknown)
}

fn remove_at(worktrees: &Worktrees, leftover: &Leftover, commit: ObjectId) -> Result<(), WorktreeError> {
    let path = leftover.found.path.clone();
    let request = CreateWorktree { name: leftover.found.name.clone(), path, commit, submodules: Submodules::Uninitialised };
    if worktrees.remove_half_made(&request).is_ok() {
        return Ok(());
    }
    let mut worktree = worktrees.adopt(&request)?;
    let base = worktree.tree();
    let given_up = worktrees.unrecorded(&mut worktree, base)?.into_iter().collect();
    worktrees.remove(worktree, &RemovalProof { tree: base, given_up })?;
    Ok(())
}

fn few(paths: &[RepoPath]) -> String {
    let shown = paths.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if paths.len() > 3 { format!("{shown} and {} more", paths.len() - 3) } else { shown }
}

fn try_remove(worktrees: &Worktrees, leftover: &Leftover, state: &RunState) -> Result<(), WorktreeError> {
    let one = WorkstreamId::parse(&leftover.of).ok().and_then(|id| state.workstreams.get(&id));
    let commit = match one {
        Some(one) => one.tip.or(one.start).unwrap_or(state.base),
        None => state.tip,
    };
    if leftover.of == GATE {
        return remove_at(worktrees, leftover, commit);
    }
    let path: PathBuf = leftover.found.path.clone();
    let request = CreateWorktree { name: leftover.found.name.clone(), path, commit, submodules: Submodules::Uninitialised };
    if worktrees.remove_half_made(&request).is_ok() {
        return Ok(());
    }
    let mut worktree = worktrees.adopt(&request)?;
    let base = worktree.tree();
    let taken = worktrees.capture(&mut worktree, base)?;
    let recorded: Vec<ObjectId> = one.map(|one| one.patches.iter().map(|patch| patch.tree).collect()).unwrap_or_default();
    let tree = if recorded.contains(&taken.tree) { taken.tree } else { base };
    worktrees.remove(worktree, &RemovalProof::captured(tree))?;
    Ok(())
}
