//! The kernel's table of processes, read from `/proc`. Without `/proc` it is empty.

use std::collections::HashMap;
use std::path::Path;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process: its id, and when it was started in clock ticks after boot; the two together name it for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// When it was started.
    pub start_time: u64,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The process.
    pub process: Process,
    /// Its parent.
    pub parent: i32,
    /// Its state, a letter of proc(5).
    pub state: char,
    /// How many threads it has.
    pub threads: u64,
}

impl Row {
    /// Returns whether it has not ended; a zombie has.
    #[must_use]
    pub const fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// Returns whether a signal has stopped it.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.state == 'T'
    }
}

/// Returns the ids of all processes that can be seen.
pub fn process_ids() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Returns the line of a process.
#[must_use]
pub fn row(pid: i32) -> Option<Row> {
    parse_stat(pid, &std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Returns whether exactly this process has not ended yet.
#[must_use]
pub fn is_running(process: Process) -> bool {
    row(process.pid).is_some_and(|row| row.process == process && row.runs())
}

/// Returns the processes below a process, parents before their children; zombies as well. The table is read line by line while the
/// processes go on, so one that changes its parent meanwhile can be missed: whoever ends processes looks again until none is left.
#[must_use]
pub fn descendants(of: i32) -> Vec<Row> {
    let mut children: HashMap<i32, Vec<Row>> = HashMap::new();
    for row in process_ids().filter_map(row) {
        children.entry(row.parent).or_default().push(row);
    }
    let mut found = children.remove(&of).unwrap_or_default();
    let mut next = 0;
    while let Some(row) = found.get(next) {
        let more = children.remove(&row.process.pid).unwrap_or_default();
        found.extend(more);
        next += 1;
    }
    found
}

/// Reads `pid (name) state ppid ... num_threads ... starttime` (fields 3, 4, 20 and 22 of proc(5)); the name may hold spaces, parentheses
/// and bytes that are no text.
fn parse_stat(pid: i32, line: &[u8]) -> Option<Row> {
    let end_of_name = line.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(line.get(end_of_name + 1..)?).ok()?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let threads = fields.nth(15)?.parse().ok()?;
    let start_time = fields.nth(1)?.parse().ok()?;
    Some(Row { process: Process { pid, start_time }, parent, state, threads })
}

/// A handle that keeps naming the same process even when its id is given to another one.
#[derive(Debug)]
pub struct Handle(OwnedFd);

impl Handle {
    /// Returns a handle of a process; `None` when it has ended.
    #[must_use]
    pub fn open(process: Process) -> Option<Self> {
        let handle = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
        // Opened first and compared then: from here on the handle cannot mean another process than the one that was compared.
        is_running(process).then_some(Self(handle))
    }

    /// Sends a signal.
    pub fn send(&self, signal: Signal) {
        // The only failures are that it has ended or belongs to somebody else; both show when it is looked for again.
        let _ = pidfd_send_signal(&self.0, signal);
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_past_odd_names() {
        let line = b"77 (a) b\xff) (c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1 2";
        let row = parse_stat(77, line).unwrap();
        assert_eq!((row.state, row.parent, row.threads), ('S', 1, 3));
        assert_eq!(row.process, Process { pid: 77, start_time: 987_654 });
        assert!(parse_stat(77, b"77 (a").is_none());
        assert!(parse_stat(77, b"").is_none());
    }

    #[test]
    fn this_process_stands_below_its_parent() {
        let own = row(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(own.runs() && own.threads > 0 && is_running(own.process));
        assert!(descendants(own.parent).iter().any(|row| row.process == own.process));
        let another = Process { start_time: own.process.start_time + 1, ..own.process };
        assert!(!is_running(another) && Handle::open(another).is_none());
    }
}
