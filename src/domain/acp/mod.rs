//! The Agent Client Protocol, version 1, from the side of the client: one document of JSON-RPC 2.0 a line.
//!
//! [`wire`] tells documents apart, [`protocol`] has the shapes that are sent and read, [`permission`] decides what may be done, and
//! [`session`] is the conversation: lines in, deeds out, no input or output of its own. What the other side sends is taken as it is.

pub mod failure;
pub mod permission;
pub mod protocol;
pub mod session;
pub mod wire;
