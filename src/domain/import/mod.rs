//! Reading plans of the original systems into plans of this one: bundles, JSON plans, phase plans. What has no counterpart is told, never dropped
//! without a word.

pub mod bundle;
pub mod json_plan;
pub mod losses;
pub mod phase_plan;
pub mod shell;
pub mod source;
