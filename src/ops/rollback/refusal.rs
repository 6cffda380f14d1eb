//! What stands in the way of a rollback, and whose it is.

use crate::domain::id::{RunId, WorkstreamId};
use crate::domain::text::one_line;
use crate::engine::revert::Later;

/// A merged workstream that depends on what is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// What it depends on, by the plan; nothing when it changed the same paths later.
    pub on: Option<WorkstreamId>,
    /// The paths that both changed.
    pub paths: Vec<String>,
}

/// Whose work a later commit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A workstream of this run.
    Own(WorkstreamId),
    /// A workstream of another run.
    Other(RunId, WorkstreamId),
    /// That of no run: a person's.
    Person,
}

/// A later commit that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The commit.
    pub later: Later,
    /// Whose work it is.
    pub whose: Whose,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Later { commit, subject, author, paths } = &self.later;
        let paths: Vec<String> = paths.iter().map(|path| one_line(path)).collect();
        let (commit, paths) = (commit.short(), paths.join(", "));
        match &self.whose {
            Whose::Own(workstream) => write!(f, "{workstream} changed {paths} later, in {commit}"),
            Whose::Other(run, workstream) => write!(f, "{workstream} of run {run} changed {paths} later, in {commit}"),
            Whose::Person => write!(f, "{} changed {paths} later, in {commit} ({})", one_line(author), one_line(subject)),
        }
    }
}

/// Why something is not undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Merged workstreams depend on it.
    #[error("merged work depends on it: {}", .0.iter().map(in_words).collect::<Vec<_>>().join("; "))]
    Depended(Vec<Dependent>),
    /// Workstreams depend on it that another run merged, which did again what this one had not merged.
    #[error("merged work of another run depends on it: {}", .0.iter().map(elsewhere).collect::<Vec<_>>().join("; "))]
    DependedElsewhere(Vec<(RunId, Dependent)>),
    /// Workstreams are at work on top of it.
    #[error("work on top of it has begun and is not merged: {}", names(.0))]
    AtWork(Vec<WorkstreamId>),
    /// Later commits changed the same.
    #[error("undoing {workstream} conflicts in {}{}", paths.iter().map(|path| one_line(path)).collect::<Vec<_>>().join(", "), list(obstacles))]
    Conflict {
        /// What can not be undone.
        workstream: WorkstreamId,
        /// The paths in conflict.
        paths: Vec<String>,
        /// What stands in the way, the newest first.
        obstacles: Vec<Obstacle>,
    },
}

fn names(all: &[WorkstreamId]) -> String {
    all.iter().map(WorkstreamId::as_str).collect::<Vec<_>>().join(", ")
}

fn in_words(dependent: &Dependent) -> String {
    match &dependent.on {
        Some(on) => format!("{} depends on {on}", dependent.workstream),
        None => format!("{} changed {} later", dependent.workstream, dependent.paths.join(", ")),
    }
}

fn elsewhere((run, dependent): &(RunId, Dependent)) -> String {
    format!("{} in run {run}", in_words(dependent))
}

fn list(obstacles: &[Obstacle]) -> String {
    let all: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join("; ")) }
}
