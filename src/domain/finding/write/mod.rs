//! Findings in the formats that others read.

pub mod annotations;
pub mod junit;
pub mod rdjsonl;
pub mod sarif;

#[cfg(test)]
mod tests;
