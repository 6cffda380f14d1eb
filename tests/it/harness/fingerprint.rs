//! Everything in a repository that belongs to its user, as a list of names and values that can be compared.
//!
//! What git-orc may change is left out: `refs/orc/`, `refs/notes/orc*`, the target branch with its reflog, objects, its own folder
//! `.git/orc` and the administrative folders of its worktrees.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::repository::TestRepo;

/// What belongs to the user of a repository, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    target: String,
    facts: BTreeMap<String, String>,
}

impl Fingerprint {
    pub(super) fn take(repo: &TestRepo<'_>, target: &str) -> Self {
        let mut print = Self { target: target.to_owned(), facts: BTreeMap::new() };
        print.refs(repo);
        print.git_files(&repo.git_dir());
        print.work_tree(repo.path(), repo.path());
        let global = repo.git(&["config", "--global", "--list", "--show-origin"]);
        print.facts.insert("global configuration".to_owned(), digest(global.as_bytes()));
        print
    }

    /// Returns the branch that a run may move.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Returns one line per fact that is not the same afterwards.
    pub(crate) fn changes(&self, after: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<&String> = self.facts.keys().chain(after.facts.keys()).collect();
        let absent = "absent".to_owned();
        let differs = |name: &&String| {
            let (old, new) = (self.facts.get(*name).unwrap_or(&absent), after.facts.get(*name).unwrap_or(&absent));
            (old != new).then(|| format!("{name}: {old} -> {new}"))
        };
        names.iter().filter_map(differs).collect()
    }

    /// Records every ref, where a symbolic one points, and the stash with its order.
    fn refs(&mut self, repo: &TestRepo<'_>) {
        let list = repo.git(&["for-each-ref", "--format=%(refname) %(objectname) %(symref)"]);
        for line in list.lines() {
            let (name, value) = line.split_once(' ').unwrap();
            if !self.is_ours(name) {
                self.facts.insert(format!("ref {name}"), value.to_owned());
            }
        }
        let stash = repo.git(&["stash", "list", "--format=%H %gd %gs"]);
        self.facts.insert("stash list".to_owned(), stash);
    }

    fn is_ours(&self, name: &str) -> bool {
        name.starts_with("refs/orc/") || name.starts_with("refs/notes/orc") || name.strip_prefix("refs/heads/") == Some(&self.target)
    }

    /// Records the files of the git directory that say something about the checkout: index, HEAD and its like, configuration, hooks, reflogs.
    fn git_files(&mut self, git_dir: &Path) {
        for entry in fs::read_dir(git_dir).unwrap() {
            let path = entry.unwrap().path();
            // Packing moves refs between files without changing them; `refs` has recorded their values.
            if path.is_file() && path.file_name().is_some_and(|name| name != "packed-refs") {
                self.git_file(git_dir, &path);
            }
        }
        for folder in ["hooks", "info", "logs"] {
            self.git_folder(git_dir, &git_dir.join(folder));
        }
    }

    fn git_folder(&mut self, git_dir: &Path, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.git_folder(git_dir, &path);
            } else {
                self.git_file(git_dir, &path);
            }
        }
    }

    fn git_file(&mut self, git_dir: &Path, path: &Path) {
        let name = path.strip_prefix(git_dir).unwrap().display().to_string();
        if !name.strip_prefix("logs/").is_some_and(|log| self.is_ours(log)) {
            let mode = fs::symlink_metadata(path).unwrap().mode();
            self.facts.insert(format!("git file {name}"), format!("{mode:o} {}", digest(&fs::read(path).unwrap())));
        }
    }

    /// Records everything in the work tree, ignored files included: kind, mode, time of change, content.
    fn work_tree(&mut self, top: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path == top.join(".git") {
                continue;
            }
            let meta = fs::symlink_metadata(&path).unwrap();
            let mut value = format!("{:o} {}.{:09}", meta.mode(), meta.mtime(), meta.mtime_nsec());
            if meta.is_symlink() {
                write!(value, " -> {}", fs::read_link(&path).unwrap().display()).unwrap();
            } else if meta.is_file() {
                write!(value, " {}", digest(&fs::read(&path).unwrap())).unwrap();
            }
            self.facts.insert(format!("work tree {}", path.strip_prefix(top).unwrap().display()), value);
            if meta.is_dir() {
                self.work_tree(top, &path);
            }
        }
    }
}

/// Returns the SHA-256 of bytes, in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
