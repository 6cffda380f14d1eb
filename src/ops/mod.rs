//! The verbs: one operation per file, the API of the library.
//!
//! [`context`] is what most of them need; [`load`] brings runs back from the ledger, [`find`] knows which one is meant, and
//! [`plan_source`] brings plans from files; [`begin`], [`frozen`] and [`finish`] are what [`run`] and [`resume`] have in common.

pub mod begin;
pub mod bridge;
pub mod config_check;
pub mod context;
pub mod cost;
pub mod create;
pub mod decide;
pub mod demo;
pub mod detect;
pub mod doctor;
pub mod done;
pub mod export;
pub mod find;
pub mod finish;
pub mod frozen;
pub mod gating;
pub mod gc;
pub mod give_up;
pub mod graph;
pub mod history;
pub mod hook;
pub mod init;
pub mod leftover;
pub mod load;
pub mod log;
pub mod pipeline;
pub mod pipelines;
pub mod plan_source;
pub mod plugins;
pub mod policies;
pub mod prompt;
pub mod prompts;
pub mod quality;
pub mod resume;
pub mod run;
pub mod settings;
pub mod show;
pub mod spec;
pub mod status;
pub mod tend;
pub mod tools;
pub mod trust;
pub mod validate;
pub mod verify;
pub mod workflow;
