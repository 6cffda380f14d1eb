//! What a program may use of the machine.

use serde::{Deserialize, Serialize};

/// Upper bounds for one program and everything that it starts; `None` leaves a bound as the user has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceLimits {
    /// The largest memory dump of a crash, in MiB.
    pub core_mib: Option<u64>,
    /// The largest file that may be written, in MiB.
    pub file_mib: Option<u64>,
    /// How many files a process may have open.
    pub open_files: Option<u64>,
    /// How many processes and threads may be added to those that the user runs when the program starts.
    pub processes: Option<u64>,
    /// How large a process may become, in MiB of address space.
    pub memory_mib: Option<u64>,
}

impl Default for ResourceLimits {
    /// No memory dumps: they are as large as the program and land in the worktree. Everything else is left alone: the user's own bounds
    /// are what ordinary builds were made under, the kernel counts processes per user and not per program, and address space is reserved by
    /// programs (garbage collectors, sanitizers) that never use it.
    fn default() -> Self {
        Self { core_mib: Some(0), file_mib: None, open_files: None, processes: None, memory_mib: None }
    }
}

impl ResourceLimits {
    /// Returns these limits, each replaced by that of `other` where it has one.
    #[must_use]
    pub fn overlaid(self, other: Self) -> Self {
        Self {
            core_mib: other.core_mib.or(self.core_mib),
            file_mib: other.file_mib.or(self.file_mib),
            open_files: other.open_files.or(self.open_files),
            processes: other.processes.or(self.processes),
            memory_mib: other.memory_mib.or(self.memory_mib),
        }
    }

    /// Returns limits that bound nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self { core_mib: None, file_mib: None, open_files: None, processes: None, memory_mib: None }
    }
}
