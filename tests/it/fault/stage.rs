//! A repository that can be put back as it was, on which the same run is disturbed again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::harness::{Finished, Oracle, Stood, TestEnvironment, TestRepo, Undisturbed, bring_to_end, program};

/// The branch that the plans here build.
pub(super) const TARGET: &str = "orc/tour";

/// Two waves of patches that need no program: everything is git-orc's own work.
pub(super) const PATCHES: &str = "
version: 1
name: tour
workstreams:
  - {id: a, files_scope: [a/**], tool: replay, patches: [a.patch]}
  - {id: b, files_scope: [b/**], tool: replay, patches: [b.patch], depends_on: [a]}
";

/// A program in a worktree, a check, a FIX step, a gate.
pub(super) const PROGRAMS: &str = "
version: 1
name: tour
gates: { wave: [[test, -f, README]] }
workstreams:
  - id: a
    files_scope: [a/**]
    tool: command
    command: [sh, -c, 'echo bad >a/x.txt; mkdir -p a/deep; echo new >a/deep/n.txt']
    fix: [sh, -c, 'echo good >a/x.txt']
    static: [[grep, -q, good, a/x.txt]]
";

/// Two waves of programs that take their time, two at once, a FIX step, a gate.
pub(super) const SLOW: &str = "
version: 1
name: tour
max_workers: 2
defaults: {retry: {max_attempts: 2, initial_delay_sec: 0.01}}
gates: { wave: [[sh, -c, 'sleep 0.02; test -f README']] }
workstreams:
  - id: a
    files_scope: [a/**]
    tool: command
    command: [sh, -c, 'echo half >a/half.txt; sleep 0.05; rm a/half.txt; echo bad >a/x.txt']
    fix: [sh, -c, 'sleep 0.02; echo good >a/x.txt']
    static: [[sh, -c, 'sleep 0.02; grep -q good a/x.txt']]
  - id: b
    files_scope: [b/**]
    tool: command
    command: [sh, -c, 'sleep 0.08; mv b/x.txt b/y.txt']
  - id: c
    files_scope: [c/**]
    tool: command
    command: [sh, -c, 'sleep 0.02; mkdir -p c; echo c >c/n.txt']
  - id: d
    depends_on: [a, b]
    files_scope: [d/**]
    tool: command
    command: [sh, -c, 'sleep 0.05; mkdir -p d; cat a/x.txt b/y.txt >d/x.txt']
";

/// The place and the plan, before anything happens.
pub(super) struct Stage {
    environment: TestEnvironment,
    plan: String,
    /// What the undisturbed run came to.
    pub(super) expect: Undisturbed,
    /// How long it took.
    pub(super) usual: Duration,
    /// What drivers printed before the copy was taken.
    told: String,
}

impl Stage {
    /// Makes a repository and a plan, runs the plan once undisturbed, and puts everything back.
    pub(super) fn new(plan: &str) -> Self {
        Self::prepared(plan, "", |_| ())
    }

    /// Does so with settings of the user's, and with something prepared.
    pub(super) fn prepared(plan: &str, settings: &str, prepare: impl FnOnce(&TestEnvironment)) -> Self {
        let environment = TestEnvironment::in_memory();
        prepare(&environment);
        Self::set(environment, plan, settings)
    }

    /// Does so on a disk of its own.
    pub(super) fn on(disk: &Path, plan: &str) -> Self {
        Self::set(TestEnvironment::within(disk), plan, "")
    }

    fn set(environment: TestEnvironment, plan: &str, settings: &str) -> Self {
        std::fs::create_dir_all(environment.root().join("config/git-orc")).unwrap();
        std::fs::write(environment.root().join("config/git-orc/config.yaml"), settings).unwrap();
        let repo = environment.repo("project");
        repo.write("a/x.txt", "one\ntwo\nthree\n");
        repo.write("b/x.txt", "one\n");
        repo.write("README", "a project\n");
        repo.commit("files");
        let write = |name: &str, text: &str| std::fs::write(environment.root().join(name), text).unwrap();
        write("a.patch", "diff --git a/a/x.txt b/a/x.txt\n--- a/a/x.txt\n+++ b/a/x.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
        write("b.patch", "diff --git a/b/n.txt b/b/n.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b/n.txt\n@@ -0,0 +1 @@\n+n\n");
        write("plan.yaml", plan);
        let plan = environment.root().join("plan.yaml").to_str().unwrap().to_owned();
        copy(repo.path(), &environment.root().join("saved"));
        let start = std::time::Instant::now();
        let outcome = repo.orc(&["run", &plan, "--progress", "json"]);
        let (usual, expect) = (start.elapsed(), Undisturbed::of(&repo, outcome.code()));
        assert!(!expect.trees.is_empty(), "{outcome:#?}");
        let stage = Self { expect, usual, plan, told: String::new(), environment };
        stage.put_back();
        stage
    }

    /// Takes what is there now as what every case starts from.
    pub(super) fn save(&mut self, told: &str) {
        self.told = told.to_owned();
        let root = self.environment.root();
        for (from, to) in [("project", "saved"), ("project.orc", "saved.orc")] {
            remove(&root.join(to));
            if root.join(from).exists() {
                copy(&root.join(from), &root.join(to));
            }
        }
    }

    /// Puts the repository and its worktrees back as they were saved.
    pub(super) fn put_back(&self) {
        let root = self.environment.root();
        for (to, from) in [("project", "saved"), ("project.orc", "saved.orc")] {
            remove(&root.join(to));
            if root.join(from).exists() {
                copy(&root.join(from), &root.join(to));
            }
        }
    }

    /// Returns the environment.
    pub(super) const fn environment(&self) -> &TestEnvironment {
        &self.environment
    }

    /// Returns the plan's path.
    pub(super) fn plan(&self) -> &str {
        &self.plan
    }

    /// Returns the repository.
    pub(super) fn repo(&self) -> TestRepo<'_> {
        self.environment.open("project")
    }

    /// Returns the command that starts the program itself.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.repo().command(program().to_str().unwrap());
        command.args(arguments).args(["--progress", "json"]);
        command
    }

    /// Returns the oracle for the repository as it is now.
    pub(super) fn oracle(&self) -> Oracle<'_> {
        Oracle::new(&self.repo(), TARGET, &self.expect)
    }

    /// Judges what a disturbed driver left, brings the run to its end, and judges again. `told` is what the driver printed.
    pub(super) fn judge(&self, oracle: &Oracle<'_>, told: &str) -> Judged {
        self.judge_after(oracle, told, |_| ())
    }

    /// Does so, and lets something more happen before the run goes on.
    pub(super) fn judge_after(&self, oracle: &Oracle<'_>, told: &str, then: impl FnOnce(&TestRepo<'_>)) -> Judged {
        let repo = self.repo();
        let mut told = format!("{}{told}", self.told);
        let mut judged = Judged { wrong: oracle.after_fault(&repo, &told), took: Duration::ZERO, stood: None, locks: 0 };
        then(&repo);
        let finished = catch_unwind(AssertUnwindSafe(|| bring_to_end(&repo, &self.plan, &self.expect)));
        match finished {
            Err(panic) => judged.wrong.push(format!("resume: {}", words_of(&*panic))),
            Ok(Finished { outcome, took, stood }) => {
                judged.took = took;
                judged.stood = Some(stood);
                judged.locks = outcome.stderr.matches("stale lock ").count();
                told.push_str(&outcome.stderr);
                judged.wrong.extend(oracle.at_end(&repo, &told).into_iter().map(|line| format!("at the end: {line}")));
            }
        }
        judged
    }
}

/// A run whose driver died while its tool had done half of its work.
pub(super) fn interrupted() -> Stage {
    let line = "echo half >a/x.txt; test -e $HOME/again || { touch $HOME/up; sleep 60; }; echo bad >a/x.txt; mkdir -p a/deep; echo new >a/deep/n.txt";
    let plan = PROGRAMS.replace("echo bad >a/x.txt; mkdir -p a/deep; echo new >a/deep/n.txt", line);
    assert!(plan.contains("again"));
    let again = |environment: &TestEnvironment| environment.home().join("again");
    // The undisturbed run does not wait: the file is there until the stage is set.
    let mut stage = Stage::prepared(&plan, "", |environment| std::fs::write(again(environment), "").unwrap());
    std::fs::remove_file(again(stage.environment())).unwrap();
    let told = {
        let repo = stage.repo();
        let running = repo.start_orc(&["run", stage.plan(), "--progress", "json"]);
        let start = std::time::Instant::now();
        while !stage.environment().home().join("up").exists() {
            assert!(start.elapsed().as_secs() < 30, "the tool does not begin");
            std::thread::sleep(Duration::from_millis(2));
        }
        let told = running.kill().stderr;
        std::thread::sleep(Duration::from_millis(300));
        told
    };
    std::fs::write(again(stage.environment()), "").unwrap();
    stage.save(&told);
    stage
}

/// What was found in one case.
#[derive(Debug)]
pub(super) struct Judged {
    /// What is wrong.
    pub(super) wrong: Vec<String>,
    /// How long the resume took.
    pub(super) took: Duration,
    /// Where the run stood.
    pub(super) stood: Option<Stood>,
    /// How many stale locks the resume told of.
    pub(super) locks: usize,
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn remove(folder: &PathBuf) {
    if folder.exists() {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// Prints a figure or a finding, for whoever looks on.
#[expect(clippy::print_stdout, reason = "a suite that runs for an hour tells how it goes")]
pub(super) fn tell(line: &str) {
    println!("{line}");
}

/// What a suite came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The violations, each with its case.
    pub(super) wrong: Vec<String>,
    /// How many cases there were.
    pub(super) cases: usize,
    /// How many of them stood midway.
    pub(super) midway: usize,
    /// How many stale locks resumes told of.
    pub(super) locks: usize,
    /// The longest resume.
    pub(super) worst: Duration,
}

impl Tally {
    /// Counts a case in.
    pub(super) fn add(&mut self, case: &str, judged: Judged) {
        self.cases += 1;
        if self.cases.is_multiple_of(100) {
            tell(&format!("{} cases, {} violations", self.cases, self.wrong.len()));
        }
        self.midway += usize::from(judged.stood == Some(Stood::Midway));
        self.locks += judged.locks;
        self.worst = self.worst.max(judged.took);
        for line in judged.wrong {
            tell(&format!("VIOLATION {case}: {line}"));
            self.wrong.push(format!("{case}: {line}"));
        }
    }

    /// Prints the figures, and fails when anything is wrong.
    pub(super) fn assert_clean(&self, suite: &str) {
        let Self { wrong, cases, midway, locks, worst } = self;
        let wrongs = wrong.len();
        tell(&format!("{suite}: {cases} cases, {midway} of them midway, {wrongs} violations, {locks} stale locks, worst resume {worst:?}"));
        assert!(wrong.is_empty(), "{suite}: {} violations:\n{}", wrong.len(), wrong.join("\n"));
        assert!(*cases > 0, "{suite}: nothing was tried");
    }
}

/// Takes cases one after the other on a few stages at once. A case that panics is a violation, not the end of the suite.
pub(super) fn on_stages<C: Sync + std::fmt::Debug>(
    stages: &[Stage],
    cases: &[C],
    one: impl Fn(&Stage, &C) -> Option<Judged> + Sync,
) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for stage in stages {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let judged = catch_unwind(AssertUnwindSafe(|| one(stage, case))).unwrap_or_else(|panic| {
                        Some(Judged { wrong: vec![words_of(&*panic)], took: Duration::ZERO, stood: None, locks: 0 })
                    });
                    if let Some(judged) = judged {
                        tally.lock().unwrap_or_else(PoisonError::into_inner).add(&format!("{case:?}"), judged);
                    }
                }
            });
        }
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}
