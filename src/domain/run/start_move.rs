//! A workstream that begins later than its wave: on what landed on the branch meanwhile.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::machine_error::IllegalTransition;
use super::state::{RunState, WorkstreamState};
use crate::domain::id::{Attempt, ObjectId, StepId, WorkstreamId};

/// A workstream that has no work yet begins on a newer commit of the branch: what its first step needs was not there, and landed meanwhile.
/// A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartMoved {
    /// The workstream.
    pub workstream: WorkstreamId,
    /// Its first step.
    pub step: StepId,
    /// The attempt that looked.
    pub attempt: Attempt,
    /// Where it would have begun.
    pub from: ObjectId,
    /// Where it begins: a descendant of that.
    pub tip: ObjectId,
}

impl fmt::Display for StartMoved {
    /// Writes from where to where, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}: what it needs landed on the branch", self.from.short(), self.tip.short())
    }
}

/// Returns whether a workstream that is at this step of its plan has no work yet that stands on its start.
#[must_use]
pub const fn may_move_start(one: &WorkstreamState, index: usize) -> bool {
    index == 0 && one.tip.is_none()
}

/// Makes a workstream begin on a newer commit. The run as a whole has seen that commit then, if it was the first to see it.
///
/// # Errors
/// Returns an error when the workstream does not begin where it is told to, or has work already.
pub fn move_start(state: &mut RunState, moved: &StartMoved) -> Result<(), IllegalTransition> {
    let known = state.tip;
    let illegal = |status| IllegalTransition::new(format!("workstream {}", moved.workstream), status, "start_moved");
    let one = state.workstreams.get_mut(&moved.workstream).ok_or_else(|| illegal("unknown"))?;
    let is_at_it = one.open.as_ref().is_some_and(|open| open.step == moved.step && open.attempt == moved.attempt);
    if !is_at_it || !may_move_start(one, one.next) || one.start != Some(moved.from) {
        return Err(illegal(one.status.word()));
    }
    one.start = Some(moved.tip);
    if known == moved.from {
        state.tip = moved.tip;
    }
    Ok(())
}
