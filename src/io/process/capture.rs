//! Bounded capture: whatever a program prints, memory and disk stay within the limits that were given.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tokio::sync::mpsc;

use super::excerpt::{Excerpt, Kept};
use super::request::{CaptureLimits, Line, LogState, Stream};

const LONGEST_LINE: usize = 4 << 10;
/// So much of one stream waits at most for the other one to end its line, in bytes.
const MOST_HELD: usize = 64 << 10;

/// What was kept of the output of one process.
#[derive(Debug)]
pub struct Captured {
    /// The beginning and the end of both streams together.
    pub output: Excerpt,
    /// The beginning of standard output alone.
    pub stdout: Kept,
    /// The end of standard error alone.
    pub stderr: Excerpt,
    /// What became of the log file.
    pub log: LogState,
    /// What became of the file of standard output.
    pub stdout_file: LogState,
}

/// Takes all output of one process.
#[derive(Debug)]
pub struct Capture {
    limits: CaptureLimits,
    output: Excerpt,
    seam: Seam,
    stdout: Kept,
    stderr: Excerpt,
    log: Option<Log>,
    stdout_file: Option<Log>,
    taps: Option<Taps>,
}

impl Capture {
    /// Opens the log file and that of standard output, where they are wanted.
    ///
    /// # Errors
    /// Returns the system's error when a file cannot be created.
    pub fn open(limits: CaptureLimits, log: Option<&Path>, stdout: Option<&Path>, lines: Option<mpsc::Sender<Line>>) -> io::Result<Self> {
        Ok(Self {
            limits,
            output: Excerpt::new(limits.head, limits.tail),
            seam: Seam::default(),
            stdout: Kept::default(),
            stderr: Excerpt::new(0, limits.stderr),
            log: log.map(|path| Log::create(path, limits.log)).transpose()?,
            stdout_file: stdout.map(|path| Log::create(path, limits.stdout_file)).transpose()?,
            taps: lines.map(Taps::new),
        })
    }

    /// Takes what was read from one stream.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let joined = self.seam.join(stream, bytes);
        self.keep(&joined);
        match stream {
            Stream::Stdout => {
                self.stdout.push(bytes, self.limits.stdout);
                if let Some(file) = &mut self.stdout_file {
                    file.push(bytes);
                }
            }
            Stream::Stderr => self.stderr.push(bytes),
        }
        if let Some(taps) = &mut self.taps {
            taps.push(stream, bytes);
        }
    }

    /// Keeps a piece of both streams together.
    fn keep(&mut self, joined: &[u8]) {
        self.output.push(joined);
        if let Some(log) = &mut self.log {
            log.push(joined);
        }
    }

    /// Ends the capture and hands out what was kept.
    #[must_use]
    pub fn finish(mut self) -> Captured {
        let rest = std::mem::take(&mut self.seam.held);
        self.keep(&rest);
        if let Some(taps) = &mut self.taps {
            taps.flush();
        }
        let state = |log: Option<Log>| log.map_or(LogState::Unwanted, Log::finish);
        Captured {
            output: self.output,
            stdout: self.stdout,
            stderr: self.stderr,
            log: state(self.log),
            stdout_file: state(self.stdout_file),
        }
    }
}

/// Puts two streams together without breaking a line of one by a piece of the other: what is read of a pipe may end in the middle of a line,
/// and a line with another one in it says something else, or nothing, to whoever reads it.
#[derive(Debug, Default)]
struct Seam {
    /// The stream whose line has not ended.
    open: Option<Stream>,
    /// What the other stream printed since.
    held: Vec<u8>,
}

impl Seam {
    /// Returns what follows in both streams together.
    fn join(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        if self.open.is_some_and(|open| open != stream) {
            self.held.extend_from_slice(bytes);
            return if self.held.len() > MOST_HELD { self.release(stream) } else { Vec::new() };
        }
        let ended = bytes.iter().position(|byte| *byte == b'\n').filter(|_| !self.held.is_empty());
        let Some(ended) = ended else {
            self.note(stream, bytes);
            return bytes.to_vec();
        };
        let (mut joined, rest) = (bytes[..=ended].to_vec(), &bytes[ended + 1..]);
        let other = if stream == Stream::Stdout { Stream::Stderr } else { Stream::Stdout };
        let whole = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        joined.extend(self.held.drain(..whole));
        joined.extend_from_slice(rest);
        self.open = None;
        self.note(stream, rest);
        if self.open.is_none() {
            joined.extend(self.release(other));
        }
        joined
    }

