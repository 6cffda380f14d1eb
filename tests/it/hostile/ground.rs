//! The place where harm is tried: a repository with everything that can be turned against it, and guarded files around it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo, program, run};

/// Returns a file of the corpus.
pub(super) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile").join(path)
}

/// Reads a table of the corpus: one row a line, fields between tabs, remarks behind `#`.
pub(super) fn table<const N: usize>(path: &str) -> Vec<[String; N]> {
    let text = fs::read_to_string(fixture(path)).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap_or_else(|row| panic!("{path}: {row:?}")))
        .collect()
}

/// How tightly tools are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    None,
    Landlock,
    Bubblewrap,
}

impl Level {
    pub(super) const ALL: [Self; 3] = [Self::None, Self::Landlock, Self::Bubblewrap];

    /// Returns the name of the level in settings.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock",
            Self::Bubblewrap => "bubblewrap",
        }
    }
}

/// How a workstream ended.
#[derive(Debug)]
pub(super) struct End {
    /// The last word on it: `merged`, `failed`, `quarantined`, ...
    pub(super) word: String,
    /// Everything that the ledger says in sentences about it and its steps.
    pub(super) told: String,
}

/// A repository and what lies around it.
pub(super) struct Ground<'e> {
    pub(super) repo: TestRepo<'e>,
    pub(super) environment: &'e TestEnvironment,
    level: Level,
    guarded: BTreeMap<PathBuf, String>,
}

impl<'e> Ground<'e> {
    /// Makes a repository with files, links inside and out of the tree, and a submodule.
    pub(super) fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        for (path, letter) in [("src/a.txt", "a"), ("src/b.txt", "b"), ("docs/c.txt", "c")] {
            repo.write(path, (1..=10).map(|n| format!("{letter} line {n}\n")).collect::<String>());
        }
        repo.write("README", "a project\n");
        repo.write("docs/trap.txt", "first\n-- a/../evil\nlast\n");
        repo.write_script("run.sh", "#!/bin/sh\n");
        repo.write(".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = https://example.com/sub\n");
        fs::create_dir(repo.path().join("up")).unwrap();
        for (link, target) in [("link", "src"), ("out", "../outside"), ("up/link", "../src")] {
            symlink(target, repo.path().join(link)).unwrap();
        }
        repo.git(&["add", "--all"]);
        repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "2".repeat(40))]);
        repo.git(&["commit", "--quiet", "--message=files"]);
        fs::create_dir(repo.path().join("sub")).unwrap();
        fs::create_dir(environment.root().join("outside")).unwrap();
        fs::write(environment.root().join("outside/keep"), "kept\n").unwrap();
        Self { repo, environment, level: Level::None, guarded: BTreeMap::new() }
    }

    /// Holds tools as tightly as this from now on.
    pub(super) fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Starts the program in this environment.
    pub(super) fn orc(&self, arguments: &[&str]) -> Outcome {
        run(self.repo.command(program().to_str().unwrap()).args(arguments).env("ORC_SANDBOX", self.level.word()))
    }

    /// Writes a file of the user's settings.
    pub(super) fn settings(&self, name: &str, text: &str) {
        let folder = self.environment.root().join("config/git-orc");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    /// Installs a program that tools can name.
    pub(super) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.environment.bin().join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a plan beside the repository, remembers everything that the run must not change, and runs it.
    pub(super) fn run(&mut self, plan: &str) -> Outcome {
        let path = self.environment.root().join("plan.yaml");
        fs::write(&path, plan).unwrap();
        self.guarded = self.around();
        self.orc(&["run", path.to_str().unwrap(), "--json"])
    }

    /// Returns how a workstream ended, and what was told of it.
    pub(super) fn end_of(&self, workstream: &str) -> End {
        if self.repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() != 0 {
            return End { word: "lost".to_owned(), told: "there is no ledger".to_owned() };
        }
        let ledger = self.repo.ledger();
        let own = ledger.entries().iter().filter(|entry| entry["workstream"] == workstream || entry["workstream"].is_null());
        let (mut word, mut told) = (String::new(), String::new());
        for entry in own {
            let kind = entry["kind"].as_str().unwrap_or_default();
            let is_end = ["merged", "failed", "timed_out", "quarantined", "paused", "aborted"];
            if let Some(end) = kind.strip_prefix("workstream_").filter(|end| is_end.contains(end)) {
                end.clone_into(&mut word);
            }
            for field in ["reason", "message", "notes", "changes"] {
                if !entry[field].is_null() {
                    told.push_str(&format!("{kind}.{field}: {}\n", entry[field]));
                }
            }
        }
        End { word, told }
    }

    /// Returns what git complains about.
    pub(super) fn unsound(&self) -> Option<String> {
        let fsck = self.repo.try_git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        let said = format!("{}{}", fsck.stdout, fsck.stderr);
        (!fsck.status.success() || !said.is_empty()).then(|| format!("fsck: {said}"))
    }

    /// Returns the worktrees that are left and that the ledger does not name.
    pub(super) fn unnamed_worktrees(&self) -> Vec<String> {
        if self.end_of("").word == "lost" {
            return Vec::new();
        }
        let ledger = self.repo.ledger();
        let named: Vec<&str> = ledger.of_kind("worktree_kept").iter().filter_map(|e| e["path"].as_str()).collect();
        let left = self.repo.worktrees();
        // What is inside of a worktree that is kept is kept with it.
        let is_named = |path: &&String| named.iter().any(|kept| Path::new(path).starts_with(kept));
        let mut wrong: Vec<String> = left.iter().skip(1).filter(|path| !is_named(path)).cloned().collect();
        let beside = self.environment.root().join("project.orc");
        let moved = ledger.of_kind("step_finished").iter().any(|step| step["notes"].to_string().contains("what stood there is now"));
        if beside.exists() && named.is_empty() && !moved {
            wrong.push(beside.display().to_string());
        }
        wrong.into_iter().map(|path| format!("{path} is left, and nothing says so")).collect()
    }

    /// Returns why every workstream that did not land did not.
    pub(super) fn reasons(&self) -> BTreeMap<String, String> {
        let of = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let ledger = self.repo.ledger();
        let ended = ["workstream_failed", "workstream_quarantined", "workstream_timed_out"].map(|kind| ledger.of_kind(kind));
        ended.iter().flatten().map(|entry| (of(entry, "workstream"), of(entry, "reason"))).collect()
    }

    /// Fails when anything outside of the repository and the worktrees has changed.
    pub(super) fn assert_nothing_around_changed(&self) {
        assert_eq!(self.around(), self.guarded, "something outside of the worktrees was changed");
        for evil in ["/evil", "/etc/evil", "/tmp/evil"] {
            assert!(!Path::new(evil).exists(), "{evil} was written");
        }
    }

    /// Returns what is there outside of the repository and the worktrees, with its content.
    fn around(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let root = self.environment.root();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // The repository has its own fingerprint; what is temporary is used by everybody.
                if ["project", "project.orc", "tmp"].iter().any(|name| path == root.join(name)) {
                    continue;
                }
                let meta = fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_symlink() {
                    fs::read_link(&path).unwrap().display().to_string()
                } else if meta.is_dir() {
                    folders.push(path.clone());
                    String::new()
                } else {
                    String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
                };
                found.insert(path, content);
            }
        }
        found
    }
}
