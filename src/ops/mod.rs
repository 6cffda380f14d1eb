//! The verbs: one operation per file, the API of the library.
//!
//! [`context`] is what most of them need; [`load`] brings runs back from the ledger, [`find`] knows which one is meant, and
//! [`plan_source`] brings plans from files.

pub mod context;
pub mod find;
pub mod load;
pub mod log;
pub mod plan_source;
pub mod show;
pub mod status;
pub mod validate;
