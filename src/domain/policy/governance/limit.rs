//! How large a change may be, and of which kinds.

use crate::domain::policy::governance::word::Ruling;

/// The part of a file that says something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Section {
    /// `limits` of `ai_policies.yaml`.
    #[default]
    Limits,
    /// `constraints` of `PROJECT_PROFILE.yaml`.
    Constraints,
}

impl Section {
    /// Returns its key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Constraints => "constraints",
        }
    }
}

/// How large a change may be, and of which kinds. What is `None` is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many files a workstream may change in all.
    pub max_files_changed: Option<u64>,
    /// Who says so.
    pub files_by: Section,
    /// How many lines a workstream may add and remove in all.
    pub max_lines_changed: Option<u64>,
    /// Who says so.
    pub lines_by: Section,
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
            files_by: Section::Limits,
            max_lines_changed: None,
            lines_by: Section::Limits,
            max_file_bytes: None,
            binary: Ruling::Allow,
            symlinks: Ruling::Allow,
            submodules: Ruling::Allow,
            mode_changes: Ruling::Allow,
        }
    }
}
