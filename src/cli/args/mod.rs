//! The arguments: one file per command, the words of the help being the documentation of the structs, and what the command does with them.

pub mod config;
pub mod demo;
pub mod detect;
pub mod doctor;
mod drive;
pub mod gc;
pub mod graph;
pub mod list;
pub mod log;
pub mod plan;
pub mod resume;
pub mod root;
pub mod run;
pub mod show;
pub mod status;
pub mod trust;
pub mod validate;
pub mod verify;
