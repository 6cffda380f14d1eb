//! The pipes of a git process: fed and drained side by side, bounded in time and size.

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
#[cfg(target_os = "linux")]
use rustix::process::{Resource, Rlimit};

use crate::io::clock::{self, Stopwatch};

/// How much of the end of standard error is kept.
const KEPT_STDERR: usize = 64 << 10;
/// How long a pipe may stay open after git itself has ended: then something that git started still holds it.
const LINGER: Duration = Duration::from_secs(1);
/// How often the process is looked at while its pipes are silent.
const LOOK: Duration = Duration::from_millis(50);

/// Why a process was not waited for to its end.
#[derive(Debug)]
pub(in crate::io::git) enum Stopped {
    /// The time was over.
    TimedOut,
    /// It wrote more than it may.
    TooLarge,
    /// A pipe failed.
    Broken(io::Error),
}

enum Drained {
    Stdout(io::Result<Vec<u8>>),
    Stderr(io::Result<Vec<u8>>),
    Overflow,
}

/// The threads at the pipes of one process.
pub(in crate::io::git) struct Pipes(Receiver<Drained>);

impl Pipes {
    /// Starts feeding `input` to the process and draining what it writes.
    pub(in crate::io::git) fn start(child: &mut Child, input: Option<Vec<u8>>, max_stdout: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // A process that does not read all of its input says what it thinks of it by its exit code.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        if let Some(stdout) = child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || drain_stdout(stdout, max_stdout, &sender));
        }
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || drop(sender.send(Drained::Stderr(drain_tail(stderr)))));
        }
        Self(receiver)
    }

    /// Waits until the process has ended and its pipes are drained; does not reap it. Returns standard output and the end of standard error.
    pub(in crate::io::git) fn collect(
        &self,
        child: &Child,
        remaining: impl Fn() -> Option<Duration>,
    ) -> Result<(Vec<u8>, Vec<u8>), Stopped> {
        let (mut stdout, mut stderr, mut ended) = (None, None, None::<Stopwatch>);
        while stdout.is_none() || stderr.is_none() {
            let left = remaining().ok_or(Stopped::TimedOut)?;
            match self.0.recv_timeout(left.min(LOOK)) {
                Ok(Drained::Stdout(bytes)) => stdout = Some(bytes.map_err(Stopped::Broken)?),
                Ok(Drained::Stderr(bytes)) => stderr = Some(bytes.map_err(Stopped::Broken)?),
                Ok(Drained::Overflow) => return Err(Stopped::TooLarge),
                Err(RecvTimeoutError::Timeout) => match ended {
                    None if has_ended(child) => ended = Some(Stopwatch::start()),
                    Some(since) if since.elapsed() > LINGER => kill_group(child),
                    None | Some(_) => {}
                },
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped::Broken(io::ErrorKind::BrokenPipe.into())),
            }
        }
        // The pipes are closed, so the end is near; the waits grow from a fraction of the time that an exit takes.
        let mut wait = Duration::from_micros(50);
        while !has_ended(child) {
            remaining().ok_or(Stopped::TimedOut)?;
            clock::pause(wait);
            wait = (wait * 2).min(LOOK);
        }
        Ok((stdout.unwrap_or_default(), stderr.unwrap_or_default()))
    }
}

fn drain_stdout(mut from: impl Read, max: usize, sender: &Sender<Drained>) {
    let mut bytes = Vec::new();
    let result = from.by_ref().take(max as u64 + 1).read_to_end(&mut bytes);
    let message = if bytes.len() > max { Drained::Overflow } else { Drained::Stdout(result.map(|_| bytes)) };
    // The other side is gone only when it has given the process up.
    drop(sender.send(message));
}

fn drain_tail(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    let mut buffer = [0; 8 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => tail.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if tail.len() > 2 * KEPT_STDERR {
            tail.drain(..tail.len() - KEPT_STDERR);
        }
    }
    tail.drain(..tail.len().saturating_sub(KEPT_STDERR));
    Ok(tail)
}

/// Looks whether the process has ended without reaping it, so that its process group can still be named safely.
fn has_ended(child: &Child) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(rustix::process::waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
}

/// Kills the process and everything it started in its group; it must not have been reaped yet.
pub(in crate::io::git) fn kill_group(child: &Child) {
    // A group that is gone already is what is wanted.
    let _gone = rustix::process::kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// Limits the memory that a process may take for its data; files that it maps do not count.
#[cfg(target_os = "linux")]
pub(in crate::io::git) fn limit_memory(child: &Child, bytes: u64) -> io::Result<()> {
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    match rustix::process::prlimit(Some(Pid::from_child(child)), Resource::Data, limit) {
        // A process that has ended already takes no memory.
        Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Does nothing: other systems have no call that limits another process.
#[cfg(not(target_os = "linux"))]
pub(in crate::io::git) fn limit_memory(_child: &Child, _bytes: u64) -> io::Result<()> {
    Ok(())
}
