//! The engine on real repositories with real programs, through the library's verbs.

mod rig;
mod runs;
