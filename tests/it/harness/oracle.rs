//! The one judgement after every fault, whatever the fault was: what an undisturbed run came to is known, and nothing else may come out.
//!
//! It is asked twice. [`Oracle::after_fault`]: the driver is dead or has given up, and nobody has mended anything. [`Oracle::at_end`]: a
//! resume has finished. What was acknowledged is what the driver printed with `--progress json`: it does so after the entry is in the ledger
//! and never before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::fingerprint::Fingerprint;
use super::process::Outcome;
use super::repository::TestRepo;

/// How long after the death of a driver something of its run may still be alive.
const GRACE: Duration = Duration::from_secs(2);

/// What a run came to that nobody disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undisturbed {
    /// The exit code.
    pub(crate) code: i32,
    /// The trees that the branch went through, in order.
    pub(crate) trees: Vec<String>,
    /// How each workstream ended, by the kind of its last entry.
    ends: BTreeMap<String, String>,
    /// The gates that were asked.
    gates: BTreeSet<String>,
}

impl Undisturbed {
    /// Reads what a run came to from its ledger.
    pub(crate) fn of(repo: &TestRepo<'_>, code: i32) -> Self {
        let entries = Entries::read(repo).unwrap();
        let trees = entries.of("integration_advanced").map(|entry| tree_of(repo, text(entry, "commit"))).collect();
        Self { code, trees, ends: entries.ends(), gates: entries.of("gate_finished").map(|e| text(e, "gate").to_owned()).collect() }
    }
}

/// What a repository was like before, and what must come out.
pub(crate) struct Oracle<'u> {
    before: Fingerprint,
    expect: &'u Undisturbed,
}

impl<'u> Oracle<'u> {
    /// Looks at a repository before the run begins.
    pub(crate) fn new(repo: &TestRepo<'_>, target: &str, expect: &'u Undisturbed) -> Self {
        Self { before: repo.fingerprint(target), expect }
    }

    /// Returns what is wrong while nobody has mended anything yet. `told` is what the drivers printed so far.
    pub(crate) fn after_fault(&self, repo: &TestRepo<'_>, told: &str) -> Vec<String> {
        let mut wrong = self.untouched(repo);
        wrong.extend(alive_after(repo, GRACE));
        wrong.extend(unsound(repo));
        match Entries::read(repo) {
            Err(error) => wrong.push(error),
            Ok(entries) => {
                wrong.extend(entries.complaints(told));
                wrong.extend(entries.unreachable(repo, self.before.target()));
                wrong.extend(self.illegal_tip(repo, &entries));
            }
        }
        wrong
    }

    /// Returns what is wrong after a resume has finished: all of the above, what differs from the undisturbed run, and what is left.
    pub(crate) fn at_end(&self, repo: &TestRepo<'_>, told: &str) -> Vec<String> {
        let mut wrong = self.after_fault(repo, told);
        let Ok(entries) = Entries::read(repo) else { return wrong };
        wrong.extend(self.otherwise(repo, &entries));
        wrong.extend(unverified(repo));
        wrong.extend(leftovers(repo));
        wrong
    }

    fn untouched(&self, repo: &TestRepo<'_>) -> Vec<String> {
        let after = repo.fingerprint(self.before.target());
        self.before.changes(&after).into_iter().map(|change| format!("user: {change}")).collect()
    }

    /// The branch is where no run may be, or holds what no gate has passed.
    fn illegal_tip(&self, repo: &TestRepo<'_>, entries: &Entries) -> Vec<String> {
        let name = format!("refs/heads/{}", self.before.target());
        let at = repo.try_git(&["rev-parse", "--quiet", "--verify", &name]);
        if !at.status.success() {
            return Vec::new();
        }
        let (commit, mut wrong) = (at.stdout.trim(), Vec::new());
        let tree = tree_of(repo, commit);
        if !self.expect.trees.contains(&tree) {
            wrong.push(format!("tip: {commit} has tree {tree}, which the undisturbed run never showed"));
        }
        if !entries.of("integration_prepared").any(|entry| text(entry, "commit") == commit) {
            wrong.push(format!("tip: {commit} was not recorded as prepared"));
        }
        for gate in &self.expect.gates {
            let passed = |e: &&Value| text(e, "gate") == gate && text(e, "tree") == tree && text(e, "verdict") == "passed";
            if entries.of("gate_finished").find(passed).is_none() {
                wrong.push(format!("tip: gate {gate} did not pass on {tree}"));
            }
        }
        wrong
    }

