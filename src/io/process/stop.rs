//! Ending processes: TERM, a grace period, KILL, always for the whole group, and never for a process id that was given to somebody else.

use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::orphan::group_is_alive;

/// The leader of a process group. Its group is killed when it is dropped, so that nothing runs on when a future is given up.
#[derive(Debug)]
pub struct Leader {
    child: Child,
    group: Option<Pid>,
}

impl Leader {
    /// Takes a child that was started in a group of its own.
    #[must_use]
    pub fn new(child: Child) -> Self {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, group }
    }

    /// Returns the child, for its pipes.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns a task that ends when the leader has ended. The leader stays a zombie, so its id, and that of its group, still belong to it.
    #[must_use]
    pub fn watch(&self) -> JoinHandle<()> {
        let group = self.group;
        tokio::task::spawn_blocking(move || {
            let Some(pid) = group else { return };
            let wait = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            while matches!(wait(), Err(rustix::io::Errno::INTR)) {}
        })
    }

    /// Asks the group to end. A stopped process is continued, or it would never see the signal.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Kills the group.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Kills what is left of the group, reaps the leader, and returns when no process of the group runs any more (or after a second).
    /// To be called when [`Leader::watch`] has ended.
    ///
    /// # Errors
    /// Returns the system's error when the leader cannot be waited for.
    pub async fn reap(&mut self) -> std::io::Result<ExitStatus> {
        self.kill();
        let group = self.group.take();
        let status = self.child.wait().await?;
        if let Some(group) = group {
            await_empty(group).await;
        }
        Ok(status)
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // The only possible failure is that nobody is left to be signalled.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until a killed group is gone: a process dies a moment after KILL was sent, and could still be in the middle of a write.
async fn await_empty(group: Pid) {
    for _ in 0..200 {
        // The first question costs one system call and is nearly always answered with no. Signal 0 harms nobody.
        if test_kill_process_group(group).is_err() || !group_is_alive(group.as_raw_nonzero().get()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
