//! What a run is: events, the state that they fold into, and the decisions that follow from it.

pub mod event;
pub mod fact;
pub mod limits;
