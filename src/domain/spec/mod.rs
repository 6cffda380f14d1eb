//! Specifications: documents in YAML or JSON that have a schema, and documents in Markdown that have a structure.
//!
//! [`schema`] holds a document against a JSON Schema and [`rules`] a Markdown document ([`markdown`]) against a structure ([`structure`]). What
//! is wrong becomes findings ([`report`]), as if a linter had said it. [`mod@reference`] knows what a document says about its own schema.

pub mod links;
pub mod markdown;
pub mod raw;
pub mod reference;
pub mod report;
pub mod rules;
pub mod schema;
pub mod shipped;
pub mod structure;

#[cfg(test)]
mod tests;
