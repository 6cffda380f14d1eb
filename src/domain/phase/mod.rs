//! What a phase of a pipeline adds to a step: when it is due, what it needs, what it must leave, and what tools are told.

pub mod approval;
pub mod bounded;
pub mod condition;
pub mod data;
pub mod due;
pub mod expectation;
pub mod fluid;
pub mod issue;
pub mod judge;
pub mod raw;
pub mod read;
pub mod read_data;
pub mod rules;
pub mod traced;
pub mod view;
pub mod wording;
pub mod words;

#[cfg(test)]
mod view_sample;
