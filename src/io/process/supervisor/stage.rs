//! The last stage: a process that takes on what only it can take on for itself, and then becomes the program.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::fd::AsFd as _;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Signal, chdir, getppid, set_parent_process_death_signal, setsid};
use rustix::stdio::dup2_stdin;

use super::order::{Order, Refusal, StartStep, Text};
use super::wire;
use crate::io::clock::pause;
use crate::io::process::rlimits;

/// The exit code of a stage that did not become the program; nobody but the supervisor sees it.
const REFUSED: u8 = 127;

/// Becomes the program that the order on standard input names. Returns only when that fails: the reason went to the supervisor.
#[must_use]
pub fn enter(supervisor: Option<&OsString>) -> u8 {
    // A copy that closes by itself when the program takes over.
    let Ok(line) = io::stdin().as_fd().try_clone_to_owned() else { return REFUSED };
    let mut line = UnixStream::from(line);
    let Err(refusal) = become_program(&mut line, supervisor);
    // Without a supervisor nobody wants to know.
    let _ = wire::send(&mut line, &refusal);
    REFUSED
}

fn become_program(line: &mut UnixStream, supervisor: Option<&OsString>) -> Result<Infallible, Refusal> {
    let at = |step| move |error: io::Error| Refusal::new(step, &error);
    leave_session(supervisor).map_err(at(StartStep::Session))?;
    let order = wire::receive(line).map_err(at(StartStep::Stage))?;
    let order: Order = serde_json::from_slice(&order).map_err(|error| at(StartStep::Stage)(error.into()))?;
    open_input(line, order.input).map_err(at(StartStep::Input))?;
    chdir(order.cwd.to_os()).map_err(|errno| at(StartStep::Folder)(errno.into()))?;
    rlimits::take_on(&order.limits).map_err(at(StartStep::Limits))?;
    // Looked up before the sandbox closes, since what it shows is found out here.
    let argv = argv(&order);
    order.confinement.enter().map_err(|error| at(StartStep::Confinement)(io::Error::other(with_sources(&error))))?;
    Err(at(StartStep::Program)(exec(&order, &argv)))
}

/// Dies with the supervisor from here on, and leaves the terminal of whoever started the run.
fn leave_session(supervisor: Option<&OsString>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent = getppid().map(|pid| pid.to_string());
    if parent.as_deref().map(std::ffi::OsStr::new) != supervisor.map(OsString::as_os_str) {
        // It died before it could be noticed.
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    setsid()?;
    Ok(())
}

/// Opens what the program reads: a file in memory, so that neither side ever waits for the other.
fn open_input(line: &mut UnixStream, length: Option<u64>) -> io::Result<()> {
    let input = match length {
        None => File::open("/dev/null")?,
        Some(length) => {
            let bytes = wire::bytes(line, usize::try_from(length).unwrap_or(usize::MAX))?;
            let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
            file.write_all(&bytes)?;
            file.rewind()?;
            file
        }
    };
    Ok(dup2_stdin(input)?)
}

/// Returns the argument vector to execute; its first one is a path.
fn argv(order: &Order) -> Vec<OsString> {
    let plain = std::iter::once(&order.program).chain(&order.args).map(Text::to_os).collect();
    order.confinement.wrap(plain)
}

fn with_sources(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", with_sources(source)))
}

#[expect(clippy::disallowed_methods, reason = "the last stage is the program that it starts")]
fn exec(order: &Order, argv: &[OsString]) -> io::Error {
    let Some((program, args)) = argv.split_first() else { return io::ErrorKind::InvalidInput.into() };
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(order.environment());
    for _ in 0..10 {
        let error = command.exec();
        if error.kind() != io::ErrorKind::ExecutableFileBusy {
            return error;
        }
        // Another process was forked while the program's file was open for writing; the copy of the handle is closed in a moment.
        pause(Duration::from_millis(20));
    }
    command.exec()
}
