//! How large a change may be, and of which kinds.

use crate::domain::policy::governance::word::Ruling;

/// How large a change may be, and of which kinds. What is `None` is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many files a workstream may change in all.
    pub max_files_changed: Option<u64>,
    /// How many lines a workstream may add and remove in all.
    pub max_lines_changed: Option<u64>,
    /// How large a changed file may be, in bytes.
    pub max_file_bytes: Option<u64>,
    /// Whether binary files may be added and changed.
    pub binary: Ruling,
    /// Whether symbolic links may be added and changed.
    pub symlinks: Ruling,
    /// Whether submodules may be added and changed.
    pub submodules: Ruling,
    /// Whether a file may become executable, or cease to be.
    pub mode_changes: Ruling,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_files_changed: None,
            max_lines_changed: None,
            max_file_bytes: None,
            binary: Ruling::Allow,
            symlinks: Ruling::Allow,
            submodules: Ruling::Allow,
            mode_changes: Ruling::Allow,
        }
    }
}
