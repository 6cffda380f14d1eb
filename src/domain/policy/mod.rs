//! What a patch may do: its scope, its paths, and what governs the repository.

pub mod budget;
pub mod diff;
pub mod governance;
pub mod meet;
pub mod overlap;
pub mod path;
pub mod pattern;
pub mod sandbox;
pub mod scope;
pub mod token;
