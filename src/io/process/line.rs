//! The driver's end of the channel to a supervisor. Both halves lose nothing when a future of theirs is dropped half-way.

use std::future::pending;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::supervisor::order::{Report, Wish};
use super::supervisor::wire;

/// What goes to the supervisor.
#[derive(Debug)]
pub struct Outgoing {
    /// `None` once it is closed, which means that everything is to be killed.
    half: Option<OwnedWriteHalf>,
    waiting: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    /// Sends what waits; never ends when nothing does.
    pub async fn send(&mut self) {
        if let Some(half) = &mut self.half
            && let Some(rest) = self.waiting.get(self.sent..).filter(|rest| !rest.is_empty())
        {
            match half.write(rest).await {
                Ok(sent) => self.sent += sent,
                // The supervisor has gone; that shows on the other half.
                Err(_) => self.half = None,
            }
            if self.sent == self.waiting.len() {
                self.waiting = Vec::new();
                self.sent = 0;
            }
            return;
        }
        pending::<()>().await;
    }

    /// Lets the supervisor know of a wish. A supervisor that has not read its order yet is told to kill by closing the channel.
    pub fn wish(&mut self, wish: Wish) {
        if wish == Wish::Kill && !self.waiting.is_empty() {
            self.half = None;
        }
        self.waiting.push(wish.to_byte());
    }
}

/// What comes from the supervisor.
#[derive(Debug)]
pub struct Incoming {
    half: OwnedReadHalf,
    received: Vec<u8>,
}

impl Incoming {
    /// Returns the next report; `None` when the supervisor has gone or makes no sense.
    pub async fn next(&mut self) -> Option<Report> {
        loop {
            match wire::decode(&mut self.received) {
                Ok(Some(report)) => return Some(report),
                Ok(None) => {}
                Err(_) => return None,
            }
            if self.half.read_buf(&mut self.received).await.unwrap_or_default() == 0 {
                return None;
            }
        }
    }
}

/// Splits a channel on which `order` is to be sent first.
#[must_use]
pub fn split(channel: UnixStream, order: Vec<u8>) -> (Outgoing, Incoming) {
    let (read, write) = channel.into_split();
    (Outgoing { half: Some(write), waiting: order, sent: 0 }, Incoming { half: read, received: Vec::new() })
}
