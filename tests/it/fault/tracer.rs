//! Follows the program system call by system call, and kills it or lets a call fail at the k-th one.
//!
//! `strace -e inject=...:when=k` counts each thread for itself, so with two threads at work a third of the calls is nobody's k-th. Here
//! one count goes through all threads of the program. Programs that it starts are not followed: they do not die and nothing of theirs
//! fails.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{self, c_long, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How long a program may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Calls that change something on the disk, or bring it there.
    Changes,
    /// The same, and lines that the program writes to standard error.
    ChangesAndLines,
    /// Lines that the program writes to standard error: with `--progress json`, one for each entry that was made durable.
    Lines,
}

/// What is done at the k-th call, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing; the calls are counted.
    Watch,
    /// The program dies as by `kill -9` before the call does anything.
    Kill { at: u64 },
    /// The call fails, and no other.
    FailOnce { at: u64, errno: Errno },
    /// The call fails, and every one after it.
    FailFrom { at: u64, errno: Errno },
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Traced {
    /// The exit code; `None` when it was killed.
    pub(super) code: Option<i32>,
    /// How many calls were counted.
    pub(super) calls: u64,
    /// The call at which the deed was done.
    pub(super) hit: Option<String>,
    /// What it wrote to standard error.
    pub(super) stderr: String,
    /// The counted calls in their order.
    pub(super) seen: Vec<String>,
    /// Whether it was killed because it did not end.
    pub(super) is_hung: bool,
}

/// Starts a program and does the deed at the k-th of the counted calls.
pub(super) fn trace(command: &mut Command, counted: Counted, deed: Deed) -> Traced {
    let (over, is_over) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        // In a thread of its own, because it waits for all children of its thread.
        let traced = scope.spawn(move || {
            let tracer = Tracer::start(command, counted, deed);
            let leader = tracer.leader;
            let _watch = std::thread::spawn(move || {
                if is_over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                    let _gone_meanwhile = kill(leader, Signal::SIGKILL);
                }
            });
            let start = Instant::now();
            let mut traced = tracer.run();
            drop(over);
            traced.is_hung = start.elapsed() >= LIMIT;
            traced
        });
        traced.join().unwrap()
    })
}

struct Tracer {
    leader: Pid,
    counted: Counted,
    deed: Deed,
    calls: u64,
    hit: Option<String>,
    seen: Vec<String>,
    /// Threads inside a call that shall fail.
    failing: BTreeSet<Pid>,
    is_started: Option<()>,
    stderr: File,
}

impl Tracer {
    fn start(command: &mut Command, counted: Counted, deed: Deed) -> Self {
        let stderr = tempfile::tempfile().unwrap();
        // The shell waits until it is followed, then becomes the program.
        let mut held = Command::new("/bin/sh");
        held.args(["-c", "kill -STOP $$; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        held.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        held.current_dir(command.get_current_dir().unwrap());
        held.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr.try_clone().unwrap());
        let leader = Pid::from_raw(held.spawn().unwrap().id().try_into().unwrap());
        waitpid(leader, Some(WaitPidFlag::WUNTRACED)).unwrap();
        let options =
            Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_EXITKILL;
        ptrace::seize(leader, options).unwrap();
        kill(leader, Signal::SIGCONT).unwrap();
        Self { leader, counted, deed, calls: 0, hit: None, seen: Vec::new(), failing: BTreeSet::new(), is_started: None, stderr }
    }

    fn run(mut self) -> Traced {
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(Pid::from_raw(-1), Some(flags)) {
                Ok(WaitStatus::Exited(pid, code)) if pid == self.leader => return self.end(Some(code)),
                Ok(WaitStatus::Signaled(pid, ..)) if pid == self.leader => return self.end(None),
                Ok(WaitStatus::PtraceSyscall(pid)) => {
                    self.stopped(pid);
                    go_on(pid, None);
                }
                Ok(WaitStatus::PtraceEvent(pid, _, event)) => {
                    if event == libc::PTRACE_EVENT_EXEC {
                        self.is_started = Some(());
                    }
                    go_on(pid, None);
                }
                Ok(WaitStatus::Stopped(pid, signal)) => go_on(pid, Some(signal)),
                Ok(_) | Err(Errno::EINTR | Errno::EINVAL) => {}
                Err(error) => panic!("waiting for the program: {error}"),
            }
        }
    }

    fn end(mut self, code: Option<i32>) -> Traced {
        let mut bytes = Vec::new();
        self.stderr.rewind().unwrap();
        self.stderr.read_to_end(&mut bytes).unwrap();
        let stderr = String::from_utf8_lossy(&bytes).into_owned();
        Traced { code, calls: self.calls, hit: self.hit, stderr, seen: self.seen, is_hung: false }
    }

    fn stopped(&mut self, pid: Pid) {
        let Ok(mut regs) = ptrace::getregs(pid) else { return };
        // At the entry of a call the kernel has put this where the answer will be; it is also the answer to no call at all.
        let is_entry = regs.rax.cast_signed() == -i64::from(libc::ENOSYS);
        if self.failing.remove(&pid) {
            self.answered(pid, &mut regs);
        } else if is_entry && self.is_started.is_some() {
            self.entered(pid, &mut regs);
        }
    }

