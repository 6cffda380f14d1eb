//! The loop: turns effects into events. Owns tokio.
