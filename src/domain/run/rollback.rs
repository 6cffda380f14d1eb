//! Rolling back: what is recorded when merged work is undone by new commits, and what a state remembers of it.
//!
//! A rollback is tending: it is no part of driving a run, and may happen when the run is over. Every entry of it has the number of the
//! tending, so that an attempt that came to nothing stands beside the next one.

use serde::{Deserialize, Serialize};

use super::fact::OutputRef;
use super::tending::Waiting;
use crate::domain::document::command::Argv;
use crate::domain::id::{ObjectId, PatchId, WorkstreamId};

/// What a commit undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevertKind {
    /// The whole workstream, as it was merged.
    Workstream,
    /// One patch of a workstream of which other patches stay.
    Patch,
}

/// One commit that undoes another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revert {
    /// Whose work is undone.
    pub workstream: WorkstreamId,
    /// What is undone of it.
    pub kind: RevertKind,
    /// The commit that is undone: a merge, or a patch.
    pub of: ObjectId,
    /// Its parent that is gone back to.
    pub mainline: ObjectId,
    /// The commit that undoes it.
    pub commit: ObjectId,
    /// The patches that are undone with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<PatchId>,
}

/// A command that undoes an effect outside of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Whose effect it undoes.
    pub workstream: WorkstreamId,
    /// Its place among the actions of the workstream, from 0.
    pub index: u32,
    /// The words of the command; none for prose, which a person reads and nobody runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Argv,
    /// What the plan says.
    pub text: String,
}

/// Merged work was undone, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// How often the run was tended before.
    pub round: u32,
    /// The branch before.
    pub old: ObjectId,
    /// The branch afterwards.
    pub new: ObjectId,
    /// The tree of the branch afterwards.
    pub tree: ObjectId,
    /// The commits that undo, in the order in which they were made.
    pub reverts: Vec<Revert>,
    /// Why.
    pub reason: String,
    /// By whom, as git knows them.
    pub who: String,
    /// Whether what depends on it was to be taken along.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cascade: bool,
    /// The gates that the tree must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<String>,
    /// The actions that undo effects outside of the repository, in the order in which they are run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensations: Vec<Action>,
    /// Why it came to nothing, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
}

/// An action was begun, or has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compensation {
    /// How often the run was tended before.
    pub round: u32,
    /// The rollback: the commit that it led to.
    pub rollback: ObjectId,
    /// The action.
    pub action: Action,
    /// The exit code, when the command ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// One sentence about how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Its kept output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputRef>,
}

/// How an action stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStand {
    /// It was begun, and nothing is known of its end.
    Begun,
    /// It did what it is for.
    Passed,
    /// It failed.
    Failed {
        /// How.
        message: String,
    },
}

/// An action that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// The rollback: the commit that it led to.
    pub rollback: ObjectId,
    /// Whose effect it undoes.
    pub workstream: WorkstreamId,
    /// Its place among the actions of the workstream, from 0.
    pub index: u32,
    /// How it stands.
    pub stand: ActionStand,
}

/// What a state remembers of rollbacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollbacks {
    /// One that passed its gates while the branch has not moved yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Rollback>,
    /// Those that landed, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Rollback>,
    /// The actions that were begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionRecord>,
    /// What a gate asks a person about what would be left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Waiting>,
}

impl Rollbacks {
    /// Returns whether there was never one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Returns how an action of a rollback stands; `None` when it was never begun.
    #[must_use]
    pub fn stand(&self, rollback: ObjectId, action: &Action) -> Option<&ActionStand> {
        let is_it = |one: &&ActionRecord| (one.rollback, &one.workstream, one.index) == (rollback, &action.workstream, action.index);
        self.actions.iter().rev().find(is_it).map(|one| &one.stand)
    }

    /// Returns all commits that undo, of every rollback that landed, in the order in which they were made.
    pub fn reverts(&self) -> impl Iterator<Item = &Revert> {
        self.done.iter().flat_map(|one| &one.reverts)
    }
}
