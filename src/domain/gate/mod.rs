//! Gates: the file that describes them ([`raw`], [`parse`], [`model`]), what they measure and what follows from it ([`metric`],
//! [`judge`]), and what they hold against a change ([`differential`]).

pub mod base_files;
pub mod command_line;
pub mod coverage;
pub mod differential;
pub mod judge;
pub mod lines;
pub mod metric;
pub mod model;
pub mod package_scripts;
pub mod parse;
pub mod push;
pub mod raw;
pub mod schema;
