//! Signals: the first one asks for a gentle stop, the second one for an end at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::io::process::request::CancelLevel;

/// How urgently the user wants a run to end, as it changes.
pub type StopSignal = mpsc::Receiver<CancelLevel>;

/// Where signals arrive.
#[derive(Debug)]
pub struct Signals {
    /// How urgently the user wants the run to end.
    pub stop: StopSignal,
    /// The number of the first signal; 0 while there was none.
    pub first: Arc<AtomicI32>,
}

/// Listens for SIGINT, SIGTERM and SIGHUP from now on, instead of being ended by them.
///
/// # Errors
/// Returns an error when the system does not let it.
#[expect(clippy::disallowed_methods, reason = "the listener is to live as long as the program, whoever else has ended")]
pub fn listen() -> std::io::Result<Signals> {
    let (tell, stop) = mpsc::channel(4);
    let first = Arc::new(AtomicI32::new(0));
    let note = Arc::clone(&first);
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [mut interrupt, mut terminate, mut hangup] = [signal(kinds[0])?, signal(kinds[1])?, signal(kinds[2])?];
    tokio::spawn(async move {
        let mut level = CancelLevel::Gentle;
        while let Some(number) = next(&mut interrupt, &mut terminate, &mut hangup).await {
            // Only the first signal decides the exit code.
            let _ = note.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
            if tell.send(level).await.is_err() {
                return;
            }
            level = CancelLevel::Now;
        }
    });
    Ok(Signals { stop, first })
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal, hangup: &mut Signal) -> Option<i32> {
    tokio::select! {
        got = interrupt.recv() => got.map(|()| SignalKind::interrupt().as_raw_value()),
        got = terminate.recv() => got.map(|()| SignalKind::terminate().as_raw_value()),
        got = hangup.recv() => got.map(|()| SignalKind::hangup().as_raw_value()),
    }
}
