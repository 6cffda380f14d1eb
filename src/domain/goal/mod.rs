//! Goals: numbers that the work of a workstream is to reach, how far it is from them, and what is tried to get nearer.

pub mod amount;
pub mod bound;
pub mod counting;
pub mod gap;
pub mod model;
pub mod number;
pub mod raw;
pub mod request;
pub mod strategy;
