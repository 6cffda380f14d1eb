//! Signals: the first one asks for a gentle stop, the second one for an end at once, Ctrl-Z stops everything until further notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustix::process::{Signal as Number, getpid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::context::RunContext;
use crate::io::process::request::CancelLevel;

/// How long the programs of a run are waited for before the driver stops itself: they stop first, or they would work on unwatched.
const SETTLE: Duration = Duration::from_millis(100);
/// How long somebody is waited for who may be busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the user wants of a run.
#[derive(Debug)]
pub enum Urge {
    /// It is to end, this urgently.
    Stop(CancelLevel),
    /// It is to wait; the answer says that its programs have been told.
    Suspend(oneshot::Sender<()>),
    /// It is to go on.
    Continue,
}

/// What the user wants of a run, as it changes.
pub type StopSignal = mpsc::Receiver<Urge>;

/// Where signals arrive.
#[derive(Debug)]
pub struct Signals {
    /// What the user wants of the run.
    pub stop: StopSignal,
    /// The number of the first signal that asked for the end; 0 while there was none.
    pub first: Arc<AtomicI32>,
}

/// Listens for SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGCONT from now on, instead of being ended or stopped by them.
///
/// # Errors
/// Returns an error when the system does not let it.
#[expect(clippy::disallowed_methods, reason = "the listener is to live as long as the program, whoever else has ended")]
pub fn listen() -> std::io::Result<Signals> {
    let (tell, stop) = mpsc::channel(8);
    let first = Arc::new(AtomicI32::new(0));
    let note = Arc::clone(&first);
    let mut ears = Ears::open()?;
    tokio::spawn(async move {
        let mut level = CancelLevel::Gentle;
        while let Some(heard) = ears.next().await {
            let urge = match heard {
                Heard::End(number) => {
                    // Only the first signal decides the exit code.
                    let _ = note.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
                    Urge::Stop(std::mem::replace(&mut level, CancelLevel::Now))
                }
                Heard::Stop => {
                    suspend(&tell).await;
                    continue;
                }
                Heard::Continue => Urge::Continue,
            };
            if tell.send(urge).await.is_err() {
                return;
            }
        }
    });
    Ok(Signals { stop, first })
}

/// Has the programs stopped, then stops this process, as the terminal expects of it.
async fn suspend(tell: &mpsc::Sender<Urge>) {
    let (answer, told) = oneshot::channel();
    if tell.send(Urge::Suspend(answer)).await.is_ok() {
        // Without an answer nothing runs that could be told.
        let _ = tokio::time::timeout(PATIENCE, told).await;
        tokio::time::sleep(SETTLE).await;
    }
    // It can not fail for this very process.
    let _ = kill_process(getpid(), Number::STOP);
}

enum Heard {
    End(i32),
    Stop,
    Continue,
}

struct Ears {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Ears {
    fn open() -> std::io::Result<Self> {
        let of = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            interrupt: of(Number::INT)?,
            terminate: of(Number::TERM)?,
            hangup: of(Number::HUP)?,
            stop: of(Number::TSTP)?,
            go_on: of(Number::CONT)?,
        })
    }

    async fn next(&mut self) -> Option<Heard> {
        tokio::select! {
            got = self.interrupt.recv() => got.map(|()| Heard::End(Number::INT.as_raw())),
            got = self.terminate.recv() => got.map(|()| Heard::End(Number::TERM.as_raw())),
            got = self.hangup.recv() => got.map(|()| Heard::End(Number::HUP.as_raw())),
            got = self.stop.recv() => got.map(|()| Heard::Stop),
            got = self.go_on.recv() => got.map(|()| Heard::Continue),
        }
    }
}

/// Ends the programs of gates when the user wants it. They are not stopped together with their driver: their time goes on.
#[expect(clippy::disallowed_methods, reason = "it listens for as long as the command lasts, whatever is under way")]
pub fn obey(cx: RunContext, mut stop: StopSignal) {
    tokio::spawn(async move {
        while let Some(urge) = stop.recv().await {
            match urge {
                Urge::Stop(level) => cx.cancel(level),
                Urge::Suspend(told) => {
                    // Whoever asked may have gone.
                    let _gone = told.send(());
                }
                Urge::Continue => {}
            }
        }
    });
}
