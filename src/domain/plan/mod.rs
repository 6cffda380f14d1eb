//! Plans: from the text that a user wrote to a [`model::CheckedPlan`].
//!
//! A text becomes a [`node`] tree that knows its places (`yaml`, `json`), the tree becomes the [`raw`] records (`read`, `record`, `word`), and
//! the records become the checked model ([`parse`], `check`). No stage stops at its first error; all of them write to one [`sink`].

pub mod check;
pub mod diagnostic;
pub mod json;
pub mod model;
pub mod node;
pub mod parse;
pub mod raw;
pub mod read;
pub mod record;
pub mod schema;
pub mod sink;
pub mod source;
pub mod word;
pub mod yaml;

#[cfg(test)]
mod tests;
