//! Tools: the programs that do the work, as data.

pub mod outcome;
pub mod profile;
