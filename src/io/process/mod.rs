//! Processes: the only place that starts and ends them.
//!
//! [`spawn::run`] starts a program in a process group of its own, drains its output into bounded memory and a bounded file, and ends the
//! whole group on a time limit or a cancellation. What a process group cannot hold is a program that calls `setsid`: such a process
//! survives here, keeps the mark of its run in its environment, and is found by [`orphan::orphans`].

pub mod capture;
pub mod excerpt;
pub mod orphan;
pub mod pager;
pub mod request;
pub mod spawn;
pub mod stop;

#[cfg(test)]
mod tests;
