//! Workstreams of which nothing was due: they are skipped, and whoever depends on them goes on.

use super::state::{WorkstreamState, WorkstreamStatus};

impl WorkstreamState {
    /// Returns whether it is over because nothing of it was due. One that was never begun, because the plan fails fast, is not.
    #[must_use]
    pub fn is_needless(&self) -> bool {
        matches!(self.status, WorkstreamStatus::Skipped { .. }) && !self.phased.ended.is_empty()
    }

    /// Returns whether nobody needs to wait for it any more: it is merged, or nothing of it was due.
    #[must_use]
    pub fn lets_dependents_begin(&self) -> bool {
        matches!(self.status, WorkstreamStatus::Merged { .. }) || self.is_needless()
    }
}
