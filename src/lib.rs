//! git-orc: runs a plan of workstreams in git worktrees, keeps every patch in a ledger ref, and merges wave by wave behind gates.
//!
//! A plan is data, a run is a fold over events, and only [`io`] touches the world. The crate is one house of five floors; a module
//! names its own floor and those to its left, never to the right, and no floor has an import cycle inside:
//!
//! ```text
//! domain  <-  io  <-  engine  <-  ops  <-  cli
//! pure       doors    the loop    verbs    words in, words out
//! ```
//!
//! Where to start reading: [`domain::run`] for what a run is, [`engine`] for what drives it, [`domain::ledger`] for what is kept.

pub mod cli;
pub mod domain;
pub mod engine;
pub mod io;
pub mod ops;
