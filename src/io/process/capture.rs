//! Bounded capture: whatever a program prints, memory and disk stay within the limits that were given.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tokio::sync::mpsc;

use super::excerpt::{Excerpt, Kept};
use super::request::{CaptureLimits, Line, LogState, Stream};

const LONGEST_LINE: usize = 4 << 10;

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
            stdout: Kept::default(),
            stderr: Excerpt::new(0, limits.stderr),
            log: log.map(|path| Log::create(path, limits.log)).transpose()?,
            stdout_file: stdout.map(|path| Log::create(path, limits.stdout_file)).transpose()?,
            taps: lines.map(Taps::new),
        })
    }

    /// Takes what was read from one stream.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.output.push(bytes);
        match stream {
            Stream::Stdout => {
                self.stdout.push(bytes, self.limits.stdout);
                if let Some(file) = &mut self.stdout_file {
                    file.push(bytes);
                }
            }
            Stream::Stderr => self.stderr.push(bytes),
        }
        if let Some(log) = &mut self.log {
            log.push(bytes);
        }
        if let Some(taps) = &mut self.taps {
            taps.push(stream, bytes);
        }
    }

    /// Ends the capture and hands out what was kept.
    #[must_use]
    pub fn finish(mut self) -> Captured {
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