    fn entered(&mut self, pid: Pid, regs: &mut user_regs_struct) {
        let Some(call) = describe(pid, regs, self.counted) else { return };
        self.calls += 1;
        self.seen.push(call.clone());
        match self.deed {
            Deed::Watch => {}
            Deed::Kill { at } if self.calls == at => {
                self.hit = Some(call);
                kill(self.leader, Signal::SIGKILL).unwrap();
            }
            Deed::FailOnce { at, .. } if self.calls == at => self.prevent(pid, call, regs),
            Deed::FailFrom { at, .. } if self.calls >= at => self.prevent(pid, call, regs),
            Deed::Kill { .. } | Deed::FailOnce { .. } | Deed::FailFrom { .. } => {}
        }
    }

    /// Has the kernel do nothing in place of the call.
    fn prevent(&mut self, pid: Pid, call: String, regs: &mut user_regs_struct) {
        self.hit.get_or_insert(call);
        regs.orig_rax = u64::MAX;
        if ptrace::setregs(pid, *regs).is_ok() {
            self.failing.insert(pid);
        }
    }

    fn answered(&self, pid: Pid, regs: &mut user_regs_struct) {
        if let Deed::FailOnce { errno, .. } | Deed::FailFrom { errno, .. } = self.deed {
            regs.rax = (-(errno as i64)).cast_unsigned();
            let _gone_meanwhile = ptrace::setregs(pid, *regs);
        }
    }
}

fn go_on(pid: Pid, signal: Option<Signal>) {
    // A thread that was killed meanwhile can not go on, and need not.
    let _gone_meanwhile = ptrace::syscall(pid, signal);
}

/// Returns a call with its path, when it is one of those that are counted.
fn describe(pid: Pid, regs: &user_regs_struct, counted: Counted) -> Option<String> {
    let number = regs.orig_rax.cast_signed();
    if counted != Counted::Changes && number == libc::SYS_write && regs.rdi == 2 {
        return Some("write standard error".to_owned());
    }
    if counted == Counted::Lines {
        return None;
    }
    let (name, path) = match number {
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => ("write", file_of(pid, regs.rdi)?),
        libc::SYS_ftruncate => ("ftruncate", file_of(pid, regs.rdi)?),
        libc::SYS_fsync | libc::SYS_fdatasync => ("fsync", file_of(pid, regs.rdi)?),
        libc::SYS_fchmod => ("fchmod", file_of(pid, regs.rdi)?),
        libc::SYS_copy_file_range => ("copy_file_range", file_of(pid, regs.rdx)?),
        libc::SYS_open if makes(regs.rsi) => ("open", text_at(pid, regs.rdi)),
        libc::SYS_openat if makes(regs.rdx) => ("openat", text_at(pid, regs.rsi)),
        libc::SYS_rename => ("rename", text_at(pid, regs.rsi)),
        libc::SYS_renameat | libc::SYS_renameat2 => ("rename", text_at(pid, regs.r10)),
        libc::SYS_link => ("link", text_at(pid, regs.rsi)),
        libc::SYS_linkat => ("linkat", text_at(pid, regs.r10)),
        libc::SYS_symlink => ("symlink", text_at(pid, regs.rsi)),
        libc::SYS_symlinkat => ("symlink", text_at(pid, regs.rdx)),
        libc::SYS_unlink => ("unlink", text_at(pid, regs.rdi)),
        libc::SYS_unlinkat => ("unlinkat", text_at(pid, regs.rsi)),
        libc::SYS_rmdir => ("rmdir", text_at(pid, regs.rdi)),
        libc::SYS_mkdir => ("mkdir", text_at(pid, regs.rdi)),
        libc::SYS_mkdirat => ("mkdirat", text_at(pid, regs.rsi)),
        libc::SYS_chmod => ("chmod", text_at(pid, regs.rdi)),
        libc::SYS_fchmodat => ("chmod", text_at(pid, regs.rsi)),
        _ => return None,
    };
    Some(format!("{name} {path}"))
}

fn makes(flags: u64) -> bool {
    let making = libc::O_CREAT | libc::O_TRUNC;
    flags & u64::try_from(making).unwrap() != 0
}

/// Returns the path of an open file; `None` for pipes, sockets, terminals and files without a name.
fn file_of(pid: Pid, descriptor: u64) -> Option<String> {
    let path = std::fs::read_link(PathBuf::from(format!("/proc/{pid}/fd/{descriptor}"))).ok()?;
    let path = path.to_string_lossy().into_owned();
    (path.starts_with('/') && !path.starts_with("/dev/null") && !path.ends_with(" (deleted)")).then_some(path)
}

/// Reads a text in the memory of the program.
fn text_at(pid: Pid, address: u64) -> String {
    let mut bytes = [0; 512];
    let memory = File::open(format!("/proc/{pid}/mem"));
    let length = memory.and_then(|memory| memory.read_at(&mut bytes, address)).unwrap_or(0);
    let text = bytes[..length].split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// The numbers of system calls are those of this type.
const _: c_long = libc::SYS_write;
