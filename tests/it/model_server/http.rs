//! As much of HTTP/1.1 as the tools' clients use: connections that stay open, bodies of a known length or in chunks.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest head or body that is read; a conversation with a huge answer in it is sent back whole.
const MOST: usize = 256 << 20;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// The method.
    pub(super) method: String,
    /// The path with its query.
    pub(super) path: String,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// A status, headers besides the length, and a body.
    Full(u16, Vec<(&'static str, &'static str)>, Vec<u8>),
    /// A stream of events, in chunks.
    Stream(Vec<Vec<u8>>),
    /// A stream that ends without its end.
    Cut(Vec<u8>),
    /// None.
    Silence,
}

impl Answer {
    /// Returns JSON with a status.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Full(status, vec![("Content-Type", "application/json")], body.to_string().into_bytes())
    }
}

/// Reads bytes as they are needed.
struct Reader<'a> {
    stream: &'a mut TcpStream,
    is_stopped: &'a AtomicBool,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Reads more; `None` at the end, and when the server was stopped.
    fn more(&mut self) -> Option<()> {
        let mut chunk = [0; 16 << 10];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    return (self.buffer.len() <= MOST).then_some(());
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    if self.is_stopped.load(Ordering::SeqCst) {
                        return None;
                    }
                }
                Err(_) => return None,
            }
        }
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            self.more()?;
        }
        let rest = self.buffer.split_off(count);
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    /// Takes what stands before a mark, and the mark.
    fn take_until(&mut self, mark: &[u8]) -> Option<String> {
        let mut from = 0;
        loop {
            let found = self.buffer[from..].windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                let mut bytes = self.take(from + at + mark.len())?;
                bytes.truncate(from + at);
                return String::from_utf8(bytes).ok();
            }
            from = self.buffer.len().saturating_sub(mark.len() - 1);
            self.more()?;
        }
    }
}

/// Reads the next request of a connection; `None` at its end.
pub(super) fn read(stream: &mut TcpStream, is_stopped: &AtomicBool) -> Option<Request> {
    let mut reader = Reader { stream, is_stopped, buffer: Vec::new() };
    let head = reader.take_until(b"\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    if header("expect").is_some() {
        reader.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let is_chunked = header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let body = match header("content-length") {
        _ if is_chunked => read_chunks(&mut reader)?,
        Some(length) => reader.take(length.parse().ok()?)?,
        None => Vec::new(),
    };
    Some(Request { method, path, body })
}

fn read_chunks(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = reader.take_until(b"\r\n")?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        body.extend(reader.take(length)?);
        reader.take_until(b"\r\n")?;
        if length == 0 {
            return Some(body);
        }
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    }
}

/// Writes an answer.
pub(super) fn write(stream: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    match answer {
        Answer::Silence => Ok(()),
        Answer::Full(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status));
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
            stream.write_all(&[head.as_bytes(), body].concat())
        }
        Answer::Stream(parts) => {
            stream.write_all(STREAM)?;
            for part in parts {
                write_chunk(stream, part)?;
            }
            stream.write_all(b"0\r\n\r\n")
        }
        Answer::Cut(part) => {
            stream.write_all(STREAM)?;
            write_chunk(stream, part)?;
            stream.shutdown(std::net::Shutdown::Both)
        }
    }
}

fn write_chunk(stream: &mut TcpStream, part: &[u8]) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n", part.len()).as_bytes())?;
    stream.write_all(part)?;
    stream.write_all(b"\r\n")
}