    fn otherwise(&self, repo: &TestRepo<'_>, entries: &Entries) -> Vec<String> {
        let mut wrong = Vec::new();
        let name = format!("refs/heads/{}^{{tree}}", self.before.target());
        let tree = repo.try_git(&["rev-parse", "--quiet", "--verify", &name]);
        let expect = self.expect.trees.last().map(String::as_str).unwrap_or_default();
        if tree.stdout.trim() != expect {
            wrong.push(format!("end: the tree is {}, not {expect}", tree.stdout.trim()));
        }
        if entries.ends() != self.expect.ends {
            wrong.push(format!("end: the workstreams ended as {:?}, not as {:?}", entries.ends(), self.expect.ends));
        }
        for (kind, field) in [("patch_merged", "patch"), ("workstream_merged", "workstream")] {
            let mut seen = BTreeSet::new();
            for entry in entries.of(kind) {
                if !seen.insert(text(entry, field)) {
                    wrong.push(format!("end: {} was merged twice", text(entry, field)));
                }
            }
        }
        wrong
    }
}

/// The entries of the ledger with the lines that they were read from; none when there is no ledger yet.
struct Entries {
    lines: Vec<String>,
    values: Vec<Value>,
    commits: usize,
    tips: usize,
}

impl Entries {
    fn read(repo: &TestRepo<'_>) -> Result<Self, String> {
        let none = Self { lines: Vec::new(), values: Vec::new(), commits: 0, tips: 0 };
        if repo.try_git(&["rev-parse", "--quiet", "--verify", "refs/orc/ledger"]).stdout.is_empty() {
            return Ok(none);
        }
        let format = "--format=%x00%p%x00%(trailers:key=Orc-Entry,valueonly)";
        let log = repo.try_git(&["log", "--reverse", format, "refs/orc/ledger"]);
        if !log.status.success() {
            return Err(format!("ledger: git log says {}", log.stderr.trim()));
        }
        let mut read = none;
        let mut fields = log.stdout.split('\0').skip(1);
        while let (Some(parents), Some(line)) = (fields.next(), fields.next()) {
            read.commits += 1;
            read.tips += usize::from(parents.is_empty());
            if parents.contains(' ') {
                return Err("ledger: an entry has two parents".to_owned());
            }
            let line = line.trim();
            read.values.push(serde_json::from_str(line).map_err(|e| format!("ledger: {e} in {line:?}"))?);
            read.lines.push(line.to_owned());
        }
        Ok(read)
    }

    fn of<'e>(&'e self, kind: &'e str) -> impl Iterator<Item = &'e Value> {
        self.values.iter().filter(move |entry| entry["kind"] == kind)
    }

    /// Returns how each workstream ended.
    fn ends(&self) -> BTreeMap<String, String> {
        let last = |kind: &str| {
            let word = kind.strip_prefix("workstream_")?;
            ["merged", "failed", "timed_out", "quarantined", "aborted", "skipped", "blocked", "paused"]
                .contains(&word)
                .then(|| word.to_owned())
        };
        let pairs = self.values.iter().filter_map(|entry| Some((text(entry, "workstream").to_owned(), last(text(entry, "kind"))?)));
        pairs.collect()
    }

    /// An acknowledged entry is there once, word for word; nothing is there twice; the chain has one beginning.
    fn complaints(&self, told: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &self.lines {
            *count.entry(line).or_default() += 1;
        }
        // A killed driver may have died in the middle of its last line, which then tells of nothing.
        let whole = told.split_inclusive('\n').filter(|line| line.ends_with('\n') && line.starts_with("{\"v\":"));
        for line in whole.map(str::trim_end) {
            match count.get(line) {
                Some(1) => {}
                Some(n) => wrong.push(format!("ledger: there {n} times: {line}")),
                None => wrong.push(format!("ledger: acknowledged and lost: {line}")),
            }
        }
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.values {
            if !names.insert(entry["ulid"].to_string()) {
                wrong.push(format!("ledger: two entries are named {}", entry["ulid"]));
            }
            if !keys.insert((entry["run"].to_string(), entry["key"].to_string())) {
                wrong.push(format!("ledger: recorded twice: {}", entry["key"]));
            }
        }
        if self.commits > 0 && self.tips != 1 {
            wrong.push(format!("ledger: the chain has {} beginnings", self.tips));
        }
        wrong
    }

    /// Every patch that the ledger tells of must be reachable from a ref, or the next garbage collection takes it.
    fn unreachable(&self, repo: &TestRepo<'_>, target: &str) -> Vec<String> {
        let target = format!("--branches={target}");
        let list = repo.git(&["rev-list", "--glob=refs/orc/*", &target]);
        let reachable: BTreeSet<&str> = list.lines().collect();
        let lost = self.of("patch_created").map(|entry| text(entry, "commit")).filter(|commit| !reachable.contains(commit));
        lost.map(|commit| format!("patch: {commit} is recorded and no ref leads to it")).collect()
    }
}

fn text<'v>(entry: &'v Value, field: &str) -> &'v str {
    entry[field].as_str().unwrap_or_default()
}

