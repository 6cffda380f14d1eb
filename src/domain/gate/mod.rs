//! Gates: what they are made of besides their command, and what they hold against a change.

pub mod base_files;
pub mod command_line;
pub mod differential;
pub mod package_scripts;
