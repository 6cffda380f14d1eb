//! The arguments: one file per command, the words of the help being the documentation of the structs, and what the command does with them.

pub mod cache;
pub mod config;
pub mod control;
pub mod cost;
pub mod create;
pub mod decide;
pub mod demo;
pub mod detect;
pub mod doctor;
pub mod done;
mod drive;
pub mod export;
pub mod gate;
pub mod gc;
pub mod goals;
pub mod graph;
pub mod hook;
pub mod init;
pub mod issues;
pub mod list;
pub mod log;
pub mod pipeline;
pub mod plan;
pub mod plan_import;
pub mod plan_split;
pub mod prompt;
pub mod resume;
pub mod rollback;
pub mod root;
pub mod run;
pub mod show;
pub mod starting;
pub mod status;
pub mod tools;
pub mod tools_add;
pub mod tools_check;
pub mod trust;
pub mod validate;
pub mod verify;
pub mod workstream;

use super::failure::Failure;
use super::ui::Ui;
use super::view::diagnostics;
use crate::ops::gating::error::GatingError;

/// Returns what is told about gates that can not be asked; every mistake of their file is shown first.
fn gate_failure(purpose: &str, error: &GatingError, ui: &Ui) -> Failure {
    if let GatingError::File { diagnostics, file } = error {
        ui.complaint(&diagnostics::render(diagnostics, std::slice::from_ref(file), ui.err_color()));
    }
    Failure::new(purpose, error)
}
