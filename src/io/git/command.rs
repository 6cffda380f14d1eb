//! The git program, hardened: the only place that starts it.
//!
//! Every process gets a cleared environment with an allow-list, an explicit git directory, no hooks, no fsmonitor, no external diff, no
//! garbage collection, no prompt and no network. What can not be switched off in general are filters and merge drivers of the
//! configuration: so on ground that a tool has touched the callers use libgit2, or a git directory with a configuration of their own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::env::{GitEnv, GitVersion, VarGroup};
use super::pipes::{Pipes, Stopped, kill_group, limit_memory};
use super::repo::Repo;
use crate::io::clock::Stopwatch;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_MAX_STDOUT: usize = 1 << 30;
const MAX_STDERR_IN_ERROR: usize = 4 << 10;

/// Settings that every process gets.
const HARDENING: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.alternateRefsCommand", ""),
    ("diff.external", ""),
    ("safe.bareRepository", "explicit"),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
    ("color.ui", "false"),
];
/// Events of hooks that newer versions read from the configuration, where `core.hooksPath` does not reach.
const HOOK_EVENTS: &[&str] = &["post-checkout", "reference-transaction", "post-index-change", "pre-push", "post-merge", "pre-commit"];
const CONFIGURED_HOOKS: GitVersion = GitVersion { major: 2, minor: 54 };

/// How far the configuration can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// No tool has run yet: the user's configuration counts, filters included.
    Clean,
    /// A tool may have written what git reads: neither the user's nor the system's configuration is read, and no global attributes.
    Touched,
}

/// What a git process left behind.
#[derive(Debug)]
pub struct GitOutput {
    /// Everything it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The last 64 KiB that it wrote to standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
}

impl GitOutput {
    /// Returns standard output without the final newline, with invalid UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.stdout);
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }
}

