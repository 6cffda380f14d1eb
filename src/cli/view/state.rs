//! Glyph, word and role of every state; the glyph and the role only repeat what the word says.

use super::styled::{Role, Styled};
use crate::domain::run::state::{RunStatus, WorkstreamStatus};

/// Returns the glyph of a workstream's state and what kind of news it is.
#[must_use]
pub const fn glyph(status: &WorkstreamStatus) -> (char, Role) {
    match status {
        WorkstreamStatus::Planned | WorkstreamStatus::Ready => ('◌', Role::Faint),
        WorkstreamStatus::Blocked { .. } => ('⊘', Role::Caution),
        WorkstreamStatus::Skipped { .. } => ('⤼', Role::Faint),
        WorkstreamStatus::InProgress | WorkstreamStatus::Validating => ('●', Role::Strong),
        WorkstreamStatus::Paused { .. } => ('⏸', Role::Caution),
        WorkstreamStatus::Failed { .. } | WorkstreamStatus::TimedOut { .. } | WorkstreamStatus::Aborted { .. } => ('✗', Role::Bad),
        WorkstreamStatus::Reverted { .. } => ('↩', Role::Caution),
        WorkstreamStatus::Quarantined { .. } => ('‼', Role::Bad),
        WorkstreamStatus::Retrying { .. } => ('↻', Role::Caution),
        WorkstreamStatus::Conflicted { .. } => ('≠', Role::Caution),
        WorkstreamStatus::Verified { .. } | WorkstreamStatus::Merged { .. } => ('✓', Role::Good),
    }
}

/// Returns the word of a state for people: `timed_out` is `timed out`.
#[must_use]
pub fn word(status: &WorkstreamStatus) -> String {
    status.word().replace('_', " ")
}

/// Returns glyph and word of a workstream's state.
#[must_use]
pub fn workstream(status: &WorkstreamStatus) -> Styled {
    let (glyph, role) = glyph(status);
    Styled::of(role, format!("{glyph} {}", word(status)))
}

/// Returns what kind of news a run's state is.
#[must_use]
pub const fn run_role(status: RunStatus) -> Role {
    match status {
        RunStatus::Completed => Role::Good,
        RunStatus::Failed | RunStatus::Aborted => Role::Bad,
        RunStatus::Paused | RunStatus::Halted => Role::Caution,
        RunStatus::Planned | RunStatus::Running => Role::Strong,
    }
}
