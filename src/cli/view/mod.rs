//! Views: from data to the text that a person or a program reads. Nothing here prints.

pub mod diagnostics;
pub mod graph;
pub mod plan;
