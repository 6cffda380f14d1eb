//! Plans: from the text that a user wrote to a [`model::CheckedPlan`].
//!
//! A text becomes a tree that knows its places ([`crate::domain::document`]), the tree becomes the [`raw`] records, and the records become the
//! checked model ([`parse`], `check`). No stage stops at its first error; all of them write to one sink.

pub mod append;
pub mod check;
pub mod input;
pub mod model;
pub mod parse;
pub mod policies;
pub mod raw;
pub mod records;
pub mod schema;
pub mod word;

#[cfg(test)]
mod tests;
