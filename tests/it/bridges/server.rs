//! A server of chat completions that does as it is told: one answer after the other, whatever is asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The first line.
    pub(super) line: String,
    /// The headers, in lower case.
    pub(super) head: String,
    /// The body.
    pub(super) body: serde_json::Value,
}

/// A server.
pub(super) struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that gives these answers, byte for byte, and the last one for ever.
    pub(super) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&asked);
        // It ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let Some(one) = read(&stream) else { continue };
                let number = {
                    let mut all = own.lock().unwrap();
                    all.push(one);
                    all.len() - 1
                };
                let mut stream = stream;
                let _gone = stream.write_all(answers.get(number).or(answers.last()).unwrap());
                let _gone = stream.shutdown(Shutdown::Write);
            }
        });
        Self { port, asked }
    }

    /// Returns the address of its interface.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Returns what it was asked.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut head = String::new();
    loop {
        let mut one = String::new();
        reader.read_line(&mut one).ok()?;
        if one.trim().is_empty() {
            break;
        }
        head.push_str(&one.to_ascii_lowercase());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line: line.trim().to_owned(), head, body: serde_json::from_slice(&body).ok()? })
}

/// Returns an answer with a status, headers and a body; it ends with the connection.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}

/// Returns a stream of these events, its end included.
pub(super) fn stream(events: &[serde_json::Value]) -> Vec<u8> {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    answer("200 OK", "Content-Type: text/event-stream\r\n", &format!(": hello\n\n{body}data: [DONE]\n\n"))
}
