//! An environment that inherits nothing of the machine: own home, own configuration, own `PATH`, fixed identity.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::{Outcome, run};
use super::repository::TestRepo;

/// What git is told about the person at the keyboard, and what would make two machines differ.
const GIT_CONFIG: &str = "\
[user]
\tname = Ada Example
\temail = ada@example.org
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[core]
\tautocrlf = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
";

/// Returns the program under test: the one of this build, or another one that `GIT_ORC_TEST_PROGRAM` names, such as a copy that stays the
/// same while a suite runs for an hour.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("GIT_ORC_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_git-orc").into(), PathBuf::from)
}

/// A folder that stands for a machine, removed at the end.
pub(crate) struct TestEnvironment {
    folder: TempDir,
    root: PathBuf,
}

impl TestEnvironment {
    /// Makes an empty environment.
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// Makes an empty environment in memory, where the machine has such a place. The death of a process leaves the same files there as on
    /// a disk; only a loss of power does not.
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::within(memory) } else { Self::new() }
    }

    /// Makes an empty environment in a folder.
    pub(crate) fn within(parent: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("git-orc-test-").tempdir_in(parent).unwrap();
        // Git prints resolved paths; a link in the temporary folder's own path would make them differ from ours.
        let root = folder.path().canonicalize().unwrap();
        for name in ["home", "bin", "tmp", "config"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        std::fs::write(root.join("home/.gitconfig"), GIT_CONFIG).unwrap();
        std::os::unix::fs::symlink(program(), root.join("bin/git-orc")).unwrap();
        Self { folder, root }
    }

    /// Returns the folder that holds everything.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the home folder; its `.gitconfig` is git's global configuration.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Returns the first folder of `PATH`; a test puts its own tools there.
    pub(crate) fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// Keeps the folder after the test and returns it, to look at what is left of a failure.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.root.clone()
    }

    /// Makes an empty repository with one commit, in a folder of this name.
    pub(crate) fn repo(&self, name: &str) -> TestRepo<'_> {
        TestRepo::init(self, name)
    }

    /// Returns the repository in an existing folder of this name, such as a clone.
    pub(crate) fn open(&self, name: &str) -> TestRepo<'_> {
        TestRepo::open(self, name)
    }

    /// Returns a command that sees this environment and nothing else.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(&self.root);
        command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("TERM", "dumb"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")]);
        command.envs([
            ("PATH", self.search_path()),
            ("HOME", self.home()),
            ("TMPDIR", self.root.join("tmp")),
            ("XDG_CONFIG_HOME", self.root.join("config")),
            ("GIT_CONFIG_GLOBAL", self.home().join(".gitconfig")),
            ("GIT_CEILING_DIRECTORIES", self.root.clone()),
            // What programs leave in the home folder is how tests look into them; what a sandbox holds has its own tests, which name it.
            ("ORC_SANDBOX", PathBuf::from("none")),
            // Tests fill disks of their own, and run on machines with little room.
            ("ORC_MIN_FREE_MIB", PathBuf::from("0")),
        ]);
        command
    }

    /// Returns the variables of this environment, for parts of the library that take them as an argument.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        self.command("true").get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    /// Runs a program in the environment's top folder.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        run(self.command(program).args(arguments))
    }

    /// Returns our own folder, the one that holds the machine's git, and the system's.
    fn search_path(&self) -> PathBuf {
        let git = which::which("git").expect("git is installed");
        let folders = [self.bin(), git.parent().unwrap().to_owned(), "/usr/bin".into(), "/bin".into()];
        std::env::join_paths(folders).unwrap().into()
    }
}