fn tree_of(repo: &TestRepo<'_>, commit: &str) -> String {
    repo.git(&["rev-parse", &format!("{commit}^{{tree}}")])
}

fn unsound(repo: &TestRepo<'_>) -> Option<String> {
    let fsck = repo.try_git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    let said = format!("{}{}", fsck.stdout, fsck.stderr);
    // Git also names files that a killed writer left unnamed; no object is missing because of them.
    let complaints: Vec<&str> = said.lines().filter(|line| !line.is_empty() && !line.contains("garbage")).collect();
    (!fsck.status.success() || !complaints.is_empty()).then(|| format!("fsck: {complaints:?}"))
}

/// What the program itself finds when it proves its ledger.
fn unverified(repo: &TestRepo<'_>) -> Option<String> {
    let verified = repo.orc(&["verify"]);
    (!verified.status.success()).then(|| format!("verify: {}{}", verified.stdout, verified.stderr))
}

/// Returns the processes of this environment that git-orc started, or that are git-orc itself, and are still alive after a while.
pub(crate) fn alive_after(repo: &TestRepo<'_>, grace: Duration) -> Vec<String> {
    let (start, root) = (Instant::now(), repo.root().display().to_string());
    loop {
        let alive = alive(&root);
        if alive.is_empty() || start.elapsed() >= grace {
            return alive.into_iter().map(|one| format!("process: {one} is alive")).collect();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn alive(root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path())) {
        let Ok(environment) = fs::read(process.join("environ")) else { continue };
        let environment = String::from_utf8_lossy(&environment);
        if !environment.contains(root) {
            continue;
        }
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let is_orc = fs::read_link(process.join("exe")).is_ok_and(|exe| exe.file_name().is_some_and(|name| name == "git-orc"));
        if is_orc || environment.split('\0').any(|pair| pair.starts_with("ORC_RUN=")) {
            found.push(format!("{} `{}`", process.display(), command.trim()));
        }
    }
    found
}

/// Returns what a finished run must not leave: locks, worktrees, processes' own files.
fn leftovers(repo: &TestRepo<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let orc = repo.git_dir().join("orc");
    walk(&repo.git_dir(), &mut |path| {
        let inside = path.strip_prefix(&orc).ok();
        if inside.is_some_and(|inside| inside.starts_with("ref-locks")) {
            wrong.push(format!("left: {}", path.display()));
        }
        // Files that are locked, not files that are locks: the kernel frees them.
        if inside.is_none() && path.extension().is_some_and(|end| end == "lock") {
            wrong.push(format!("left: lock {}", path.display()));
        }
    });
    wrong.extend(repo.worktrees().into_iter().skip(1).map(|worktree| format!("left: worktree {worktree}")));
    let name = format!("{}.orc", repo.path().file_name().unwrap().to_string_lossy());
    let beside = repo.path().with_file_name(name);
    if beside.exists() {
        wrong.push(format!("left: {}", beside.display()));
    }
    let admin = repo.git_dir().join("worktrees");
    if fs::read_dir(&admin).is_ok_and(|mut entries| entries.next().is_some()) {
        wrong.push(format!("left: something in {}", admin.display()));
    }
    wrong
}

fn walk(folder: &Path, visit: &mut impl FnMut(&PathBuf)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

/// How a run was brought to its end after a fault.
#[derive(Debug)]
pub(crate) struct Finished {
    /// What the last driver left behind, for the oracle.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
    /// Whether there was anything to resume: a run may have died before its first entry, or behind its last one.
    pub(crate) stood: Stood,
}

/// Where a run stood when its driver died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stood {
    /// Nothing was recorded.
    BeforeTheFirstEntry,
    /// In the middle.
    Midway,
    /// The last entry was recorded.
    BehindTheLastEntry,
}

/// Brings a run to its end, as its user would: resumes it, or starts it when it had not begun.
pub(crate) fn bring_to_end(repo: &TestRepo<'_>, plan: &str, expect: &Undisturbed) -> Finished {
    let entries = Entries::read(repo).unwrap_or_else(|error| panic!("{error}"));
    let over = |entry: &Value| ["run_completed", "run_failed", "run_aborted"].contains(&text(entry, "kind"));
    let stood = match entries.values.last() {
        None => Stood::BeforeTheFirstEntry,
        Some(last) if over(last) => Stood::BehindTheLastEntry,
        Some(_) => Stood::Midway,
    };
    let start = Instant::now();
    let outcome = match stood {
        Stood::BeforeTheFirstEntry => repo.orc(&["run", plan, "--progress", "json"]).expect_code(expect.code),
        Stood::Midway => repo.orc(&["resume", "--progress", "json"]).expect_code(expect.code),
        Stood::BehindTheLastEntry => repo.orc(&["resume"]).expect_code(128),
    };
    Finished { outcome, took: start.elapsed(), stood }
}
