//! Bounded capture: whatever a program prints, memory and disk stay within the limits that were given.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tokio::sync::mpsc;

use super::request::{CaptureLimits, Line, LogState, Stream};

const LONGEST_LINE: usize = 4 << 10;

/// The beginning and the end of a byte stream, with the number of bytes between them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Excerpt {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_limit: usize,
    tail_limit: usize,
    total: u64,
}

impl Excerpt {
    /// Returns an empty excerpt that keeps this many bytes at each end.
    #[must_use]
    pub fn new(head_limit: usize, tail_limit: usize) -> Self {
        Self { head_limit, tail_limit, ..Self::default() }
    }

    /// Appends bytes; the oldest bytes of the tail give way.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.tail_limit)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// Returns how many bytes the stream had.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many bytes between beginning and end were not kept.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// Returns the text, with a line that names the gap where there is one. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.dropped() == 0 {
            let whole = [self.head.as_slice(), tail.as_slice()].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[... {} bytes left out ...]\n{tail}", self.dropped())
    }
}

/// The beginning of a byte stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether more came than was kept.
    pub truncated: bool,
}

impl Kept {
    fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit - self.bytes.len();
        self.truncated |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Returns the text. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Takes all output of one process.
#[derive(Debug)]
pub struct Capture {
    limits: CaptureLimits,
    output: Excerpt,
    stdout: Kept,
    log: Option<Log>,
    taps: Option<Taps>,
}

impl Capture {
    /// Opens the log file, if one is wanted.
    ///
    /// # Errors
    /// Returns the system's error when the log file cannot be created.
    pub fn open(limits: CaptureLimits, log: Option<&Path>, lines: Option<mpsc::Sender<Line>>) -> io::Result<Self> {
        Ok(Self {
            limits,
            output: Excerpt::new(limits.head, limits.tail),
            stdout: Kept::default(),
            log: log.map(|path| Log::create(path, limits.log)).transpose()?,
            taps: lines.map(Taps::new),
        })
    }

    /// Takes what was read from one stream.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.output.push(bytes);
        if stream == Stream::Stdout {
            self.stdout.push(bytes, self.limits.stdout);
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
    pub fn finish(mut self) -> (Excerpt, Kept, LogState) {
        if let Some(taps) = &mut self.taps {
            taps.flush();
        }
        (self.output, self.stdout, self.log.map_or(LogState::Unwanted, Log::finish))
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
    fn an_excerpt_keeps_both_ends() {
        let check = |pushes: &[&str], text: &str, dropped: u64| {
            let mut excerpt = Excerpt::new(4, 4);
            pushes.iter().for_each(|bytes| excerpt.push(bytes.as_bytes()));
            assert_eq!((excerpt.text().as_str(), excerpt.dropped()), (text, dropped), "{pushes:?}");
        };
        check(&[], "", 0);
        check(&["ab"], "ab", 0);
        check(&["abcdefgh"], "abcdefgh", 0);
        check(&["abc", "def", "gh"], "abcdefgh", 0);
        check(&["abcdefghi"], "abcd\n[... 1 bytes left out ...]\nfghi", 1);
        check(&["a", "b", "cdefghijkl", "m"], "abcd\n[... 5 bytes left out ...]\njklm", 5);
    }

    #[test]
    fn a_character_across_the_two_parts_stays_whole() {
        let mut excerpt = Excerpt::new(1, 8);
        excerpt.push("é!".as_bytes());
        assert_eq!(excerpt.text(), "é!");
    }

    #[test]
    fn standard_output_says_when_it_was_cut() {
        let mut kept = Kept::default();
        kept.push(b"abc", 4);
        assert!(!kept.truncated);
        kept.push(b"de", 4);
        assert_eq!((kept.text().as_ref(), kept.truncated), ("abcd", true));
    }

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
