//! Pipelines: named lists of phases. A phase is a step of a plan with a few more keys, so a pipeline is laid out into steps, or into
//! workstreams, before a plan is checked ([`expand`]); what checks plans checks pipelines.

pub mod check;
pub mod expand;
pub mod lint;
pub mod model;
pub mod parse;
pub mod plugin;
pub mod raw;
pub mod schema;
pub mod shipped;

#[cfg(test)]
mod tests;
