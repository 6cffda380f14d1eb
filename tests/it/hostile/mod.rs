//! Tools and patches that mean harm: whatever they try, nothing outside of their worktree changes, nothing of it lands, and the run says why.

mod attacks;
mod ground;
mod patches;
mod policies;
mod tools;
mod unpacked;
