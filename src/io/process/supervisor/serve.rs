//! The life of a supervisor: take an order, start the program, watch, sweep, report.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, getpid, pidfd_open, set_child_subreaper, set_dumpable_behavior};

use super::order::{EXEC, Order, Refusal, Report, StartStep, Wish};
use super::tree::Tree;
use super::wire;
use crate::io::clock::Stopwatch;
use crate::io::process::table::Process;

/// What a program left behind is given this time to end by itself, as the last of a pipeline does.
const SETTLE: Duration = Duration::from_millis(10);
/// Then it is asked, and given this time.
const LINGER: Duration = Duration::from_millis(200);
/// How long everything is killed again and again before what is left is given up: it hangs in the kernel, or belongs to somebody else.
const GIVE_UP: Duration = Duration::from_secs(3);
/// The shortest and the longest sleep while the program runs; orphans that have ended are reaped in between.
const NAPS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Supervises one program: the order comes over standard input, and so do wishes; reports go the same way. Returns the exit code.
#[must_use]
pub fn supervise() -> u8 {
    match serve() {
        Ok(()) => 0,
        // The driver has gone, and nobody is left to be told. What was started dies with this process, or was swept.
        Err(_driver_gone) => 1,
    }
}

fn serve() -> io::Result<()> {
    let mut channel = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    set_child_subreaper(Some(getpid()))?;
    // Nobody of the same user may trace this process or read its memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let order = wire::receive(&mut channel)?;
    let input = serde_json::from_slice::<Order>(&order)?.input.unwrap_or_default();
    let input = wire::bytes(&mut channel, usize::try_from(input).unwrap_or(usize::MAX))?;
    let (child, line) = match start(&order, &input) {
        Ok(started) => started,
        Err(error) => return wire::send(&mut channel, &Report::Refused(Refusal::new(StartStep::Stage, &error))),
    };
    drop((order, input));
    Watch::new(channel, line, &child)?.run()
}

/// Starts the last stage and hands it the order. From here on the pipes of the program are the program's alone.
fn start(order: &[u8], input: &[u8]) -> io::Result<(Child, UnixStream)> {
    let (mut line, far) = UnixStream::pair()?;
    let child = stage(far.into())?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    let head = u32::try_from(order.len()).unwrap_or(u32::MAX).to_le_bytes();
    // A stage that has died already says why in its status, or on the line.
    let _ = line.write_all(&head).and_then(|()| line.write_all(order)).and_then(|()| line.write_all(input));
    Ok((child, line))
}

#[expect(clippy::disallowed_methods, reason = "the supervisor is the one that starts programs")]
fn stage(line: OwnedFd) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg0("git-orc")
        .arg(EXEC)
        .arg(getpid().to_string())
        .env_clear()
        .stdin(Stdio::from(line))
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .spawn()
}

/// Where a supervised program stands.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// It runs.
    Running,
    /// The driver has asked it to end, and will say when patience is over.
    Asked,
    /// It has ended by itself and left something behind.
    Left { since: Stopwatch, asked: bool },
    /// Everything is being killed.
    Killing { since: Stopwatch },
}

struct Watch {
    channel: UnixStream,
    /// The line to the last stage: what stopped it from becoming the program, or nothing.
    line: UnixStream,
    leader: OwnedFd,
    tree: Tree,
    phase: Phase,
    driver: Driver,
    told: bool,
    nap: Duration,
    swept: BTreeSet<Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Alive,
    Gone,
}

