//! Findings: what linters, compilers and tests say, in one schema.

pub mod model;
