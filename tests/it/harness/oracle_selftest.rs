//! Shows that the oracle notices each thing that it is for, on a run that was really made.

use std::path::Path;
use std::process::Command;

use super::environment::TestEnvironment;
use super::oracle::{Oracle, Stood, Undisturbed, bring_to_end};
use super::process::Running;
use super::repository::TestRepo;

const PLAN: &str = "version: 1\nname: tour\nworkstreams:\n  - {id: a, files_scope: [a/**], tool: replay, patches: [a.patch]}\n";
const PATCH: &str = "diff --git a/a/x.txt b/a/x.txt\n--- a/a/x.txt\n+++ b/a/x.txt\n@@ -1 +1 @@\n-one\n+two\n";

/// A repository with a finished run, and what the run printed.
struct Done<'e> {
    repo: TestRepo<'e>,
    told: String,
    expect: Undisturbed,
}

fn prepared(environment: &TestEnvironment) -> (TestRepo<'_>, String) {
    let repo = environment.repo("project");
    repo.write("a/x.txt", "one\n");
    repo.commit("files");
    std::fs::write(environment.root().join("a.patch"), PATCH).unwrap();
    let plan = environment.root().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    (repo, plan.to_str().unwrap().to_owned())
}

fn done(environment: &TestEnvironment) -> Done<'_> {
    let (repo, plan) = prepared(environment);
    let told = repo.orc(&["run", &plan, "--progress", "json"]).expect_code(0).stderr;
    let expect = Undisturbed::of(&repo, 0);
    Done { repo, told, expect }
}

/// Replaces a folder by a copy of another one, times included.
fn restore(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// What a complaint begins with, and what is done to be complained of.
type Deed<'d> = (&'d str, &'d dyn Fn(&TestRepo<'_>));

