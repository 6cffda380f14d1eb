//! What a program may use of the machine.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Upper bounds for one program and everything that it starts; `None` leaves a bound as the user has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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

impl fmt::Display for ResourceLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            ("core_mib", self.core_mib),
            ("file_mib", self.file_mib),
            ("open_files", self.open_files),
            ("processes", self.processes),
            ("memory_mib", self.memory_mib),
        ];
        let set = named.iter().filter_map(|(name, bound)| Some(format!("{name}={}", (*bound)?)));
        f.write_str(&set.collect::<Vec<_>>().join(","))
    }
}

impl ResourceLimits {
    /// Returns what holds when nobody says anything else. No memory dumps: they are as large as the program and land in the worktree.
    /// Everything else is left alone: the user's own bounds are what ordinary builds were made under, the kernel counts processes per user
    /// and not per program, and address space is reserved by programs (garbage collectors, sanitizers) that never use it.
    #[must_use]
    pub const fn ordinary() -> Self {
        Self { core_mib: Some(0), file_mib: None, open_files: None, processes: None, memory_mib: None }
    }

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
}
