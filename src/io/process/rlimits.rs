//! Taking on resource limits: for the process that calls and everything that it starts.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

use super::table::{process_ids, row};
use crate::domain::tool::resources::ResourceLimits;

const MIB: u64 = 1 << 20;

/// Takes on these limits. A bound that is already tighter stays as it is.
///
/// # Errors
/// Returns the system's error.
pub fn take_on(limits: &ResourceLimits) -> io::Result<()> {
    lower(Resource::Core, limits.core_mib.map(|mib| mib.saturating_mul(MIB)))?;
    lower(Resource::Fsize, limits.file_mib.map(|mib| mib.saturating_mul(MIB)))?;
    lower(Resource::Nofile, limits.open_files)?;
    lower(Resource::As, limits.memory_mib.map(|mib| mib.saturating_mul(MIB)))?;
    // The kernel counts what the user runs altogether, so the bound is relative to that.
    lower(Resource::Nproc, limits.processes.map(|more| running_threads().saturating_add(more)))
}

fn lower(resource: Resource, bound: Option<u64>) -> io::Result<()> {
    let Some(bound) = bound else { return Ok(()) };
    let least = |now: Option<u64>| Some(now.map_or(bound, |now| now.min(bound)));
    let now = getrlimit(resource);
    let new = Rlimit { current: least(now.current), maximum: least(now.maximum) };
    if new == now { Ok(()) } else { Ok(setrlimit(resource, new)?) }
}

/// Returns how many threads the user runs.
fn running_threads() -> u64 {
    let own = getuid().as_raw();
    let is_own = |pid: &i32| std::fs::metadata(format!("/proc/{pid}")).is_ok_and(|folder| folder.uid() == own);
    process_ids().filter(is_own).filter_map(row).map(|row| row.threads).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_of_this_user_are_counted() {
        let before = running_threads();
        assert!(before >= 1);
    }

    #[test]
    fn nothing_is_asked_for_by_no_limits() {
        let before = getrlimit(Resource::Nofile);
        take_on(&ResourceLimits::default()).unwrap();
        assert_eq!(getrlimit(Resource::Nofile), before);
    }
}
