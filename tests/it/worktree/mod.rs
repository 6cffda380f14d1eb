//! Worktrees on real repositories: made, captured, used again and removed, always compared with what git does.

mod apply;
mod capture;
mod cost;
mod create;
mod hostile;
mod remove;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use git_orc::domain::id::ObjectId;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::repo::Repo;
use git_orc::io::git::worktree::{CreateWorktree, Submodules, Worktree, Worktrees};

/// A repository in a directory of its own, away from the configuration of the machine.
pub(super) struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    /// Makes an empty repository.
    pub(super) fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(lab.repo_dir()).unwrap();
        lab.git(["init", "-q", "-b", "main"]);
        lab
    }

    /// Makes a repository with one commit of these files.
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let lab = Self::new();
        for (path, content) in files {
            lab.write(path, content);
        }
        lab.commit();
        lab
    }

    pub(super) fn repo_dir(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("repo.orc")
    }

    fn vars(&self) -> Vec<(OsString, OsString)> {
        let home = self.dir.path().as_os_str().to_owned();
        let mut vars: Vec<(OsString, OsString)> = vec![("HOME".into(), home), ("PATH".into(), std::env::var_os("PATH").unwrap())];
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
            ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
        ] {
            vars.push((name.into(), value.into()));
        }
        vars
    }

    /// Runs a command in a directory with nothing but our environment.
    pub(super) fn run(&self, program: &str, dir: &Path, args: &[&OsStr]) -> std::process::Output {
        Command::new(program).args(args).current_dir(dir).env_clear().envs(self.vars()).output().unwrap()
    }

    /// Runs git in a directory; it must succeed.
    pub(super) fn git_in<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> String {
        let args: Vec<OsString> = args.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let args: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
        let output = self.run("git", dir, &args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(super) fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.repo_dir(), args)
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        write(&self.repo_dir(), path, content);
    }

    pub(super) fn commit(&self) -> ObjectId {
        self.git(["add", "-A"]);
        self.git(["commit", "-q", "--allow-empty", "-m", "work"]);
        self.head()
    }

    pub(super) fn head(&self) -> ObjectId {
        ObjectId::parse(&self.git(["rev-parse", "HEAD"])).unwrap()
    }

    pub(super) fn tree(&self, spec: &str) -> ObjectId {
        ObjectId::parse(&self.git(["rev-parse", &format!("{spec}^{{tree}}")])).unwrap()
    }

    pub(super) fn repo(&self) -> Repo {
        let env = GitEnv::new(self.vars().into_iter().filter(|(name, _)| !name.to_string_lossy().contains("DATE"))).unwrap();
        Repo::discover(&self.repo_dir(), &env).unwrap()
    }

    pub(super) fn worktrees(&self) -> Worktrees {
        Worktrees::new(&self.repo(), &self.root()).unwrap()
    }

    pub(super) fn request(&self, name: &str) -> CreateWorktree {
        CreateWorktree {
            name: name.to_owned(),
            path: self.root().join("run").join(name),
            commit: self.head(),
            submodules: Submodules::Uninitialised,
        }
    }

    /// Makes a worktree of HEAD.
    pub(super) fn make(&self, worktrees: &Worktrees, name: &str) -> Worktree {
        worktrees.create(&self.request(name)).unwrap()
    }

    /// Returns the tree that `git add -A` would record of a directory, by an index of its own.
    pub(super) fn tree_by_git(&self, dir: &Path) -> ObjectId {
        let index = self.dir.path().join("index-of-git");
        let _ = fs::remove_file(&index);
        let run = |args: &[&str]| {
            let mut command = Command::new("git");
            command.args(args).current_dir(dir).env_clear().envs(self.vars()).env("GIT_INDEX_FILE", &index);
            let output = command.output().unwrap();
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
        };
        run(&["read-tree", "HEAD"]);
        run(&["add", "-A"]);
        ObjectId::parse(&run(&["write-tree"])).unwrap()
    }
}

pub(super) fn write(dir: &Path, path: &str, content: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns everything below a directory: path, permissions, and content or target. The `.git` at the top is left out.
pub(super) fn contents(dir: &Path) -> BTreeMap<PathBuf, (String, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let mode = meta.permissions().mode() & 0o7777;
            let relative = path.strip_prefix(dir).unwrap().to_owned();
            if relative == Path::new(".git") {
                continue;
            }
            let what = if meta.is_dir() {
                left.push(path);
                ("folder".to_owned(), mode, Vec::new())
            } else if meta.is_symlink() {
                ("link".to_owned(), 0, fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec())
            } else {
                ("file".to_owned(), mode, fs::read(&path).unwrap())
            };
            found.insert(relative, what);
        }
    }
    found
}
