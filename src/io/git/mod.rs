//! Git: the only place that knows libgit2 and the git program.
//!
//! [`repo`] says where a repository is and opens it; [`command`] is the hardened door to the git program; [`objects`], [`refs`] and what
//! stands on them go through libgit2 and the files of the repository itself, and so run no hook, filter or driver of anybody.

pub mod admin;
pub mod apply;
pub mod attributes;
mod blobs;
pub mod checkout;
pub mod command;
pub mod content;
mod convert;
mod create;
pub mod discover;
pub mod disk;
mod durable;
pub mod env;
mod folder;
pub mod history;
pub mod hold;
pub mod host;
mod ignored;
mod include;
mod index;
pub mod inspect;
pub mod intake;
pub mod ledger_ref;
pub mod ledger_tip;
mod listing;
pub mod lock;
pub mod merge;
mod merge_answer;
mod merge_driver;
pub mod notes;
pub mod objects;
mod oid;
mod pipes;
pub mod private_dir;
pub mod prove;
mod ref_error;
mod ref_lock;
pub mod ref_scan;
mod ref_store;
pub mod refs;
pub mod remove;
pub mod repo;
pub mod reset;
pub mod seen;
pub mod signature;
pub mod snapshot;
pub mod tree;
pub mod tree_diff;
pub mod tree_edit;
mod tree_union;
mod walk;
pub mod worktree;
