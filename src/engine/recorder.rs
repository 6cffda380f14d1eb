//! The way from whoever does something to the one who writes it down.

use tokio::sync::{mpsc, oneshot};

use crate::domain::run::event::Event;

/// The error for an event that was not written, since the driver stops.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the event was not recorded: {0}")]
pub struct NotRecorded(pub String);

/// A request to record events.
#[derive(Debug)]
pub struct Request {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Answered when they are durable and folded.
    pub reply: oneshot::Sender<Result<(), NotRecorded>>,
}

/// Records events through the dispatcher: append, fold, tell.
#[derive(Debug, Clone)]
pub struct Recorder {
    requests: mpsc::Sender<Request>,
}

impl Recorder {
    /// Returns a recorder and the receiver of its requests.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(256);
        (Self { requests }, inbox)
    }

    /// Does work that records through a recorder, with `write` writing down what it asks for.
    pub async fn serve<T>(
        inbox: &mut mpsc::Receiver<Request>,
        work: impl Future<Output = T>,
        mut write: impl FnMut(Vec<Event>) -> Result<(), NotRecorded>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(request) = inbox.recv() => {
                    // Whoever asked may have gone; it is written all the same.
                    let _ = request.reply.send(write(request.events));
                }
                done = &mut work => return done,
            }
        }
    }

    /// Records events; returns when they are durable.
    ///
    /// # Errors
    /// Returns an error when the driver stops before that.
    pub async fn record(&self, events: Vec<Event>) -> Result<(), NotRecorded> {
        let (reply, answer) = oneshot::channel();
        let gone = || NotRecorded("the driver has stopped".to_owned());
        self.requests.send(Request { events, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
