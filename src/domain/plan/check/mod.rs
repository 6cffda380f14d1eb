//! From the raw records to the checked model: everything that needs more than one value to judge.

pub mod asks;
pub mod budgets;
pub mod graph;
pub mod limits;
pub mod names;
pub mod overlaps;
pub mod rules;
pub mod scopes;
pub mod steps;
pub mod workstream;
