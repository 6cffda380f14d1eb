//! Settings as people write them: `config.yaml`, `circuit_breaker_config.yaml`, and the `PROJECT_PROFILE.yaml` of a repository.
//!
//! A profile comes with every clone, so it may propose and tighten, and grants nothing: [`raw`] has no key for that. [`parse`] turns its text
//! into a [`model::Profile`], [`config`] that of the user's file into a [`config::Config`]; `io::settings` lays them on top of each other.

pub mod budget;
pub mod config;
pub mod limits;
pub mod lines;
pub mod model;
pub mod parse;
pub mod raw;
pub mod schema;
pub mod word;

#[cfg(test)]
mod tests;
