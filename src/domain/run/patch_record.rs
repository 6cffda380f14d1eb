//! A patch as the state of a run knows it.

use serde::{Deserialize, Serialize};

use crate::domain::id::{Attempt, ObjectId, PatchId, StepId, ToolId};

/// Where a patch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchStatus {
    /// Captured.
    Created,
    /// Within its scope.
    Validated,
    /// Not usable.
    Rejected,
    /// The tip of its workstream, or below it.
    Applied,
    /// Every check passed.
    Verified,
    /// Replaced by a later attempt.
    Superseded,
    /// Must not be merged.
    Quarantined,
    /// Part of the integration branch.
    Merged,
    /// Undone by a later commit.
    Reverted,
    /// Put aside.
    Dropped,
}

impl PatchStatus {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Validated => "validated",
            Self::Rejected => "rejected",
            Self::Applied => "applied",
            Self::Verified => "verified",
            Self::Superseded => "superseded",
            Self::Quarantined => "quarantined",
            Self::Merged => "merged",
            Self::Reverted => "reverted",
            Self::Dropped => "dropped",
        }
    }
}

/// A patch of a workstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchRecord {
    /// Its name.
    pub id: PatchId,
    /// Where it stands.
    pub status: PatchStatus,
    /// The step that made it.
    pub step: StepId,
    /// The attempt that made it.
    pub attempt: Attempt,
    /// The tool that made it.
    pub tool: ToolId,
    /// Its commit.
    pub commit: ObjectId,
    /// The tree of its commit.
    pub tree: ObjectId,
    /// The digest of what it changes.
    pub digest: String,
    /// How many files it changes.
    pub files: u32,
    /// How many lines it adds.
    pub insertions: u32,
    /// How many lines it removes.
    pub deletions: u32,
    /// Why it is where it is.
    pub reason: Option<String>,
}
