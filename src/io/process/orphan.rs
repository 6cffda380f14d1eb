//! Processes that outlived whoever watched over them, found by the mark that they carry.
//!
//! Every process of a run has `ORC_RUN=<ulid>` in its environment, so that `resume` finds those that outlived a driver and a supervisor
//! that were both killed. A program of another user, one with set-group-id, or one that cleared its environment cannot be seen this way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use rustix::process::Signal;

use super::table::{Handle, Process, Row, is_running, process_ids, row};

/// How often marked processes are looked for again: each time something new may have been started between two looks.
const ROUNDS: usize = 50;
/// How long a killed process is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody must be found before the search is over.
const QUIET: Duration = Duration::from_millis(20);

/// A process that carries a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The process.
    pub process: Process,
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

/// Returns the processes, other than this one, whose environment has all of the entries `marks` (such as `ORC_RUN=01J...`).
#[must_use]
pub fn orphans(marks: &[OsString]) -> Vec<Orphan> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let marked = |pid: &i32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        marks.iter().all(|mark| environ.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
    };
    process_ids().filter(|pid| *pid != own).filter(marked).filter_map(describe).collect()
}

/// Ends everything that carries all of the marks, and looks again until nothing is found: each process gets TERM, up to `grace` of
/// patience together with the others, then KILL. Returns what was found.
pub async fn sweep(marks: &[OsString], grace: Duration) -> Vec<(Orphan, OrphanEnd)> {
    let mut ended = BTreeMap::new();
    let mut grace = grace;
    for _ in 0..ROUNDS {
        let found = orphans(marks);
        let fresh: Vec<Orphan> = found.into_iter().filter(|one| !matches!(ended.get(&one.process), Some((_, OrphanEnd::Alive)))).collect();
        if fresh.is_empty() {
            // A process that was just being started has its environment a moment later.
            tokio::time::sleep(QUIET).await;
            if orphans(marks).iter().all(|one| ended.contains_key(&one.process)) {
                break;
            }
            continue;
        }
        for (orphan, end) in end_all(fresh, grace).await {
            ended.insert(orphan.process, (orphan, end));
        }
        // Whoever comes after the first round was started by somebody who knew better.
        grace = Duration::ZERO;
    }
    ended.into_values().collect()
}

/// Ends orphans, all at the same time.
async fn end_all(orphans: Vec<Orphan>, grace: Duration) -> Vec<(Orphan, OrphanEnd)> {
    let mut open: Vec<(Orphan, Option<Handle>)> = orphans.into_iter().map(|one| (one.clone(), Handle::open(one.process))).collect();
    let tell =
        |open: &[(Orphan, Option<Handle>)], signal| open.iter().filter_map(|(_, handle)| handle.as_ref()).for_each(|h| h.send(signal));
    let mut ended: Vec<(Orphan, OrphanEnd)> =
        open.extract_if(.., |(_, handle)| handle.is_none()).map(|(orphan, _)| (orphan, OrphanEnd::Gone)).collect();
    if !grace.is_zero() {
        tell(&open, Signal::TERM);
        tell(&open, Signal::CONT);
        ended.extend(gone_within(&mut open, grace).await.into_iter().map(|orphan| (orphan, OrphanEnd::Ended)));
    }
    tell(&open, Signal::KILL);
    ended.extend(gone_within(&mut open, PATIENCE).await.into_iter().map(|orphan| (orphan, OrphanEnd::Killed)));
    ended.extend(open.into_iter().map(|(orphan, _)| (orphan, OrphanEnd::Alive)));
    ended
}

/// Waits until all have ended, but not longer than this; takes out and returns those that have.
async fn gone_within(open: &mut Vec<(Orphan, Option<Handle>)>, patience: Duration) -> Vec<Orphan> {
    let step = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    let mut gone = Vec::new();
    loop {
        gone.extend(open.extract_if(.., |(orphan, _)| !is_running(orphan.process)).map(|(orphan, _)| orphan));
        if open.is_empty() || waited >= patience {
            return gone;
        }
        tokio::time::sleep(step).await;
        waited += step;
    }
}

fn describe(pid: i32) -> Option<Orphan> {
    let row = row(pid).filter(Row::runs)?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    Some(Orphan { process: row.process, command: words.join(" ").trim_end().to_owned() })
}
