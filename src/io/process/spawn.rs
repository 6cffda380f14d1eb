//! The one spawner: runs a program below a supervisor, keeps its limits, takes its output.

use std::ffi::{OsStr, OsString};
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

use super::capture::{Capture, Captured};
use super::line::{Incoming, Outgoing, split};
use super::orphan;
use super::output::Pipes;
use super::request::{CancelLevel, CancelSignal, ProcessOutcome, ProcessRequest, SpawnError, Stdin, Will};
use super::stop::{Due, StopClock};
use super::supervisor::order::{Order, Refusal, Report, SUPERVISE, StartStep, Status, Text};
use super::supervisor::{Supervisor, wire};
use crate::domain::tool::outcome::Ending;

/// How long a supervisor that has said its last word may take to go.
const FAREWELL: Duration = Duration::from_secs(1);
/// The variables that together mark the processes of one program, by which they are found when its supervisor was killed.
const MARKS: [&str; 2] = ["ORC_RUN", "ORC_WORKTREE"];

/// Runs a program to its end, whatever that end is; an ending by a limit or by cancellation is an outcome and no error. When it returns,
/// nothing that the program started runs any more.
///
/// When the future is dropped, everything is killed by the supervisor, which sees its channel close.
///
/// # Errors
/// Returns a [`SpawnError`] when the program was not started.
pub async fn run(supervisor: &Supervisor, request: ProcessRequest, cancel: CancelSignal) -> Result<ProcessOutcome, SpawnError> {
    let started = Instant::now();
    let mut capture = open_capture(&request)?;
    if cancel.borrow().level != CancelLevel::Run {
        return Ok(outcome(started, capture, Course { ending: Ending::Cancelled, ..Course::default() }));
    }
    let order = order(&request, resolve(&request)?)?;
    let (mut child, channel) = start(supervisor)?;
    let mut pipes = Pipes::take(&mut child);
    let clock = StopClock::new(request.limits, started);
    let (outgoing, incoming) = split(channel, order);
    let mut watch = Watch { clock, cancel: Some(cancel), outgoing, incoming, status: None };
    let last = watch.until_swept(&mut pipes, &mut capture).await;
    let mut course = match last {
        Last::Refused(refusal) => return Err(explain(&request, refusal)),
        Last::Swept { swept, left } => Course { swept, abandoned: left > 0, ..Course::default() },
        Last::Lost => lost(&mut child, &request).await,
    };
    course.leaked_pipe = pipes.drain(&mut capture).await;
    // Reaped here, or a moment later by the runtime.
    let _ = timeout(FAREWELL, child.wait()).await;
    course.ending = watch.clock.cause().unwrap_or_else(|| natural_ending(watch.status));
    Ok(outcome(started, capture, course))
}

/// What is told of a program besides its output.
#[derive(Clone, Copy)]
struct Course {
    ending: Ending,
    swept: u32,
    leaked_pipe: bool,
    abandoned: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self { ending: Ending::Cancelled, swept: 0, leaked_pipe: false, abandoned: false }
    }
}

fn outcome(started: Instant, capture: Capture, course: Course) -> ProcessOutcome {
    let Course { ending, swept, leaked_pipe, abandoned } = course;
    let Captured { output, stdout, stderr, log, stdout_file } = capture.finish();
    ProcessOutcome { ending, elapsed: started.elapsed(), output, stdout, stderr, log, stdout_file, swept, leaked_pipe, abandoned }
}

fn open_capture(request: &ProcessRequest) -> Result<Capture, SpawnError> {
    let path = request.log.clone().or_else(|| request.stdout.clone()).unwrap_or_default();
    Capture::open(request.capture, request.log.as_deref(), request.stdout.as_deref(), request.lines.clone())
        .map_err(|source| SpawnError::Log { path, source })
}

