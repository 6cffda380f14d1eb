//! Processes: the only place that starts and ends them.
//!
//! [`spawn::run`] runs a program below a [`supervisor`], drains its output into bounded memory and a bounded file, keeps its limits, and
//! returns when nothing that it started is left, whatever session or group that went to. What outlives a supervisor that was itself killed
//! keeps the mark of its run in its environment, and is found by [`orphan::sweep`].

pub mod capture;
pub mod dialogue;
pub mod excerpt;
pub mod line;
pub mod orphan;
pub mod output;
pub mod pager;
pub mod passthrough;
pub mod request;
pub mod rlimits;
pub mod spawn;
pub mod stop;
pub mod supervisor;
pub mod table;
pub mod together;
