//! The output pipes of a program on the driver's side.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::sleep;

use super::capture::Capture;
use super::request::Stream;

/// How long an output pipe may stay open after everything of the program has ended.
const LEAK_WINDOW: Duration = Duration::from_millis(200);
const READ_SIZE: usize = 64 << 10;

/// The two output pipes; `None` once they are at their end.
#[derive(Debug)]
pub struct Pipes {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Pipes {
    /// Takes the pipes of a child.
    #[must_use]
    pub fn take(child: &mut Child) -> Self {
        Self { stdout: child.stdout.take(), stderr: child.stderr.take(), out: vec![0; READ_SIZE], err: vec![0; READ_SIZE] }
    }

    /// Reads once from whichever pipe has something; waits for ever when both are at their end. Nothing is lost when it is cancelled.
    pub async fn read(&mut self) -> (Stream, io::Result<usize>) {
        tokio::select! {
            read = read_pipe(&mut self.stdout, &mut self.out) => (Stream::Stdout, read),
            read = read_pipe(&mut self.stderr, &mut self.err) => (Stream::Stderr, read),
        }
    }

    /// Hands on what was read, or closes the pipe at its end. Returns whether there was something.
    pub fn take_in(&mut self, (stream, read): (Stream, io::Result<usize>), capture: &mut Capture) -> bool {
        let read = read.unwrap_or_default();
        match (stream, read) {
            (Stream::Stdout, 0) => self.stdout = None,
            (Stream::Stderr, 0) => self.stderr = None,
            (Stream::Stdout, n) => capture.push(stream, &self.out[..n]),
            (Stream::Stderr, n) => capture.push(stream, &self.err[..n]),
        }
        read > 0
    }

    /// Reads what is there already. Returns whether there was something.
    pub async fn peek(&mut self, capture: &mut Capture) -> bool {
        tokio::select! {
            biased;
            read = self.read() => self.take_in(read, capture),
            () = std::future::ready(()) => false,
        }
    }

    /// Reads to the end of both pipes, but not longer than the leak window. Returns whether a pipe is still held by somebody.
    pub async fn drain(&mut self, capture: &mut Capture) -> bool {
        let window = sleep(LEAK_WINDOW);
        tokio::pin!(window);
        while self.stdout.is_some() || self.stderr.is_some() {
            tokio::select! {
                // The window comes first, or somebody who floods the pipe would hold us here for ever.
                biased;
                () = &mut window => return true,
                read = self.read() => { self.take_in(read, capture); }
            }
        }
        false
    }
}

async fn read_pipe(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => pending().await,
    }
}
