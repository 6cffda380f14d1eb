//! The loop: turns effects into events. Owns tokio.
//!
//! [`dispatcher`] puts everything that happens into one order; [`execute`] leads from an effect to the module that carries it out; those
//! record what came of it through a [`recorder`]. Nothing is believed before the [`journal`] has written it down.

pub mod advance;
pub mod ask;
pub mod bench;
pub mod capture;
pub mod change;
pub mod check;
pub mod check_base;
pub mod checked;
pub mod closing;
pub mod commits;
pub mod context;
pub mod dispatcher;
pub mod execute;
pub mod failure;
pub mod fixers;
pub mod folder;
pub mod gate_ask;
pub mod gate_base;
pub mod gate_ground;
pub mod gate_key;
pub mod gate_run;
pub mod gates;
pub mod hearing;
pub mod hold;
pub mod integrate;
pub mod journal;
pub mod merging;
pub mod notes;
pub mod phases;
pub mod place;
pub mod readers;
pub mod recorder;
pub mod recover;
pub mod release;
pub mod replay;
pub mod resolve;
pub mod signals;
pub mod sink;
pub mod space;
pub mod surroundings;
pub mod watch;
pub mod work;
pub mod workflow_file;
