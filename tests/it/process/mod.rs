//! Programs below a supervisor: how they start, how they end, and that nothing of them is left.

mod bounds;
mod escapes;
mod spawning;
