//! Starting programs under test: never longer than a limit, output kept in files so that a forgotten grandchild can not hold a pipe open.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use git_orc::io::process::supervisor::Supervisor;

/// How long one program may take before the test fails instead of hanging.
const LIMIT: Duration = Duration::from_secs(120);

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

impl Outcome {
    /// Returns the exit code; fails when a signal ended the program.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self:#?}"))
    }

    /// Returns itself when the exit code is the expected one.
    pub(crate) fn expect_code(self, expected: i32) -> Self {
        assert_eq!(self.code(), expected, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON on standard output ({e}): {self:#?}"))
    }
}

/// Runs a program to its end, with closed standard input.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let running = Running::start(command);
    running.finish()
}

/// A program that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: File,
    stderr: File,
}

impl Running {
    /// Starts a program with closed standard input.
    pub(crate) fn start(command: &mut Command) -> Self {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command.stdin(Stdio::null()).stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        Self { child, stdout, stderr }
    }

    /// Returns the process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends the program as `kill -9` does, and returns what it wrote until then.
    pub(crate) fn kill(mut self) -> Outcome {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Waits for the end; fails when it takes longer than the limit.
    pub(crate) fn finish(self) -> Outcome {
        self.finish_within(LIMIT)
    }

    /// Waits for the end; fails when it takes longer than this.
    pub(crate) fn finish_within(mut self, limit: Duration) -> Outcome {
        let start = Instant::now();
        let mut pause = Duration::from_micros(500);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > limit {
                self.child.kill().unwrap();
                panic!("still running after {limit:?}; wrote\n{}\n{}", text_of(&mut self.stdout), text_of(&mut self.stderr));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        };
        Outcome { status, stdout: text_of(&mut self.stdout), stderr: text_of(&mut self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without effect when the program has ended; a failing test must not leave it behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the supervisor for parts of the library: the built program.
pub(crate) fn supervisor() -> Supervisor {
    Supervisor::at(env!("CARGO_BIN_EXE_git-orc"))
}
