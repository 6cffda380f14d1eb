//! The one spawner.

use std::ffi::OsStr;
use std::future::{Future, pending};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, sleep_until};

use super::capture::Capture;
use super::request::{CancelLevel, CancelSignal, ProcessOutcome, ProcessRequest, SpawnError, Stdin, Stream, TimeLimits};
use super::stop::Leader;
use crate::domain::tool::outcome::{Ending, TimeLimit};

/// How long an output pipe may stay open after the program has ended.
const LEAK_WINDOW: Duration = Duration::from_millis(200);
/// How long a program may outlive KILL before it is left behind.
const ABANDON_AFTER: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 64 << 10;

/// Runs a program to its end, whatever that end is; an ending by a limit or by cancellation is an outcome and no error.
///
/// When the future is dropped, the program's group is killed.
///
/// # Errors
/// Returns a [`SpawnError`] when the program was not started.
pub async fn run(request: ProcessRequest, cancel: CancelSignal) -> Result<ProcessOutcome, SpawnError> {
    let started = Instant::now();
    let mut capture = open_capture(&request)?;
    let (ending, leaked_pipe, abandoned) = if *cancel.borrow() == CancelLevel::Run {
        let mut leader = Leader::new(start(&request).await?);
        let mut pipes = Pipes::take(leader.child());
        let feed = feed(leader.child().stdin.take(), request.stdin);
        let mut watch = Watch { clock: StopClock::new(request.limits, started), cancel: Some(cancel) };
        let has_ended = watch.until_exit(&leader, &mut pipes, &mut capture, feed).await;
        let leaked = pipes.drain(&mut capture).await;
        let cause = watch.clock.cause;
        let ending = match (has_ended, cause) {
            (false, Some(cause)) => cause,
            (_, cause) => {
                let status = leader.reap().await.map_err(|source| SpawnError::Io { program: program_name(&request.argv), source })?;
                cause.unwrap_or_else(|| natural_ending(status))
            }
        };
        (ending, leaked, !has_ended)
    } else {
        (Ending::Cancelled, false, false)
    };
    let (output, stdout, log) = capture.finish();
    Ok(ProcessOutcome { ending, elapsed: started.elapsed(), output, stdout, log, leaked_pipe, abandoned })
}

fn open_capture(request: &ProcessRequest) -> Result<Capture, SpawnError> {
    Capture::open(request.capture, request.log.as_deref(), request.lines.clone())
        .map_err(|source| SpawnError::Log { path: request.log.clone().unwrap_or_default(), source })
}

