//! The supervisor: a process of our own between the driver and a program, so that nothing which the program starts gets away.
//!
//! ```text
//!   driver ──spawn──▶ git-orc __supervise ──spawn──▶ git-orc __exec ──exec──▶ the program
//!          ◀─channel─▶  one thread, subreaper ◀─channel─▶  own session, dies with the supervisor
//! ```
//!
//! Orphans below a subreaper become its children, so everything that descends from the program can be found and ended, whatever session or
//! process group it went to. The channel to the driver is the supervisor's standard input: when it closes, the driver is dead and
//! everything is killed. The last stage takes on what only a process can take on for itself (session, death signal, limits, confinement) and
//! then becomes the program.

pub mod order;
pub mod serve;
pub mod stage;
pub mod tree;
pub mod wire;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use self::order::{EXEC, SUPERVISE};

/// The kernel's link to the program that runs.
const OWN: &str = "/proc/self/exe";

/// Where the program is that supervises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor(PathBuf);

impl Supervisor {
    /// Returns this very program, which must be git-orc. It is named by the kernel's link to what runs, so that the supervisor is of the
    /// same version as the driver, also when the file was replaced or removed meanwhile.
    #[must_use]
    pub fn own() -> Self {
        Self(OWN.into())
    }

    /// Returns the git-orc at this path, for programs that are not git-orc themselves.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Returns a path of the program by which others can start it, too: inside of a sandbox the kernel's link to what runs is that of the
    /// sandbox.
    #[must_use]
    pub fn lasting_path(&self) -> PathBuf {
        if self.0 != Path::new(OWN) {
            return self.0.clone();
        }
        match std::fs::read_link(OWN) {
            Ok(path) if path.is_file() => path,
            // The file was replaced meanwhile. Outside of a sandbox it can still be had.
            Ok(_) | Err(_) => PathBuf::from(format!("/proc/{}/exe", std::process::id())),
        }
    }

    /// Returns the path of the program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.0
    }
}

/// Does what a hidden command asks for and returns its exit code; `None` when the command line is for people. It is asked before anything
/// else is looked at, because it is on the way of every program that a run starts.
#[must_use]
pub fn hidden(args: &[OsString]) -> Option<u8> {
    let command = args.get(1)?;
    if command == OsStr::new(SUPERVISE) {
        Some(serve::supervise())
    } else if command == OsStr::new(EXEC) {
        Some(stage::enter(args.get(2)))
    } else {
        None
    }
}
