//! Git: the only place that knows libgit2 and the git program.
//!
//! [`repo`] says where a repository is and opens it; [`command`] is the hardened door to the git program; [`objects`] and what stands on
//! them go through libgit2 and the files of the repository itself, and so run no hook, filter or driver of anybody.

pub mod command;
pub mod discover;
mod durable;
pub mod env;
pub mod objects;
mod oid;
mod pipes;
pub mod repo;
pub mod signature;
pub mod tree;
pub mod tree_diff;
pub mod tree_edit;
