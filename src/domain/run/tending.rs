//! What is recorded of a run by those who tend it without driving it: a garbage collection, a repair.

use serde::{Deserialize, Serialize};

use crate::domain::id::{ObjectId, PatchId};

/// A ref that was given up because something else keeps its commit alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedRef {
    /// Its name.
    pub name: String,
    /// The commit that it led to.
    pub commit: ObjectId,
}

/// A patch that was given up by name: nothing keeps its commit alive any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedPatch {
    /// The patch.
    pub patch: PatchId,
    /// Its commit.
    pub commit: ObjectId,
    /// Why it was given up.
    pub reason: String,
}

/// What a garbage collection took of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// How often the run was tended before.
    pub round: u32,
    /// How many local files went, prompts and outputs.
    #[serde(default)]
    pub files: u64,
    /// How large they were, in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// The refs that went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<DroppedRef>,
    /// The worktrees that went, with everything in them recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worktrees: Vec<String>,
    /// The patches that were given up by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedPatch>,
}

/// What somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It may land.
    Approve,
    /// It must not.
    Reject,
    /// It must not as it is; the reason says what is to be done.
    Adjust,
}

impl Choice {
    /// Returns what was done, in one word.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Adjust => "sent back",
        }
    }
}

/// Somebody decided about a workstream that needs a review, or about what a gate asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// How often the run was tended before.
    pub round: u32,
    /// The workstream, or the gate.
    pub about: String,
    /// The commit that was looked at, or the merged tree; nothing else is decided about.
    pub on: ObjectId,
    /// What was decided.
    pub choice: Choice,
    /// By whom, as git knows them.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The workstream, or the gate.
    pub about: String,
    /// The commit, or the merged tree.
    pub on: ObjectId,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
}

/// What a repair changed for a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    /// How often the run was tended before.
    pub round: u32,
    /// What was done, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
}
