//! The scratch repository of the demo: a small project, the plan and its patches, built into the program so that it needs no source tree.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::io::fs::{self, FsError};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::env::{GitEnv, GitMissing};
use crate::io::settings::environment::Environment;

/// The plan, relative to the top of the scratch repository.
pub const PLAN: &str = "demo/plan.yaml";
/// The branch that the user of the scratch repository stands on.
const BRANCH: &str = "main";

/// Everything in the first commit of the scratch repository, by path.
const FILES: &[(&str, &str)] = &[
    ("README.md", include_str!("../../../fixtures/demo/project/README.md")),
    ("greet.sh", include_str!("../../../fixtures/demo/project/greet.sh")),
    ("greetings/en.txt", include_str!("../../../fixtures/demo/project/greetings/en.txt")),
    ("options/1-plain.sh", include_str!("../../../fixtures/demo/project/options/1-plain.sh")),
    ("tests/greeting.sh", include_str!("../../../fixtures/demo/project/tests/greeting.sh")),
    ("tests/run.sh", include_str!("../../../fixtures/demo/project/tests/run.sh")),
    ("demo/README.md", include_str!("../../../fixtures/demo/README.md")),
    (PLAN, include_str!("../../../fixtures/demo/plan.yaml")),
    ("demo/patches/german.patch", include_str!("../../../fixtures/demo/patches/german.patch")),
    ("demo/patches/strict.patch", include_str!("../../../fixtures/demo/patches/strict.patch")),
];

/// The variables of the user that the demo goes by. Nothing else comes in, so that it ends the same way on every machine: no repository
/// that git was told of, no hooks, filters or signatures of the user's configuration, no limits for real runs.
const PASSED: [&str; 8] = ["PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL"];
/// What stands for the user's own settings, which are none.
const FIXED: [(&str, &str); 3] = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("XDG_CONFIG_HOME", "/dev/null")];

/// The error of making or reading the scratch repository.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The folder is in use.
    #[error("folder `{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no git program.
    #[error(transparent)]
    NoGit(#[from] GitMissing),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
}

/// What belongs to the user of the scratch repository: what a run must not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Belongings {
    index: Vec<u8>,
    head: String,
    status: String,
    branches: String,
    stash: String,
    config: Vec<u8>,
}

/// The scratch repository.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    git: GitEnv,
    before: Option<Belongings>,
}

/// Returns the part of an environment that the demo goes by.
#[must_use]
pub fn environment(of: &Environment) -> Environment {
    let passed = PASSED.iter().filter_map(|name| Some((OsString::from(name), of.var(name)?.to_owned())));
    let fixed = FIXED.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Environment::of(passed.chain(fixed))
}

/// Returns the folder to work in: the wanted one, which must be empty or missing, or a fresh one below the system's temporary folder.
fn make_folder(wanted: Option<PathBuf>, environment: &Environment) -> Result<PathBuf, ScratchError> {
    let Some(folder) = wanted else {
        let temporary = environment.var("TMPDIR").map(PathBuf::from).filter(|path| path.is_absolute());
        return Ok(fs::create_fresh_dir(&temporary.unwrap_or_else(|| PathBuf::from("/tmp")), "git-orc-demo-")?);
    };
    fs::create_dir_all(&folder)?;
    if fs::list(&folder)?.is_empty() { Ok(folder) } else { Err(ScratchError::NotEmpty(folder)) }
}

impl Scratch {
    /// Makes the repository, with one commit by an identity of its own: in the wanted folder, which must be empty or missing, or in a fresh
    /// one below the system's temporary folder.
    ///
    /// # Errors
    /// Returns [`ScratchError`] when the folder is in use, a file can not be written, or git is missing or fails.
    pub fn create(wanted: Option<PathBuf>, environment: &Environment) -> Result<Self, ScratchError> {
        let vars = environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned()));
        // Git first: without it not even an empty folder is left behind.
        let git = GitEnv::new(vars)?;
        let mut scratch = Self { folder: make_folder(wanted, environment)?, git, before: None };
        for (path, content) in FILES {
            let path = scratch.folder.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write_scratch(&path, content.as_bytes())?;
        }
        scratch.git(&["init", "--quiet", "--template=", &format!("--initial-branch={BRANCH}")])?;
        for (key, value) in [("user.name", "Demo"), ("user.email", "demo@git-orc.invalid"), ("core.autocrlf", "false")] {
            scratch.git(&["config", key, value])?;
        }
        scratch.git(&["add", "--all"])?;
        scratch.git(&["commit", "--quiet", "--message=A greeter"])?;
        scratch.before = Some(scratch.belongings()?);
        Ok(scratch)
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs git in the repository and returns what it prints.
    ///
    /// # Errors
    /// Returns [`ScratchError::Git`] when git fails.
    pub fn git(&self, arguments: &[&str]) -> Result<String, ScratchError> {
        Ok(GitCommand::outside(&self.git, &self.folder).args(arguments.iter().map(OsStr::new)).run()?.text())
    }

    /// Returns one sentence for everything of the user's that is not as it was before the run.
    ///
    /// # Errors
    /// Returns [`ScratchError`] when a file can not be read or git fails.
    pub fn touched(&self, target: &str) -> Result<Vec<String>, ScratchError> {
        let now = self.belongings()?;
        let Some(before) = &self.before else { return Ok(Vec::new()) };
        let target = format!("refs/heads/{target} ");
        let mut found = Vec::new();
        let mut note = |is_same: bool, what: &str| {
            if !is_same {
                found.push(format!("{what} of the checkout changed"));
            }
        };
        note(before.head == now.head, "HEAD");
        note(before.index == now.index, "the index");
        note(before.stash == now.stash, "the stash");
        note(before.config == now.config, "the configuration");
        note(before.status == now.status, "the state");
        note(now.branches.lines().filter(|line| !line.starts_with(&target)).eq(before.branches.lines()), "a branch");
        for (path, content) in FILES {
            note(fs::read(&self.folder.join(path))? == content.as_bytes(), path);
        }
        Ok(found)
    }

    fn belongings(&self) -> Result<Belongings, ScratchError> {
        Ok(Belongings {
            index: fs::read(&self.folder.join(".git/index"))?,
            config: fs::read(&self.folder.join(".git/config"))?,
            head: String::from_utf8_lossy(&fs::read(&self.folder.join(".git/HEAD"))?).into_owned(),
            status: self.git(&["status", "--porcelain=v1", "--ignored"])?,
            branches: self.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/"])?,
            stash: self.git(&["stash", "list"])?,
        })
    }
}
