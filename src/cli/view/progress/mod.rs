//! Progress of a run, in the form that fits who reads it. Each is told of every entry after it was written down.

pub mod asks;
pub mod bar;
pub mod json;
pub mod mode;
pub mod news;
pub mod plain;
