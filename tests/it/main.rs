//! The one integration test binary: every topic is a module here, so the crate is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, starts the program from outside and prepares files by hand"
)]

mod architecture;
mod bridges;
mod cache;
mod cli;
mod control;
mod corpora;
mod costs;
mod demo;
mod engine;
mod exports;
mod fault;
mod findings;
mod gating;
mod git;
mod goals;
mod guard;
mod harness;
mod hostile;
mod hygiene;
mod init;
mod loading;
mod model_server;
mod old_ledgers;
mod phases;
mod pipelines;
mod plans;
mod policies;
mod process;
mod program;
mod readings;
mod readme;
mod real_tools;
mod reshaping;
mod roles;
mod rollback;
mod routing;
mod sandbox;
mod schedule;
mod settings;
mod simulation;
mod specs;
mod tool_verbs;
mod tools;
mod verify;
mod workstreams;
mod worktree;
