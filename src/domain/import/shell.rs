//! Whether a shell may run what only a shell understands.

/// What may become of commands that only a shell understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// They are refused.
    Refuse,
    /// They are given to `sh -c`, which is told.
    Allow,
}