fn program_name(argv: &[std::ffi::OsString]) -> String {
    argv.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Finds the program before it is started: so a missing program is told from a missing interpreter, no relative entry of `PATH` is
/// searched inside a worktree, and the standard library can start it without a fork.
fn resolve(request: &ProcessRequest) -> Result<PathBuf, SpawnError> {
    let program = request.argv.first().filter(|program| !program.is_empty()).ok_or(SpawnError::EmptyCommand)?;
    if Path::new(program).components().count() > 1 || program.as_encoded_bytes().contains(&b'/') {
        return Ok(request.cwd.join(program));
    }
    let path = request.env.get(OsStr::new("PATH")).cloned().unwrap_or_else(|| "/usr/bin:/bin".into());
    let folders = std::env::join_paths(std::env::split_paths(&path).filter(|folder| folder.is_absolute())).unwrap_or_default();
    which::which_in_global(program, Some(folders))
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(|| SpawnError::NotFound { program: program_name(&request.argv) })
}

async fn start(request: &ProcessRequest) -> Result<Child, SpawnError> {
    let program = resolve(request)?;
    let mut command = command(&program, request);
    for _ in 0..10 {
        match command.spawn() {
            // Another thread forked while the program's file was open for writing; the copy of the handle is closed in a moment.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(20)).await,
            result => return result.map_err(|error| explain(request, &program, error)),
        }
    }
    command.spawn().map_err(|error| explain(request, &program, error))
}

#[expect(clippy::disallowed_methods, reason = "this is the one door for processes")]
fn command(program: &Path, request: &ProcessRequest) -> Command {
    let mut command = Command::new(program);
    command
        .args(request.argv.iter().skip(1))
        .current_dir(&request.cwd)
        .env_clear()
        .envs(&request.env)
        .stdin(match request.stdin {
            Stdin::Null => Stdio::null(),
            Stdin::Bytes(_) => Stdio::piped(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command
}

fn explain(request: &ProcessRequest, program: &Path, source: io::Error) -> SpawnError {
    let name = program_name(&request.argv);
    let kind = source.kind();
    let is_no_program = source.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) && !request.cwd.is_dir() {
        SpawnError::NoFolder { path: request.cwd.clone() }
    } else if kind == io::ErrorKind::NotFound && !program.exists() {
        SpawnError::NotFound { program: name }
    } else if is_no_program || matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) {
        // The file is there: it is no program, it lacks the permission, or its interpreter is missing.
        SpawnError::NotExecutable { program: name, source }
    } else {
        SpawnError::Io { program: name, source }
    }
}

fn natural_ending(status: ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => Ending::Exited { code },
        None => Ending::Signaled { signal: status.signal().unwrap_or_default() },
    }
}

type Feed = Pin<Box<dyn Future<Output = ()> + Send>>;

fn feed(pipe: Option<ChildStdin>, stdin: Stdin) -> Feed {
    Box::pin(async move {
        if let (Some(mut pipe), Stdin::Bytes(bytes)) = (pipe, stdin) {
            // A program that ends or closes its input before it has read everything is no failure of ours.
            let _ = pipe.write_all(&bytes).await;
            let _ = pipe.shutdown().await;
        }
    })
}

struct Watch {
    clock: StopClock,
    cancel: Option<CancelSignal>,
}

impl Watch {
    /// Drains output and keeps the limits until the leader has ended. Returns false when it outlives KILL.
    async fn until_exit(&mut self, leader: &Leader, pipes: &mut Pipes, capture: &mut Capture, mut feed: Feed) -> bool {
        let mut exit = leader.watch();
        let mut feeding = true;
        loop {
            // In this order: an exit that has happened wins over a limit reached at the same time, and output never holds up a limit.
            tokio::select! {
                biased;
                _ = &mut exit => return true,
                level = cancelled(&mut self.cancel) => self.clock.cancel(level, leader),
                () = until(self.clock.next()) => {
                    if self.clock.expire(leader) == Patience::Over {
                        return false;
                    }
                }
                () = &mut feed, if feeding => feeding = false,
                (stream, read) = pipes.read() => {
                    if pipes.take_in(stream, read, capture) {
                        self.clock.heard();
                    }
                }
            }
        }
    }
}

async fn cancelled(signal: &mut Option<CancelSignal>) -> CancelLevel {
    if let Some(receiver) = signal
        && receiver.changed().await.is_ok()
    {
        return *receiver.borrow();
    }
    // Nobody is left who could cancel.
    *signal = None;
    pending().await
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

#[derive(PartialEq, Eq)]
enum Patience {
    Left,
    Over,
}

#[derive(Clone, Copy)]
enum Phase {
    Running,
    Asked { kill_at: Instant },
    Killed { abandon_at: Instant },
}

/// The limits of one process and what was done about them.
struct StopClock {
    limits: TimeLimits,
    started: Instant,
    last_heard: Instant,
    phase: Phase,
    cause: Option<Ending>,
}

impl StopClock {
    const fn new(limits: TimeLimits, started: Instant) -> Self {
        Self { limits, started, last_heard: started, phase: Phase::Running, cause: None }
    }

    fn heard(&mut self) {
        self.last_heard = Instant::now();
    }

    fn wall_end(&self) -> Option<Instant> {
        self.limits.wall.map(|wall| self.started + wall)
    }

    fn idle_end(&self) -> Option<Instant> {
        self.limits.idle.map(|idle| self.last_heard + idle)
    }

    fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running => self.wall_end().into_iter().chain(self.idle_end()).min(),
            Phase::Asked { kill_at } => Some(kill_at),
            Phase::Killed { abandon_at } => Some(abandon_at),
        }
    }

    /// Does what is due at the end of the current phase.
    fn expire(&mut self, leader: &Leader) -> Patience {
        match self.phase {
            Phase::Running => {
                let wall_first = match (self.wall_end(), self.idle_end()) {
                    (Some(wall), Some(idle)) => wall <= idle,
                    (wall, _) => wall.is_some(),
                };
                let limit = if wall_first { TimeLimit::Wall } else { TimeLimit::Idle };
                self.ask(Ending::TimedOut { limit }, leader);
            }
            Phase::Asked { .. } => self.kill(leader),
            Phase::Killed { .. } => return Patience::Over,
        }
        Patience::Left
    }

    fn cancel(&mut self, level: CancelLevel, leader: &Leader) {
        match (level, self.phase) {
            (CancelLevel::Run, _) | (CancelLevel::Gentle, Phase::Asked { .. } | Phase::Killed { .. }) => {}
            (CancelLevel::Gentle, Phase::Running) => self.ask(Ending::Cancelled, leader),
            (CancelLevel::Now, Phase::Killed { .. }) => {}
            (CancelLevel::Now, Phase::Running | Phase::Asked { .. }) => {
                self.cause.get_or_insert(Ending::Cancelled);
                self.kill(leader);
            }
        }
    }

    fn ask(&mut self, cause: Ending, leader: &Leader) {
        self.cause = Some(cause);
        leader.ask_to_end();
        self.phase = Phase::Asked { kill_at: Instant::now() + self.limits.grace };
    }

    fn kill(&mut self, leader: &Leader) {
        leader.kill();
        self.phase = Phase::Killed { abandon_at: Instant::now() + ABANDON_AFTER };
    }
}

