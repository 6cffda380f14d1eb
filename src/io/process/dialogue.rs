//! A program that is talked to in lines on its standard streams. It stays in the process group of whoever talks to it, which is a program
//! of a run itself: whoever supervises that one ends both.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::io::clock::{Stopwatch, pause};

/// The longest line of the other side, in bytes.
pub const LONGEST_LINE: usize = 8 << 20;
/// How many lines wait at most to be heard.
const MOST_WAITING: usize = 16;
/// How often an ending program is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// What is heard.
#[derive(Debug)]
pub enum Heard {
    /// A line, without its line break.
    Line(Vec<u8>),
    /// A line that is longer than any that makes sense. Nothing is heard after it.
    TooLong,
    /// The other side says no more.
    Closed,
    /// This process is asked to end.
    AskedToEnd,
}

/// A program that is talked to.
#[derive(Debug)]
pub struct Dialogue {
    child: Child,
    said: Sender<String>,
    heard: Receiver<Heard>,
}

impl Dialogue {
    /// Starts a program in the current folder with the current environment. What it writes to standard error goes where ours goes.
    ///
    /// # Errors
    /// Returns the system's error when it can not be started.
    #[expect(clippy::disallowed_methods, reason = "the door to programs that are talked to")]
    pub fn start(argv: &[OsString]) -> io::Result<Self> {
        let (program, args) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (tell, heard) = sync_channel(MOST_WAITING);
        let (said, lines) = channel();
        if let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
            thread::spawn(move || write(stdin, &lines));
            let tell = tell.clone();
            thread::spawn(move || listen(BufReader::new(stdout), &tell));
        }
        thread::spawn(move || wait_for_end(&tell));
        Ok(Self { child, said, heard })
    }

    /// Says a line. Whether the other side reads it is not known.
    pub fn say(&self, line: String) {
        // A program that has gone is told of by what is heard.
        let _gone = self.said.send(line);
    }

    /// Waits until something is heard.
    #[must_use]
    pub fn hear(&self) -> Heard {
        self.heard.recv().unwrap_or(Heard::Closed)
    }

    /// Says that nothing follows, and waits for the program to end; `None` when it does not in this time.
    #[must_use]
    pub fn finish(mut self, patience: Duration) -> Option<ExitStatus> {
        drop(self.said);
        // What it still says may keep it from ending.
        let heard = self.heard;
        thread::spawn(move || while heard.recv().is_ok() {});
        let watch = Stopwatch::start();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if watch.elapsed() < patience => pause(GLANCE),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// Writes lines on a thread of its own, so that a program which does not read holds nobody up. The end of the lines closes its input.
fn write(mut stdin: ChildStdin, lines: &Receiver<String>) {
    while let Ok(mut line) = lines.recv() {
        line.push('\n');
        if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn listen(mut reader: impl io::BufRead, tell: &SyncSender<Heard>) {
    loop {
        let heard = match line(&mut reader) {
            Ok(Some(line)) if line.len() > LONGEST_LINE => Heard::TooLong,
            Ok(Some(line)) => Heard::Line(line),
            Ok(None) | Err(_) => Heard::Closed,
        };
        let is_last = !matches!(heard, Heard::Line(_));
        if tell.send(heard).is_err() || is_last {
            return;
        }
    }
}

/// Reads a line; one that is longer than the longest is cut one byte after that.
fn line(reader: &mut impl io::BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    if reader.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

fn wait_for_end(tell: &SyncSender<Heard>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    runtime.block_on(async {
        let Ok(mut asked) = signal(SignalKind::terminate()) else { return };
        if asked.recv().await.is_some() {
            // Whoever hears no more has ended already.
            let _heard = tell.send(Heard::AskedToEnd);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(script: &str) -> Vec<OsString> {
        ["/bin/sh", "-c", script].map(OsString::from).to_vec()
    }

    #[test]
    fn lines_go_back_and_forth() {
        let dialogue = Dialogue::start(&argv("while read line; do echo \"<$line>\"; done; exit 3")).unwrap();
        for word in ["one", "two"] {
            dialogue.say(word.to_owned());
            let Heard::Line(line) = dialogue.hear() else { panic!("nothing was said") };
            assert_eq!(line, format!("<{word}>").into_bytes());
        }
        assert_eq!(dialogue.finish(Duration::from_secs(5)).unwrap().code(), Some(3));
    }

    #[test]
    fn nobody_is_waited_for_without_end() {
        let dialogue = Dialogue::start(&argv("exec sleep 5")).unwrap();
        for _ in 0..100 {
            dialogue.say("x".repeat(10_000));
        }
        assert!(dialogue.finish(Duration::from_millis(50)).is_none());
        let dialogue = Dialogue::start(&argv("echo last")).unwrap();
        assert!(matches!(dialogue.hear(), Heard::Line(_)) && matches!(dialogue.hear(), Heard::Closed));
        assert!(Dialogue::start(&["/no/such".into()]).is_err());
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let flood = argv("yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | tr -d '\\n' | head -c 20000000");
        let dialogue = Dialogue::start(&flood).unwrap();
        assert!(matches!(dialogue.hear(), Heard::TooLong));
        assert!(dialogue.finish(Duration::from_secs(5)).is_some());
    }
}
