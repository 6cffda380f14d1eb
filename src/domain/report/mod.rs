//! View models: what is told about a run, without text and colour.

pub mod cost;
pub mod execution_results;
pub mod export;
pub mod gate_results;
pub mod goals;
pub mod handoff;
pub mod issue_summary;
pub mod issues;
pub mod log_line;
pub mod patch_history;
pub mod patch_ledger;
pub mod stream;
pub mod summary;
pub mod task_queue;
pub mod timeline;
pub mod views;
pub mod vocabulary;
pub mod workflow;
pub mod workstreams;