/// The two output pipes; `None` once they are at their end.
struct Pipes {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Pipes {
    fn take(child: &mut Child) -> Self {
        Self { stdout: child.stdout.take(), stderr: child.stderr.take(), out: vec![0; READ_SIZE], err: vec![0; READ_SIZE] }
    }

    /// Reads once from whichever pipe has something; waits for ever when both are at their end. Nothing is lost when it is cancelled.
    async fn read(&mut self) -> (Stream, io::Result<usize>) {
        tokio::select! {
            read = read_pipe(&mut self.stdout, &mut self.out) => (Stream::Stdout, read),
            read = read_pipe(&mut self.stderr, &mut self.err) => (Stream::Stderr, read),
        }
    }

    /// Hands on what was read, or closes the pipe at its end. Returns whether there was something.
    fn take_in(&mut self, stream: Stream, read: io::Result<usize>, capture: &mut Capture) -> bool {
        let read = read.unwrap_or_default();
        match (stream, read) {
            (Stream::Stdout, 0) => self.stdout = None,
            (Stream::Stderr, 0) => self.stderr = None,
            (Stream::Stdout, n) => capture.push(stream, &self.out[..n]),
            (Stream::Stderr, n) => capture.push(stream, &self.err[..n]),
        }
        read > 0
    }

    /// Reads to the end of both pipes, but not longer than the leak window. Returns whether a pipe is still held by somebody.
    async fn drain(&mut self, capture: &mut Capture) -> bool {
        let window = sleep(LEAK_WINDOW);
        tokio::pin!(window);
        while self.stdout.is_some() || self.stderr.is_some() {
            tokio::select! {
                // The window comes first, or somebody who floods the pipe would hold us here for ever.
                biased;
                () = &mut window => return true,
                (stream, read) = self.read() => { self.take_in(stream, read, capture); }
            }
        }
        false
    }
}

async fn read_pipe(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => pending().await,
    }
}
