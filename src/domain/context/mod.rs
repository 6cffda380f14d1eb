//! The context of a tool: how many tokens a prompt and the files in its scope are, and what is given of them when they are too many.

pub mod fit;
pub mod named;
pub mod outline;
pub mod tokens;
