//! Governance: what decides whether the work of a workstream may land, beyond its scope.
//!
//! People write it in `ai_policies.yaml` ([`raw`], [`word`]); what was read is checked ([`check`]) and laid in layers of which a later one may
//! only tighten an earlier one ([`layers`]). What comes out ([`model`]) judges changes ([`judge`]) and looks for secrets ([`secrets`]).

pub mod change;
pub mod check;
pub mod globs;
pub mod judge;
pub mod layers;
pub mod limit;
pub mod model;
pub mod raw;
pub mod remark;
pub mod schema;
pub mod secrets;
pub mod word;
