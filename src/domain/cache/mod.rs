//! The cache of steps: what a result is known by, what is kept of it, whether it may be used again, and why not.

pub mod entry;
pub mod filter;
pub mod key;
pub mod reason;
pub mod rules;
pub mod seal;
pub mod wording;
