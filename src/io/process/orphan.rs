//! Processes found by `/proc`: what is left of a group, and what an earlier run left behind.
//!
//! Every process of a run has `ORC_RUN=<ulid>` in its environment, so that `resume` finds those that outlived a killed driver. A program of
//! another user or with set-group-id cannot be seen this way. Without `/proc` nothing is found.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// A process that carries the mark of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its process id.
    pub pid: i32,
    /// When it was started, in clock ticks after boot; with `pid` it names the process for good.
    pub start_time: u64,
    /// Its command line, for people.
    pub command: String,
}

/// What became of an orphan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrphanEnd {
    /// It had ended before it was signalled.
    Gone,
    /// It ended after TERM.
    Ended,
    /// It was killed.
    Killed,
    /// It could not be ended.
    Alive,
}

/// Returns the processes, other than this one, whose environment has the entry `marker` (such as `ORC_RUN=01J...`).
#[must_use]
pub fn orphans(marker: &str) -> Vec<Orphan> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let marked = |pid: &i32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|entry| entry == marker.as_bytes())
    };
    process_ids().filter(|pid| *pid != own).filter(marked).filter_map(describe).collect()
}

/// Ends an orphan: TERM, up to `grace` of patience, KILL. It is checked again that the id still names the same process.
pub async fn end_orphan(orphan: &Orphan, grace: Duration) -> OrphanEnd {
    let Some(handle) = Handle::open(orphan) else { return OrphanEnd::Gone };
    handle.send(Signal::TERM);
    handle.send(Signal::CONT);
    if ended_within(orphan, grace).await {
        return OrphanEnd::Ended;
    }
    handle.send(Signal::KILL);
    if ended_within(orphan, Duration::from_secs(2)).await { OrphanEnd::Killed } else { OrphanEnd::Alive }
}

/// Returns whether a process of this group runs; zombies do not count.
#[must_use]
pub fn group_is_alive(group: i32) -> bool {
    process_ids().filter_map(stat).any(|stat| stat.group == group && stat.runs())
}

async fn ended_within(orphan: &Orphan, patience: Duration) -> bool {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        if !is_running(orphan) {
            return true;
        }
        if waited >= patience {
            return false;
        }
        tokio::time::sleep(step).await;
        waited += step;
    }
}

fn is_running(orphan: &Orphan) -> bool {
    stat(orphan.pid).is_some_and(|stat| stat.start_time == orphan.start_time && stat.runs())
}

/// A handle that keeps naming the same process even when its id is given to another one.
struct Handle(#[cfg(target_os = "linux")] rustix::fd::OwnedFd, #[cfg(not(target_os = "linux"))] Pid);

impl Handle {
    #[cfg(target_os = "linux")]
    fn open(orphan: &Orphan) -> Option<Self> {
        let handle = rustix::process::pidfd_open(Pid::from_raw(orphan.pid)?, rustix::process::PidfdFlags::empty()).ok()?;
        // Opened first and compared then: from here on the handle cannot mean another process than the one that was compared.
        is_running(orphan).then_some(Self(handle))
    }

    #[cfg(not(target_os = "linux"))]
    fn open(orphan: &Orphan) -> Option<Self> {
        is_running(orphan).then(|| Pid::from_raw(orphan.pid)).flatten().map(Self)
    }

    fn send(&self, signal: Signal) {
        // The only failures are that it has ended or belongs to somebody else; both show when it is looked for again.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::pidfd_send_signal(&self.0, signal);
        #[cfg(not(target_os = "linux"))]
        let _ = rustix::process::kill_process(self.0, signal);
    }
}

struct Stat {
    state: char,
    group: i32,
    start_time: u64,
}

impl Stat {
    const fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

fn process_ids() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads `pid (name) state ppid pgrp ... starttime` (fields 3, 5 and 22 of proc(5)); the name may hold spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    let start_time = fields.nth(16)?.parse().ok()?;
    Some(Stat { state, group, start_time })
}

fn describe(pid: i32) -> Option<Orphan> {
    let stat = stat(pid).filter(Stat::runs)?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    Some(Orphan { pid, start_time: stat.start_time, command: words.join(" ").trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_lines_are_read_past_odd_names() {
        let text = "77 (a) b) (c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.state, stat.group, stat.start_time), ('S', 42, 987_654));
        assert!(parse_stat("77 (a").is_none());
        assert!(parse_stat("").is_none());
    }
}