/// The error of running git.
#[derive(Debug, thiserror::Error)]
pub enum GitCommandError {
    /// The process can not be started or waited for.
    #[error("run `{command}`: {source}")]
    Process {
        /// The command line.
        command: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Git answered with an error.
    #[error("`{command}` failed{}: {stderr}", code.map_or_else(|| " by a signal".to_owned(), |code| format!(" with exit code {code}")))]
    Failed {
        /// The command line.
        command: String,
        /// The exit code, unless a signal ended it.
        code: Option<i32>,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// It took too long and was killed.
    #[error("`{command}` did not finish within {} s", after.as_secs())]
    TimedOut {
        /// The command line.
        command: String,
        /// The limit.
        after: Duration,
    },
    /// It wrote too much and was killed.
    #[error("`{command}` wrote more than {limit} bytes")]
    TooLarge {
        /// The command line.
        command: String,
        /// The limit.
        limit: usize,
    },
}

/// One run of the git program, to be described and then started with [`GitCommand::run`] or [`GitCommand::output`].
#[derive(Debug)]
pub struct GitCommand {
    env: GitEnv,
    groups: Vec<VarGroup>,
    cwd: PathBuf,
    vars: Vec<(OsString, OsString)>,
    config: Vec<(OsString, OsString)>,
    args: Vec<OsString>,
    stdin: Option<Vec<u8>>,
    trust: Trust,
    timeout: Duration,
    max_stdout: usize,
    memory: Option<u64>,
}

impl GitCommand {
    /// Starts the description of a command on the main git directory, without a work tree.
    #[must_use]
    pub fn new(repo: &Repo) -> Self {
        let mut command = Self::outside(repo.env(), repo.common_dir()).env("GIT_DIR", repo.common_dir());
        if let Some(path) = repo.env().quarantine() {
            command = command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", path);
        }
        if repo.version() >= CONFIGURED_HOOKS {
            command.config.extend(HOOK_EVENTS.iter().map(|event| (format!("hook.{event}.enabled").into(), "false".into())));
        }
        command
    }

    /// Starts the description of a command that runs in a folder and is told of no repository.
    #[must_use]
    pub fn outside(env: &GitEnv, cwd: &Path) -> Self {
        Self {
            env: env.clone(),
            groups: vec![VarGroup::Always, VarGroup::ConfigFiles],
            cwd: cwd.to_owned(),
            vars: Vec::new(),
            config: HARDENING.iter().map(|(key, value)| (key.into(), value.into())).collect(),
            args: Vec::new(),
            stdin: None,
            trust: Trust::Clean,
            timeout: DEFAULT_TIMEOUT,
            max_stdout: DEFAULT_MAX_STDOUT,
            memory: None,
        }
    }

    /// Sets how far the configuration can be trusted; [`Trust::Clean`] if not said.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Gives bytes to read from standard input; without them it is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.vars.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets a configuration value, as `git -c` does; the last one wins, also over the hardening.
    #[must_use]
    pub fn config(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.config.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs on the git directory of a linked worktree, which shares the main git directory of `repo`.
    #[must_use]
    pub fn linked(self, repo: &Repo, git_dir: &Path) -> Self {
        self.env("GIT_DIR", git_dir).env("GIT_COMMON_DIR", repo.common_dir())
    }

    /// Runs with a work tree, and inside it.
    #[must_use]
    pub fn work_tree(self, path: &Path) -> Self {
        self.env("GIT_WORK_TREE", path).cwd(path)
    }

    /// Sets the folder to run in.
    #[must_use]
    pub fn cwd(mut self, path: &Path) -> Self {
        self.cwd = path.to_owned();
        self
    }

    /// Reads the configuration just as the user's own git would, `git -c` included and without the hardening: for `git config` and
    /// `git var` only, which run nothing.
    #[must_use]
    pub fn plain_config(mut self) -> Self {
        self.groups.push(VarGroup::ConfigValues);
        self.config.clear();
        self
    }

    /// Passes a group of the user's variables.
    #[must_use]
    pub(in crate::io::git) fn pass(mut self, group: VarGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Sets after how long the process is killed.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how much standard output is taken at most.
    #[must_use]
    pub fn max_stdout(mut self, bytes: usize) -> Self {
        self.max_stdout = bytes;
        self
    }

    /// Sets how much memory the process may take, for input that can grow without end when it is unpacked. Held where the system can.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Runs git and requires that it succeeds.
    ///
    /// # Errors
    /// Returns [`GitCommandError`] when it can not be run, fails, takes too long or writes too much.
    pub fn run(self) -> Result<GitOutput, GitCommandError> {
        let command = self.line();
        let output = self.output()?;
        if output.status.success() {
            return Ok(output);
        }
        let tail = &output.stderr[output.stderr.len().saturating_sub(MAX_STDERR_IN_ERROR)..];
        Err(GitCommandError::Failed { command, code: output.status.code(), stderr: String::from_utf8_lossy(tail).trim().to_owned() })
    }

    /// Runs git and returns what it did, whatever its exit code.
    ///
    /// # Errors
    /// Returns [`GitCommandError`] when it can not be run, takes too long or writes too much.
    pub fn output(mut self) -> Result<GitOutput, GitCommandError> {
        let _span = tracing::trace_span!("git process").entered();
        let input = self.stdin.take();
        let watch = Stopwatch::start();
        let mut child =
            self.command(if input.is_some() { Stdio::piped() } else { Stdio::null() }).spawn().map_err(|source| self.failure(source))?;
        // The process has read nothing yet, so the limit holds before there is anything to unpack.
        self.memory.map_or(Ok(()), |bytes| limit_memory(&child, bytes)).map_err(|source| self.failure(source))?;
        let pipes = Pipes::start(&mut child, input, self.max_stdout);
        let finished = pipes.collect(&child, || self.timeout.checked_sub(watch.elapsed()));
        if finished.is_err() {
            kill_group(&child);
        }
        let status = child.wait().map_err(|source| self.failure(source))?;
        match finished {
            Ok((stdout, stderr)) => Ok(GitOutput { stdout, stderr, status }),
            Err(Stopped::TimedOut) => Err(GitCommandError::TimedOut { command: self.line(), after: self.timeout }),
            Err(Stopped::TooLarge) => Err(GitCommandError::TooLarge { command: self.line(), limit: self.max_stdout }),
            Err(Stopped::Broken(source)) => Err(self.failure(source)),
        }
    }

    fn failure(&self, source: io::Error) -> GitCommandError {
        GitCommandError::Process { command: self.line(), source }
    }

    fn line(&self) -> String {
        std::iter::once("git".to_owned())
            .chain(self.args.iter().map(|arg| arg.to_string_lossy().into_owned()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[expect(clippy::disallowed_methods, reason = "the door to the git program")]
    fn command(&self, stdin: Stdio) -> Command {
        let mut command = Command::new(self.env.program());
        command.args(&self.args).current_dir(&self.cwd).env_clear().process_group(0);
        for group in &self.groups {
            command.envs(self.env.vars(*group));
        }
        command.envs([
            ("LC_ALL", "C"),
            ("LANG", "C"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_EDITOR", "true"),
            ("GIT_PAGER", "cat"),
        ]);
        self.apply_config(&mut command);
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Hands the settings over in the environment, where no character of a key or value is special, behind those of the user.
    fn apply_config(&self, command: &mut Command) {
        let mut config: Vec<(&OsStr, &OsStr)> = Vec::new();
        if self.trust == Trust::Touched {
            command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            config.push((OsStr::new("core.attributesFile"), OsStr::new("/dev/null")));
        }
        config.extend(self.config.iter().map(|(key, value)| (key.as_os_str(), value.as_os_str())));
        if config.is_empty() {
            return;
        }
        let passed = if self.groups.contains(&VarGroup::ConfigValues) { self.passed_settings() } else { 0 };
        for (i, (key, value)) in config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{}", passed + i), key).env(format!("GIT_CONFIG_VALUE_{}", passed + i), value);
        }
        command.env("GIT_CONFIG_COUNT", (passed + config.len()).to_string());
    }

    fn passed_settings(&self) -> usize {
        let count = self.env.vars(VarGroup::ConfigValues).find(|(name, _)| *name == "GIT_CONFIG_COUNT");
        count.and_then(|(_, value)| value.to_str()?.parse().ok()).unwrap_or(0)
    }
}
