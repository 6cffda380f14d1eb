//! Real tools in the sandbox that is the default.
