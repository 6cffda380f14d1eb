//! View models: what reports show, without text layout or colour.

pub mod summary;
