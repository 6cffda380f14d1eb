//! A real repository in a test environment, driven by the real git and by the program under test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::environment::{TestEnvironment, program};
use super::fingerprint::Fingerprint;
use super::ledger::Ledger;
use super::process::{Outcome, Running, run};

/// The date of every commit that the harness makes, so that equal content has equal ids everywhere.
const DATE: &str = "2026-01-02T03:04:05+00:00";

/// A repository with its work tree.
pub(crate) struct TestRepo<'e> {
    environment: &'e TestEnvironment,
    path: PathBuf,
}

impl<'e> TestRepo<'e> {
    pub(super) fn init(environment: &'e TestEnvironment, name: &str) -> Self {
        environment.run("git", &["init", "--quiet", name]).expect_code(0);
        let repo = Self::open(environment, name);
        repo.git(&["commit", "--quiet", "--allow-empty", "--message=start"]);
        repo
    }

    pub(super) fn open(environment: &'e TestEnvironment, name: &str) -> Self {
        Self { environment, path: environment.root().join(name) }
    }

    /// Returns the top of the work tree.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder of the environment that the repository is in.
    pub(crate) fn root(&self) -> &Path {
        self.environment.root()
    }

    /// Returns the git directory.
    pub(crate) fn git_dir(&self) -> PathBuf {
        self.path.join(".git")
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes an executable file, with its folders.
    pub(crate) fn write_script(&self, path: &str, content: &str) {
        self.write(path, content);
        std::fs::set_permissions(self.path.join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Reads a file as text.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Commits everything in the work tree and returns the id of the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git, which must succeed, and returns its standard output without the final line break.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let outcome = self.try_git(arguments);
        assert!(outcome.status.success(), "git {arguments:?}: {outcome:#?}");
        outcome.stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs git, with fixed dates.
    pub(crate) fn try_git(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command("git");
        run(command.args(arguments).env("GIT_AUTHOR_DATE", DATE).env("GIT_COMMITTER_DATE", DATE))
    }

    /// Runs `git orc` at the top of the work tree, the way a user types it.
    pub(crate) fn orc(&self, arguments: &[&str]) -> Outcome {
        run(self.command("git").arg("orc").args(arguments))
    }

    /// Starts the program itself, so that the process id is its own and not git's.
    pub(crate) fn start_orc(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(program().to_str().unwrap()).args(arguments))
    }

    /// Returns a command in this environment that starts at the top of the work tree.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.environment.command(program);
        command.current_dir(&self.path);
        command
    }

    /// Records everything that belongs to the user; a run may create and move `target` (without `refs/heads/`) and nothing else.
    pub(crate) fn fingerprint(&self, target: &str) -> Fingerprint {
        Fingerprint::take(self, target)
    }

    /// Fails with a list of what is different when something of the user's was touched.
    pub(crate) fn assert_untouched(&self, before: &Fingerprint) {
        let changes = before.changes(&self.fingerprint(before.target()));
        assert!(changes.is_empty(), "the user's checkout was touched:\n{}", changes.join("\n"));
    }

    /// Fails when git finds a broken or dubious object.
    pub(crate) fn assert_sound(&self) {
        let outcome = self.try_git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        let complaints = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.status.success() && complaints.is_empty(), "git fsck --strict: {outcome:#?}");
    }

    /// Returns the folders of all worktrees, the main one first.
    pub(crate) fn worktrees(&self) -> Vec<String> {
        let list = self.git(&["worktree", "list", "--porcelain"]);
        list.lines().filter_map(|line| line.strip_prefix("worktree ")).map(str::to_owned).collect()
    }

    /// Reads the ledger as any user can: with one line of plain git.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::read(self)
    }
}