impl Watch {
    fn new(channel: UnixStream, line: UnixStream, child: &Child) -> io::Result<Self> {
        let leader = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        let (tree, swept) = (Tree::new(child), BTreeSet::new());
        Ok(Self { channel, line, leader, tree, phase: Phase::Running, driver: Driver::Alive, told: false, nap: NAPS.0, swept })
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            let reaped = self.tree.reap();
            self.nap = if reaped.ended > 0 { NAPS.0 } else { (self.nap * 2).min(NAPS.1) };
            if self.tell_of_end() == Told::Refusal {
                return Ok(());
            }
            if reaped.is_empty {
                return self.report_swept(0);
            }
            self.advance();
            if let Phase::Killing { since } = self.phase
                && since.elapsed() > GIVE_UP
            {
                return self.report_swept(self.tree.running().len());
            }
            self.wait()?;
        }
    }

    /// Tells the driver of the end of the program, once.
    fn tell_of_end(&mut self) -> Told {
        let Some(status) = self.tree.status().filter(|_| !self.told) else { return Told::Nothing };
        self.told = true;
        if let Some(refusal) = self.refusal() {
            self.tell(&Report::Refused(refusal));
            return Told::Refusal;
        }
        self.tell(&Report::Ended(status));
        if matches!(self.phase, Phase::Running) {
            self.phase = Phase::Left { since: Stopwatch::start(), asked: false };
        }
        Told::End
    }

    /// Returns what the last stage said: nothing when it became the program, since its line closes by itself then.
    fn refusal(&mut self) -> Option<Refusal> {
        self.line.set_nonblocking(true).ok()?;
        let said = wire::receive(&mut self.line).ok()?;
        serde_json::from_slice(&said).ok()
    }

    fn tell(&mut self, report: &Report) {
        // A driver that has gone is told nothing; that it has gone shows when the channel is read.
        let _ = wire::send(&mut self.channel, report);
    }

    fn report_swept(&mut self, left: usize) -> io::Result<()> {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        wire::send(&mut self.channel, &Report::Swept { swept: count(self.swept.len()), left: count(left) })
    }

    /// Does what is due in the current phase.
    fn advance(&mut self) {
        match self.phase {
            Phase::Running | Phase::Asked => {}
            Phase::Left { since, asked: false } if since.elapsed() >= SETTLE => {
                self.swept.extend(self.tree.ask());
                self.phase = Phase::Left { since: Stopwatch::start(), asked: true };
            }
            Phase::Left { since, asked: true } if since.elapsed() >= LINGER => {
                self.phase = Phase::Killing { since: Stopwatch::start() };
                self.swept.extend(self.tree.kill());
            }
            Phase::Left { .. } => {}
            Phase::Killing { .. } => {
                let killed = self.tree.kill();
                if !self.swept.is_empty() {
                    self.swept.extend(killed);
                }
            }
        }
    }

    fn timeout(&self) -> Duration {
        match self.phase {
            Phase::Running => self.nap,
            Phase::Asked => self.nap.min(Duration::from_millis(20)),
            Phase::Left { .. } => Duration::from_millis(2),
            Phase::Killing { .. } => Duration::from_millis(1),
        }
    }

    /// Sleeps until the leader has ended, the driver wants something, or something is due.
    fn wait(&mut self) -> io::Result<()> {
        let timeout = Timespec::try_from(self.timeout()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut ready = Vec::with_capacity(2);
        if self.driver == Driver::Alive {
            ready.push(PollFd::new(&self.channel, PollFlags::IN));
        }
        if self.tree.status().is_none() {
            ready.push(PollFd::new(&self.leader, PollFlags::IN));
        }
        match poll(&mut ready, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let spoke = self.driver == Driver::Alive && ready.first().is_some_and(|channel| !channel.revents().is_empty());
        drop(ready);
        if spoke {
            self.listen();
        }
        Ok(())
    }

    fn listen(&mut self) {
        let mut bytes = [0; 16];
        let heard = match self.channel.read(&mut bytes) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(_) => 0,
        };
        if heard == 0 {
            self.driver = Driver::Gone;
            self.start_killing();
        }
        for wish in bytes.iter().take(heard).filter_map(|byte| Wish::of_byte(*byte)) {
            self.obey(wish);
        }
    }

    fn obey(&mut self, wish: Wish) {
        match (wish, self.phase) {
            (Wish::Ask, Phase::Running) => {
                self.tree.ask();
                self.phase = Phase::Asked;
            }
            (Wish::Kill, Phase::Running | Phase::Asked | Phase::Left { .. }) => self.start_killing(),
            (Wish::Suspend, Phase::Running | Phase::Asked) => self.tree.suspend(),
            (Wish::Continue, Phase::Running | Phase::Asked) => self.tree.go_on(),
            (Wish::Ask, Phase::Asked | Phase::Left { .. } | Phase::Killing { .. })
            | (Wish::Kill, Phase::Killing { .. })
            | (Wish::Suspend | Wish::Continue, Phase::Left { .. } | Phase::Killing { .. }) => {}
        }
    }

    fn start_killing(&mut self) {
        if !matches!(self.phase, Phase::Killing { .. }) {
            self.phase = Phase::Killing { since: Stopwatch::start() };
            self.tree.kill();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    End,
    Refusal,
}
