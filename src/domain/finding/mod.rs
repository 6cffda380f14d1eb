//! Findings: what linters, compilers and tests say, in one schema.
//!
//! [`chooser::findings`] is the way in: it hands the output of a check to every [`chooser::FORMATS`] reader. A reader is one file and one
//! function from a [`draft::CheckOutput`] to [`draft::Draft`]s; a new format is a new file and a new row of that table. Readers may all
//! look at the same output, since a build prints compiler messages, test names and a linker's complaint side by side.

mod arrow;
mod cargo;
pub mod chooser;
mod clean;
pub mod draft;
mod exit;
mod fingerprint;
mod matcher;
pub mod model;
mod python;
mod rust_test;
