//! Where a patch stands.

use serde::{Deserialize, Serialize};

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
