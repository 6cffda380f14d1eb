//! What a run is: events, the state that they fold into, and the decisions that follow from it.

pub mod breaker;
pub mod brief;
pub mod choosing;
pub mod config;
pub mod decide;
pub mod effect;
pub mod escalation;
pub mod event;
pub mod fact;
pub mod gating;
pub mod handled;
pub mod handling;
pub mod keeping;
mod kind;
pub mod landing;
pub mod limits;
pub mod machine;
pub mod machine_error;
pub mod needless;
pub mod next;
pub mod oscillation;
pub mod patch_machine;
pub mod patch_record;
pub mod phased;
pub mod purse;
pub mod recovery;
pub mod retry;
pub mod routed;
pub mod shelf;
pub mod spending;
pub mod standing;
pub mod starting;
pub mod state;
pub mod tending;
pub mod turn;
pub mod verdict;
pub mod waiting;
pub mod wording;
pub mod workstream_machine;

#[cfg(test)]
mod tests;
