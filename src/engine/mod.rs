//! The loop: turns effects into events. Owns tokio.
//!
//! [`dispatcher`] puts everything that happens into one order; [`execute`] leads from an effect to the module that carries it out; those
//! record what came of it through a [`recorder`]. Nothing is believed before the [`journal`] has written it down.
