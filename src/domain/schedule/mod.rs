//! Waves: which workstreams run side by side, and why others do not.

pub mod dag;
pub mod estimate;
pub mod waves;

#[cfg(test)]
pub(crate) mod sample;
