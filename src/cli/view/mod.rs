//! Views: from data to the text that a person or a program reads. Nothing here prints.

pub mod graph;
pub mod plan;
