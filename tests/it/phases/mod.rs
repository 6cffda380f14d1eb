//! What the rules of phases do in whole runs: steps that are skipped, that need and expect something, artifacts that are approved; and what
//! a fluid run does differently. Through the real program, with tools that are scripts.

mod due;
mod expects;
mod stage;
