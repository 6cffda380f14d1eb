//! Surveys: what the files of a repository say about it, and the profile that follows.
//!
//! [`tree::Tree`] is what was seen; each ecosystem has one file with one function from a tree to a [`report::Survey`]; [`look::survey`] asks
//! them all, and [`proposal`] writes what they found as a `PROJECT_PROFILE.yaml`. Nothing is run, and nothing is proposed without a file that
//! says so.

mod go;
mod jvm;
pub mod look;
mod node;
pub mod proposal;
mod python;
pub mod report;
mod runner;
mod rust;
mod share;
pub mod tree;

#[cfg(test)]
mod tests;
