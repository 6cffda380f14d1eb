//! Gates: what they are made of besides their command.

pub mod base_files;
pub mod command_line;
pub mod package_scripts;
