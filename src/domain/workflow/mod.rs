//! Pipelines of roles: the states of a project, who hands over what to whom, the gates in between, and what happens when one does not pass.
//!
//! A workflow is data of a pipeline file ([`raw`], [`parse`], [`model`]) that is proved sound before it is used ([`validate`]). Its gates and
//! policies become rules of ordinary phases ([`compile`]), and its state is derived from the ledger ([`mod@derive`]); nothing else keeps it.

pub mod compile;
pub mod derive;
pub mod model;
pub mod order;
pub mod parse;
pub mod policy;
pub mod raw;
pub mod validate;
pub mod view;
