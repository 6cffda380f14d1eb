//! What a patch may do: its scope and its paths.

pub mod diff;
pub mod meet;
pub mod overlap;
pub mod path;
pub mod pattern;
pub mod sandbox;
pub mod scope;
pub mod token;