    /// Returns what waited, whose stream it is.
    fn release(&mut self, stream: Stream) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.note(stream, &held);
        held
    }

    fn note(&mut self, stream: Stream, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.open = (*last != b'\n').then_some(stream);
        }
    }
}

#[derive(Debug)]
struct Log {
    file: File,
    room: u64,
    state: LogState,
}

impl Log {
    fn create(path: &Path, room: u64) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, room, state: LogState::Complete })
    }

    fn push(&mut self, bytes: &[u8]) {
        if !matches!(self.state, LogState::Complete) {
            return;
        }
        let fitting = usize::try_from(self.room).map_or(bytes.len(), |room| room.min(bytes.len()));
        self.room -= fitting as u64;
        if let Err(error) = self.file.write_all(&bytes[..fitting]) {
            self.state = LogState::Failed(error);
        } else if fitting < bytes.len() {
            // The note may fail to be written like any other bytes; that the log is truncated is reported either way.
            self.state = match self.file.write_all(b"\n[git-orc: the log is full; what came after this is not kept]\n") {
                Ok(()) => LogState::Truncated,
                Err(error) => LogState::Failed(error),
            };
        }
    }

    fn finish(self) -> LogState {
        self.state
    }
}

#[derive(Debug)]
struct Taps {
    sender: mpsc::Sender<Line>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Taps {
    const fn new(sender: mpsc::Sender<Line>) -> Self {
        Self { sender, stdout: Vec::new(), stderr: Vec::new() }
    }

    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let partial = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(partial.len());
            partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                Self::send(&self.sender, stream, partial);
            }
        }
    }

    fn flush(&mut self) {
        for (stream, partial) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            if !partial.is_empty() {
                Self::send(&self.sender, stream, partial);
            }
        }
    }

    fn send(sender: &mpsc::Sender<Line>, stream: Stream, partial: &mut Vec<u8>) {
        // A full channel means that the display is slow, and a closed one that nobody looks; neither may slow the program down.
        if let Ok(permit) = sender.try_reserve() {
            permit.send(Line { stream, text: String::from_utf8_lossy(partial).trim_end_matches(['\r', '\n']).to_owned() });
        }
        partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_cut_and_dropped_when_nobody_keeps_up() {
        let (sender, mut lines) = mpsc::channel(3);
        let mut taps = Taps::new(sender);
        taps.push(Stream::Stdout, b"on");
        taps.push(Stream::Stderr, b"err\n");
        taps.push(Stream::Stdout, b"e\r\n");
        taps.push(Stream::Stdout, &[b'x'; 9000]);
        taps.push(Stream::Stdout, b"\nlost\n");
        let got: Vec<Line> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
        assert_eq!(got[0], Line { stream: Stream::Stderr, text: "err".to_owned() });
        assert_eq!(got[1], Line { stream: Stream::Stdout, text: "one".to_owned() });
        assert_eq!(got[2].text.len(), LONGEST_LINE);
        assert_eq!(got.len(), 3);
    }

    #[test]
    fn no_line_is_broken_by_the_other_stream() {
        use Stream::{Stderr as E, Stdout as O};
        let check = |pieces: &[(Stream, &str)], expect: &str| {
            let mut capture = Capture::open(CaptureLimits::default(), None, None, None).unwrap();
            pieces.iter().for_each(|(stream, piece)| capture.push(*stream, piece.as_bytes()));
            assert_eq!(capture.finish().output.text(), expect, "{pieces:?}");
        };
        check(&[(O, "a\n"), (E, "e\n"), (O, "b\n")], "a\ne\nb\n");
        check(&[(O, "test x --- "), (E, "error\n"), (O, "FAILED\nmore\n")], "test x --- FAILED\nerror\nmore\n");
        check(&[(O, "a"), (E, "e1\ne2"), (O, "b\nc"), (E, "!\n"), (O, "d\n")], "ab\ne1\ncd\ne2!\n");
        check(&[(O, "prompt: "), (E, "e\n")], "prompt: e\n");
        check(&[(O, "a"), (E, "e"), (O, "b\n"), (O, "c\n"), (E, "f\n")], "ab\nef\nc\n");
        check(&[(O, ""), (E, "e\n"), (O, "")], "e\n");
        let long = "x".repeat(MOST_HELD + 1);
        check(&[(O, "a"), (E, &long), (E, "\n")], &format!("a{long}\n"));
    }

    #[test]
    fn a_log_file_stays_within_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::create(&path, 10).unwrap();
        log.push(b"0123456");
        log.push(b"789abc");
        log.push(b"def");
        assert!(matches!(log.finish(), LogState::Truncated));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("0123456789\n[git-orc"), "{text}");
        assert!(text.len() < 100);
    }
}
