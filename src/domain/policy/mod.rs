//! What a patch may do: its scope and its paths.

pub mod path;
pub mod scope;
