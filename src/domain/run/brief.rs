//! What deciding needs besides the state.

use jiff::Timestamp;

use super::config::RunConfig;
use crate::domain::plan::model::CheckedPlan;

/// What deciding needs besides the state.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// The frozen settings.
    pub config: &'a RunConfig,
    /// The time.
    pub now: Timestamp,
}
