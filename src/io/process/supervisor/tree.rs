//! Everything that descends from the program: asked, killed, stopped, reaped.

use std::collections::BTreeSet;
use std::process::Child;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};

use super::order::Status;
use crate::io::process::table::{Handle, Process, Row, descendants};

/// After how many passes over the tree it is frozen before it is killed: who forks faster than it is killed is given new room by each kill.
const PASSES_BEFORE_FREEZING: u32 = 4;
/// How often a freezing pass is repeated at most before the kill.
const FREEZING_PASSES: u32 = 200;

/// The program and what descends from it, all below this process.
#[derive(Debug)]
pub struct Tree {
    own: i32,
    leader: Pid,
    status: Option<Status>,
    passes: u32,
    stopped: Vec<Process>,
}

/// What a look at the children found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaped {
    /// How many had ended.
    pub ended: u32,
    /// Whether nothing is left. Orphans become children of this process, so without a child there is no descendant either.
    pub is_empty: bool,
}

impl Tree {
    /// Takes the last stage as the leader.
    #[must_use]
    pub fn new(leader: &Child) -> Self {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        Self { own, leader: Pid::from_child(leader), status: None, passes: 0, stopped: Vec::new() }
    }

    /// Returns how the leader ended; `None` while it runs.
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        self.status
    }

    /// Reaps every child that has ended.
    pub fn reap(&mut self) -> Reaped {
        let mut ended = 0;
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    ended += 1;
                    if pid == self.leader {
                        self.status = Some(status_of(status));
                    }
                }
                Ok(None) => return Reaped { ended, is_empty: false },
                Err(rustix::io::Errno::INTR) => {}
                Err(_none_left) => return Reaped { ended, is_empty: true },
            }
        }
    }

    /// Asks everything to end; whatever is stopped is continued, or it would never see the signal. Returns who was asked.
    pub fn ask(&self) -> Vec<Process> {
        let rows = self.running();
        signal(&rows, Signal::TERM);
        signal(&rows, Signal::CONT);
        rows.into_iter().map(|row| row.process).collect()
    }

    /// Kills everything that is found in one pass; to be repeated until nothing is left. Returns who was killed.
    pub fn kill(&mut self) -> Vec<Process> {
        if self.status.is_none() {
            // The leader was not reaped, so this id is still that of its group; the kernel kills a group at one instant.
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
        self.passes += 1;
        if self.passes > PASSES_BEFORE_FREEZING {
            self.freeze();
        }
        let rows = self.running();
        signal(&rows, Signal::KILL);
        rows.into_iter().map(|row| row.process).collect()
    }

    /// Stops everything until nothing new appears. A stopped process keeps its place in the user's allowance, so that a bomb of processes
    /// can not go on in the room that each kill would make.
    fn freeze(&self) {
        let mut known = BTreeSet::new();
        for _ in 0..FREEZING_PASSES {
            let fresh: Vec<Row> = self.running().into_iter().filter(|row| known.insert(row.process)).collect();
            if fresh.is_empty() {
                return;
            }
            signal(&fresh, Signal::STOP);
        }
    }

    /// Stops everything that is not stopped by somebody else.
    pub fn suspend(&mut self) {
        for _ in 0..FREEZING_PASSES {
            let fresh: Vec<Row> =
                self.running().into_iter().filter(|row| !row.is_stopped() && !self.stopped.contains(&row.process)).collect();
            if fresh.is_empty() {
                return;
            }
            signal(&fresh, Signal::STOP);
            self.stopped.extend(fresh.iter().map(|row| row.process));
        }
    }

    /// Lets what [`Tree::suspend`] stopped go on, children first.
    pub fn go_on(&mut self) {
        for process in std::mem::take(&mut self.stopped).into_iter().rev() {
            if let Some(handle) = Handle::open(process) {
                handle.send(Signal::CONT);
            }
        }
    }

    /// Returns everything that has not ended, parents before their children.
    #[must_use]
    pub fn running(&self) -> Vec<Row> {
        descendants(self.own).into_iter().filter(Row::runs).collect()
    }
}

fn signal(rows: &[Row], signal: Signal) {
    for handle in rows.iter().filter_map(|row| Handle::open(row.process)) {
        handle.send(signal);
    }
}

fn status_of(status: WaitStatus) -> Status {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Signaled(signal.unwrap_or_default()),
    }
}
