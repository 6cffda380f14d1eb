//! View models: what is told about a run, without text and colour.

pub mod cost;
pub mod export;
pub mod issue_summary;
pub mod issues;
pub mod log_line;
pub mod patch_history;
pub mod summary;
pub mod timeline;
