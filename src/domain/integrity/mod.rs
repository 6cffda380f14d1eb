//! What nobody but its owner may change while a tool is at work: what changed, what that means, and how it is told.

pub mod config_keys;
pub mod fact;
pub mod refs;
pub mod wording;
