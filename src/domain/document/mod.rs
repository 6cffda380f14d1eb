//! Documents that people write: plans, gates, policies and profiles, in YAML or JSON.
//!
//! A text becomes a [`node`] tree that knows its places (`yaml`, `json`), and the tree becomes records ([`read`], [`record`], [`word`]), from
//! whose declarations the JSON Schemas follow. No stage stops at its first error; all of them write to one [`sink`].

pub mod command;
pub mod diagnostic;
pub mod json;
pub mod load;
pub mod node;
pub mod read;
pub mod record;
pub mod sink;
pub mod source;
pub mod version;
pub mod word;
pub mod yaml;
