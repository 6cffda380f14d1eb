//! Prompts: what a tool is told. Pure: the same plan, request and files give the same text, byte for byte.
//!
//! A [`request`] says what is asked; [`build`] makes the [`section`]s of it, in a fixed order; a [`template`] makes a text of those. The
//! shipped templates can be replaced by the user's and by those of a repository. What came from programs and files is [`quote`]d as data.

pub mod build;
pub mod classification;
mod phased;
pub mod quote;
pub mod request;
pub mod section;
mod shipped;
pub mod template;
mod values;
