//! The pure floor: no input or output, no clock, no environment, no randomness. Time, ids and bytes are arguments.

pub mod acp;
pub mod chat;
pub mod context;
pub mod document;
pub mod finding;
pub mod gate;
pub mod id;
pub mod integrity;
pub mod ledger;
pub mod phase;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod prompt;
pub mod report;
pub mod run;
pub mod schedule;
pub mod settings;
pub mod spec;
pub mod survey;
pub mod text;
pub mod tool;
pub mod workflow;
