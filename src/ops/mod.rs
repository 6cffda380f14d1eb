//! The verbs: one operation per file, the API of the library.
//!
//! [`context`] is what most of them need; [`load`] brings runs back from the ledger; [`plan_source`] brings plans from files.

pub mod context;
pub mod load;
pub mod plan_source;