fn program_name(argv: &[OsString]) -> String {
    argv.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Finds the program before anything is started: so a missing program is told from a missing interpreter, and no relative entry of `PATH`
/// is searched inside a worktree.
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

/// Returns the bytes that tell a supervisor what to start.
fn order(request: &ProcessRequest, program: PathBuf) -> Result<Vec<u8>, SpawnError> {
    let input: Option<&[u8]> = match &request.stdin {
        Stdin::Null => None,
        Stdin::Bytes(bytes) => Some(bytes),
    };
    let order = Order {
        program: Text::new(program),
        args: request.argv.iter().skip(1).map(Text::new).collect(),
        cwd: Text::new(&request.cwd),
        env: request.env.iter().map(|(name, value)| (Text::new(name), Text::new(value))).collect(),
        input: input.map(|bytes| bytes.len() as u64),
        limits: request.resources,
        confinement: request.confinement.clone(),
    };
    let mut bytes = wire::encode(&order).map_err(|source| SpawnError::Io { program: program_name(&request.argv), source })?;
    bytes.extend_from_slice(input.unwrap_or_default());
    Ok(bytes)
}

/// Starts a supervisor, in a process group of its own so that what the terminal sends to the driver does not reach it.
fn start(supervisor: &Supervisor) -> Result<(Child, UnixStream), SpawnError> {
    let start = || {
        let (own, far) = std::os::unix::net::UnixStream::pair()?;
        own.set_nonblocking(true)?;
        let channel = UnixStream::from_std(own)?;
        Ok((command(supervisor, far.into()).spawn()?, channel))
    };
    start().map_err(|source| SpawnError::Supervisor { program: supervisor.program().to_owned(), source })
}

#[expect(clippy::disallowed_methods, reason = "this is the one door for processes")]
fn command(supervisor: &Supervisor, channel: OwnedFd) -> Command {
    let mut command = Command::new(supervisor.program());
    command.arg0("git-orc").arg(SUPERVISE).env_clear().process_group(0);
    command.stdin(Stdio::from(channel)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn explain(request: &ProcessRequest, refusal: Refusal) -> SpawnError {
    let program = program_name(&request.argv);
    let source = if refusal.errno == 0 { io::Error::other(refusal.detail) } else { io::Error::from_raw_os_error(refusal.errno) };
    let kind = source.kind();
    let is_no_program = source.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    match refusal.step {
        StartStep::Confinement => SpawnError::Confinement { program, reason: source.to_string() },
        StartStep::Folder if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            SpawnError::NoFolder { path: request.cwd.clone() }
        }
        StartStep::Program if kind == io::ErrorKind::NotFound && !resolve(request).is_ok_and(|path| path.exists()) => {
            SpawnError::NotFound { program }
        }
        // The file is there: it is no program, it lacks the permission, or its interpreter is missing.
        StartStep::Program if is_no_program || matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            SpawnError::NotExecutable { program, source }
        }
        StartStep::Stage | StartStep::Session | StartStep::Input | StartStep::Folder | StartStep::Limits | StartStep::Program => {
            SpawnError::Io { program, source }
        }
    }
}

/// Returns how a program ended by itself; whose supervisor was killed before it could tell was killed with it.
fn natural_ending(status: Option<Status>) -> Ending {
    match status {
        Some(Status::Exited(code)) => Ending::Exited { code },
        Some(Status::Signaled(signal)) => Ending::Signaled { signal },
        None => Ending::Signaled { signal: rustix::process::Signal::KILL.as_raw() },
    }
}

/// Cleans up after a supervisor that was killed, or does not answer: its program dies with it, the rest is found by its marks.
async fn lost(supervisor: &mut Child, request: &ProcessRequest) -> Course {
    tracing::warn!(program = program_name(&request.argv), "the supervisor of a program is gone; what it watched over is ended");
    // It may have ended already.
    let _ = supervisor.kill().await;
    let marks: Option<Vec<OsString>> = MARKS.iter().map(|name| mark(request, name)).collect();
    let found = match marks {
        Some(marks) => orphan::sweep(&marks, Duration::ZERO).await,
        None => Vec::new(),
    };
    let abandoned = found.iter().any(|(_, end)| *end == orphan::OrphanEnd::Alive);
    Course { swept: u32::try_from(found.len()).unwrap_or(u32::MAX), abandoned, ..Course::default() }
}

fn mark(request: &ProcessRequest, name: &str) -> Option<OsString> {
    let mut mark = OsString::from(format!("{name}="));
    mark.push(request.env.get(OsStr::new(name))?);
    Some(mark)
}

/// The last word about a program.
enum Last {
    Refused(Refusal),
    Swept { swept: u32, left: u32 },
    Lost,
}

struct Watch {
    clock: StopClock,
    cancel: Option<CancelSignal>,
    outgoing: Outgoing,
    incoming: Incoming,
    status: Option<Status>,
}

impl Watch {
    /// Drains output and keeps the limits until nothing of the program is left.
    async fn until_swept(&mut self, pipes: &mut Pipes, capture: &mut Capture) -> Last {
        loop {
            let next = self.clock.next();
            // In this order: an end that has happened wins over a limit reached at the same time, and output never holds up a limit.
            tokio::select! {
                biased;
                report = self.incoming.next() => match report {
                    None => return Last::Lost,
                    Some(Report::Refused(refusal)) => return Last::Refused(refusal),
                    Some(Report::Swept { swept, left }) => return Last::Swept { swept, left },
                    Some(Report::Ended(status)) => {
                        self.status = Some(status);
                        let now = Instant::now();
                        self.clock.look(now);
                        self.clock.ended(now);
                    }
                },
                will = changed(&mut self.cancel) => {
                    let now = Instant::now();
                    self.clock.look(now);
                    self.clock.obey(will, now).into_iter().for_each(|wish| self.outgoing.wish(wish));
                }
                () = sleep_until(next) => {
                    if self.tick(pipes, capture).await == Due::GiveUp {
                        return Last::Lost;
                    }
                }
                () = self.outgoing.send() => {}
                read = pipes.read() => {
                    if pipes.take_in(read, capture) {
                        let now = Instant::now();
                        self.clock.look(now);
                        self.clock.heard(now);
                    }
                }
            }
        }
    }

    /// Looks at the clock, and does what is due. What the program has said meanwhile is heard first.
    async fn tick(&mut self, pipes: &mut Pipes, capture: &mut Capture) -> Due {
        self.clock.look(Instant::now());
        if !self.clock.is_due(Instant::now()) {
            return Due::Nothing;
        }
        if pipes.peek(capture).await {
            self.clock.heard(Instant::now());
        }
        let now = Instant::now();
        if !self.clock.is_due(now) {
            return Due::Nothing;
        }
        let due = self.clock.expire(now);
        if let Due::Tell(wish) = due {
            self.outgoing.wish(wish);
        }
        due
    }
}

async fn changed(signal: &mut Option<CancelSignal>) -> Will {
    if let Some(receiver) = signal
        && receiver.changed().await.is_ok()
    {
        return *receiver.borrow();
    }
    // Nobody is left who could want anything.
    *signal = None;
    pending().await
}
