//! Views: from data to the text that a person or a program reads. Nothing here prints.

pub mod color;
pub mod config_check;
pub mod demo;
pub mod diagnostics;
pub mod diff;
pub mod doctor;
pub mod document;
pub mod dry_run;
pub mod findings;
pub mod gates;
pub mod gc;
pub mod graph;
pub mod hooks;
pub mod init;
pub mod integrity;
pub mod list;
pub mod log;
pub mod meter;
pub mod plan;
pub mod porcelain;
pub mod progress;
pub mod run_graph;
#[cfg(test)]
mod sample;
pub mod settings;
pub mod show;
pub mod state;
pub mod styled;
pub mod summary;
pub mod table;
pub mod time;
pub mod tool_check;
pub mod tool_list;
pub mod tool_show;
pub mod validated;
pub mod verified;
