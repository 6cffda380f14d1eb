//! Settings in layers with origin: the only reader of the environment and of git's configuration.
//!
//! Each layer is read into an [`overlay::Overlay`], in which everything is optional and knows its place; [`resolve::resolve`] lays them
//! on top of each other. Nothing here looks at the world twice: the environment is a snapshot that is taken once, at the start.

pub mod budgets;
pub mod environment;
pub mod error;
mod file;
pub mod git_config;
pub mod layer;
pub mod limits;
pub mod overlay;
pub mod profile;
pub mod registry;
pub mod resolve;
pub mod variables;
