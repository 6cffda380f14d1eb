//! What is asked of the state of a workstream.

use super::WorkstreamState;
use crate::domain::id::{Attempt, ObjectId, StepId};

impl WorkstreamState {
    /// Returns the tree of the tip of its work.
    #[must_use]
    pub fn tip_tree(&self) -> Option<ObjectId> {
        self.patches.iter().rev().find(|patch| Some(patch.commit) == self.tip).map(|patch| patch.tree)
    }

    /// Returns the number of the next attempt of a step.
    #[must_use]
    pub fn next_attempt(&self, step: &StepId) -> Attempt {
        self.attempts.get(step).copied().unwrap_or(0) + 1
    }

    /// Returns the number of attempts of all steps that change files.
    #[must_use]
    pub fn total_attempts(&self) -> u32 {
        self.attempts.values().sum()
    }
}
