//! A scripted model on 127.0.0.1, to which the real command lines of AI tools are pointed.
//!
//! It speaks the protocols of OpenAI (chat completions and responses, plain and streamed) and of Gemini. It knows nothing between two
//! requests: the first element of the path names the [`Behaviour`], and the prompt carries the edits (see [`script`]). Every answer reports
//! the same [`USAGE`], so that what is read out of a tool's output can be checked to the token.

mod behaviour;
mod chat;
mod client;
mod gemini;
mod http;
mod reply;
mod responses;
mod script;
mod selftest;
mod turn;

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use behaviour::Behaviour;
use http::{Answer, Request};

/// The tokens that every answer reports.
pub(crate) struct Usage {
    /// Everything that was read, the cached part included.
    pub(crate) input: u64,
    /// The part of the input that was cached.
    pub(crate) cached: u64,
    /// What was written, without reasoning.
    pub(crate) output: u64,
    /// What was thought.
    pub(crate) reasoning: u64,
}

/// See [`Usage`].
pub(crate) const USAGE: Usage = Usage { input: 1200, cached: 200, output: 34, reasoning: 7 };

/// How long a read waits before it looks whether the server was stopped.
const PATIENCE: Duration = Duration::from_millis(50);

/// One request as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The method.
    pub(crate) method: String,
    /// The path with its query, the behaviour's name in front.
    pub(crate) path: String,
    /// The text of the body.
    pub(crate) body: String,
}

#[derive(Default)]
struct Shared {
    is_stopped: AtomicBool,
    seen: Mutex<Vec<Seen>>,
}

/// A running server, which ends with its last request when it is dropped.
pub(crate) struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Starts a server on a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts a server at an address, such as one that must stay the same between two recordings.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Returns the address that everything is under, for one behaviour.
    pub(crate) fn url(&self, behaviour: Behaviour) -> String {
        format!("http://{}/{}", self.address, behaviour.name())
    }

    /// Returns the requests to a model so far; questions about which models there are do not count.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.method == "POST").cloned().collect()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // The thread sleeps in `accept`; a connection wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving = Vec::new();
    for stream in listener.incoming() {
        if shared.is_stopped.load(Ordering::SeqCst) {
            break;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            serving.push(std::thread::spawn(move || serve(stream, &shared)));
        }
        serving.retain(|thread| !thread.is_finished());
    }
    for thread in serving {
        let _ = thread.join();
    }
}

/// Answers the requests of one connection, until it is closed.
fn serve(mut stream: TcpStream, shared: &Shared) {
    // A client that has gone away ends the connection, and that is all there is to do about it.
    let is_ready = stream.set_read_timeout(Some(PATIENCE)).is_ok() && stream.set_nodelay(true).is_ok();
    while is_ready && let Some(request) = http::read(&mut stream, &shared.is_stopped) {
        let answer = answer(&request, shared);
        let is_over = matches!(answer, Answer::Silence | Answer::Cut(_));
        if matches!(answer, Answer::Silence) {
            wait_for_the_end(&mut stream, shared);
        }
        if http::write(&mut stream, &answer).is_err() || is_over {
            break;
        }
    }
}

fn answer(request: &Request, shared: &Shared) -> Answer {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let seen = Seen { method: request.method.clone(), path: request.path.clone(), body };
    let earlier = {
        let mut all = shared.seen.lock().unwrap();
        let earlier = all.iter().filter(|other| other.path == seen.path && other.method == seen.method).count();
        all.push(seen.clone());
        earlier
    };
    reply::to(&seen, earlier)
}

fn wait_for_the_end(stream: &mut TcpStream, shared: &Shared) {
    let mut byte = [0];
    while !shared.is_stopped.load(Ordering::SeqCst) {
        match stream.read(&mut byte) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
