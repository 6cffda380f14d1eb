//! Sandboxes: what holds a program while it runs.
//!
//! A [`confinement::Confinement`] is data that travels to the last stage before a program. There [`confinement::Confinement::enter`] lets
//! the kernel hold the process itself (landlock), or [`confinement::Confinement::wrap`] puts `bwrap` before the program (bubblewrap).

mod bubblewrap;
pub mod confinement;
pub mod grants;
mod homes;
mod kernel;
mod known;
pub mod probe;
