//! Findings: what linters, compilers and tests say, in one schema.
//!
//! [`chooser::read`] is the way in. It takes an output apart into documents in JSON and XML and the lines around them, and hands them to the
//! readers: `json` has a table of shapes, the others are one file and one function from a [`draft::CheckOutput`] to a [`draft::Reading`].
//! Readers of lines all look at the same lines, since a build prints compiler messages, test names and a linker's complaint side by side.

mod annotation;
mod arrow;
pub mod chooser;
pub(in crate::domain) mod clean;
mod documents;
pub mod draft;
mod exit;
mod fingerprint;
mod formatter;
mod json;
mod matcher;
pub mod model;
pub mod own;
pub mod plugin;
pub mod problem_matcher;
mod python;
mod runner;
mod rust_test;
mod shellcheck;
mod stack;
mod stylish;
mod tap;
pub mod write;
mod xml;