/// Checks deed after deed, each on the repository as it was, that the oracle names it.
fn assert_notices(deeds: &[Deed<'_>]) {
    let environment = TestEnvironment::in_memory();
    let done = done(&environment);
    let (project, copy) = (done.repo.path().to_owned(), environment.root().join("copy"));
    restore(&project, &copy);
    let oracle = Oracle::new(&done.repo, "orc/tour", &done.expect);
    assert_eq!(oracle.at_end(&done.repo, &done.told), Vec::<String>::new());
    for (named, deed) in deeds {
        deed(&done.repo);
        let wrong = oracle.at_end(&done.repo, &done.told);
        assert!(wrong.iter().any(|line| line.starts_with(named)), "`{named}` is not among {wrong:#?}");
        restore(&copy, &project);
    }
    assert_eq!(oracle.at_end(&done.repo, &done.told), Vec::<String>::new());
}

fn amend_ledger(repo: &TestRepo<'_>, parents: &[&str], message: &str) {
    let tree = repo.git(&["rev-parse", "refs/orc/ledger^{tree}"]);
    let mut arguments = vec!["commit-tree", &tree, "-m", message];
    parents.iter().for_each(|parent| arguments.extend(["-p", parent]));
    let commit = repo.git(&arguments);
    repo.git(&["update-ref", "refs/orc/ledger", &commit]);
}

#[test]
fn the_oracle_notices_what_happens_to_the_ledger() {
    assert_notices(&[
        ("ledger: acknowledged and lost", &|repo| drop(repo.git(&["update-ref", "refs/orc/ledger", "refs/orc/ledger~1"]))),
        ("ledger: there 2 times", &|repo| {
            let again = repo.git(&["log", "-1", "--format=%B", "refs/orc/ledger"]);
            amend_ledger(repo, &["refs/orc/ledger"], &again);
        }),
        ("ledger: recorded twice", &|repo| {
            let again = repo.git(&["log", "-1", "--format=%B", "refs/orc/ledger"]);
            amend_ledger(repo, &["refs/orc/ledger"], &again.replacen("\"ulid\":\"01", "\"ulid\":\"02", 1));
        }),
        ("ledger: an entry has two parents", &|repo| {
            amend_ledger(repo, &["refs/orc/ledger", "refs/orc/ledger~3"], "x\n\nOrc-Entry: {}\n");
        }),
        ("ledger: ", &|repo| amend_ledger(repo, &["refs/orc/ledger"], "no entry")),
        ("ledger: acknowledged and lost", &|repo| drop(repo.git(&["update-ref", "-d", "refs/orc/ledger"]))),
    ]);
}

#[test]
fn the_oracle_notices_what_happens_to_objects_and_the_branch() {
    assert_notices(&[
        ("patch: ", &|repo| {
            for name in repo.git(&["for-each-ref", "--format=%(refname)", "refs/orc/", "refs/heads/orc/"]).lines() {
                if name == "refs/orc/ledger" {
                    continue;
                }
                repo.git(&["update-ref", "-d", name]);
            }
        }),
        ("fsck: ", &|repo| {
            let blob = repo.git(&["rev-parse", "orc/tour:a/x.txt"]);
            let (folder, name) = blob.split_at(2);
            std::fs::remove_file(repo.git_dir().join("objects").join(folder).join(name)).unwrap();
        }),
        ("tip: ", &|repo| {
            let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
            let commit = repo.git(&["commit-tree", &tree, "-p", "orc/tour", "-m", "x"]);
            repo.git(&["update-ref", "refs/heads/orc/tour", &commit]);
        }),
        ("tip: ", &|repo| {
            // The right tree, in a commit that no run has prepared.
            let commit = repo.git(&["commit-tree", "orc/tour^{tree}", "-p", "orc/tour", "-m", "x"]);
            repo.git(&["update-ref", "refs/heads/orc/tour", &commit]);
        }),
        ("end: the tree is ", &|repo| drop(repo.git(&["update-ref", "-d", "refs/heads/orc/tour"]))),
    ]);
}

#[test]
fn the_oracle_notices_what_is_left_and_what_was_touched() {
    assert_notices(&[
        ("user: work tree a/x.txt", &|repo| repo.write("a/x.txt", "other\n")),
        ("user: git file index.lock", &|repo| repo.write(".git/index.lock", "")),
        ("left: lock ", &|repo| repo.write(".git/refs/orc/ledger.lock", "")),
        ("left: ", &|repo| repo.write(".git/orc/ref-locks/1-2", "")),
        ("left: worktree ", &|repo| drop(repo.git(&["worktree", "add", "--quiet", "--detach", "../elsewhere"]))),
        ("left: something in ", &|repo| repo.write(".git/worktrees/x/HEAD", "")),
    ]);
}

#[test]
fn the_oracle_notices_a_process_that_is_left() {
    let environment = TestEnvironment::in_memory();
    let done = done(&environment);
    let oracle = Oracle::new(&done.repo, "orc/tour", &done.expect);
    let running = Running::start(environment.command("sleep").arg("60").env("ORC_RUN", "x"));
    let wrong = oracle.after_fault(&done.repo, &done.told);
    assert!(wrong.iter().any(|line| line.starts_with("process: ")), "{wrong:#?}");
    running.kill();
    assert_eq!(oracle.after_fault(&done.repo, &done.told), Vec::<String>::new());
}

#[test]
fn a_run_is_brought_to_its_end_from_wherever_it_stands() {
    let environment = TestEnvironment::in_memory();
    let (repo, plan) = prepared(&environment);
    let expect = {
        let other = TestEnvironment::in_memory();
        done(&other).expect
    };
    let oracle = Oracle::new(&repo, "orc/tour", &expect);
    let finished = bring_to_end(&repo, &plan, &expect);
    assert_eq!((finished.stood, oracle.at_end(&repo, &finished.outcome.stderr)), (Stood::BeforeTheFirstEntry, Vec::new()));
    assert!(!finished.took.is_zero());
    let again = bring_to_end(&repo, &plan, &expect);
    assert_eq!(again.stood, Stood::BehindTheLastEntry, "{again:?}");
}
