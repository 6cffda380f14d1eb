//! What this machine has to offer.

use std::path::Path;
use std::thread;

use super::fs;
use crate::domain::run::workers::Machine;

/// Where Linux tells how much memory is free.
const MEMORY: &str = "/proc/meminfo";

/// Finds out how many cores this process may use and how much memory is free.
#[must_use]
pub fn machine() -> Machine {
    let cores = thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
    let told = fs::read_if_exists(Path::new(MEMORY)).ok().flatten();
    Machine { cores, available_mib: told.and_then(|bytes| available(&String::from_utf8_lossy(&bytes))) }
}

/// Reads `MemAvailable:   123456 kB`.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read() {
        assert_eq!(available("MemTotal:  100 kB\nMemAvailable:   2048 kB\n"), Some(2));
        assert_eq!(available("MemAvailable: much\n"), None);
        assert_eq!(available(""), None);
        assert!(machine().cores > 0);
    }
}
