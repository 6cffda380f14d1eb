//! Scopes: the globs that a workstream may write, create, and must not touch.

/// What a workstream may write and create, and what it must not touch.
#[derive(Debug, Clone)]
pub struct Scope {}
