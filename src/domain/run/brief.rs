//! What deciding needs besides the state.

use jiff::Timestamp;

use super::config::RunConfig;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::Spent;

/// What deciding needs besides the state.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// The frozen settings.
    pub config: &'a RunConfig,
    /// The time.
    pub now: Timestamp,
    /// What other runs of the repository have spent today.
    pub elsewhere: Spent,
}
