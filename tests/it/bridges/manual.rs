//! A person as a tool.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{assert_sound, plan, project, step_file};
use crate::harness::{Running, TestEnvironment, TestRepo};

/// Waits until a run waits for a person, and returns where the work is to be done.
fn wait_until_asked(repo: &TestRepo<'_>) -> PathBuf {
    let start = Instant::now();
    loop {
        let status = repo.orc(&["status", "--json"]);
        if status.code() == 0
            && let Some(one) = status.json()["by_hand"].get(0)
        {
            return one["worktree"].as_str().unwrap().into();
        }
        assert!(start.elapsed() < Duration::from_secs(60), "nobody was asked: {status:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start<'e>(environment: &'e TestEnvironment, more: &str) -> (TestRepo<'e>, Running, PathBuf) {
    let repo = project(environment);
    let running = repo.start_orc(&["run", &plan(environment, "manual", more), "--progress", "plain"]);
    let worktree = wait_until_asked(&repo);
    (repo, running, worktree)
}

fn notes(repo: &TestRepo<'_>) -> Vec<String> {
    let ledger = repo.ledger();
    let finished = ledger.of_kind("step_finished");
    let notes = finished.iter().flat_map(|entry| entry["notes"].as_array().cloned().unwrap_or_default());
    notes.map(|note| note.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_person_does_is_merged() {
    let environment = TestEnvironment::new();
    let (repo, running, worktree) = start(&environment, "");
    let instructions = std::fs::read_to_string(step_file(&repo, "INSTRUCTIONS.md")).unwrap();
    for text in ["say hello", "git orc done ws-a", "--give-up", worktree.to_str().unwrap()] {
        assert!(instructions.contains(text), "`{text}` is missing in {instructions}");
    }
    let status = repo.orc(&["status"]).expect_code(0).stdout;
    assert!(status.contains("ws-a waits for a person") && status.contains("git orc done ws-a"), "{status}");
    // A commit, one more change, and a change of the user's own configuration meanwhile.
    std::fs::write(worktree.join("a/x.txt"), "by hand\n").unwrap();
    let git = |arguments: &[&str]| {
        let mut command = environment.command("git");
        crate::harness::run(command.arg("-C").arg(&worktree).args(arguments)).expect_code(0)
    };
    git(&["commit", "--quiet", "--all", "--message", "by hand"]);
    std::fs::write(worktree.join("a/new.txt"), "new\n").unwrap();
    repo.git(&["config", "alias.mine", "status"]);
    repo.git(&["branch", "mine"]);
    repo.orc(&["done", "ws-a", "--message", "by pairing"]).expect_code(0);
    let outcome = running.finish().expect_code(0);
    let told = &outcome.stderr;
    assert!(told.contains("ws-a waits for a person worktree=") && told.contains("instructions="), "{told}");
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "by hand");
    assert_eq!(repo.git(&["show", "orc/tour:a/new.txt"]), "new");
    assert_eq!(repo.git(&["config", "alias.mine"]), "status");
    assert!(repo.git(&["log", "--author=manual", "--format=%s", "refs/orc/ledger"]).contains("patch"));
    let notes = notes(&repo);
    assert!(notes.contains(&"done by Ada Example <ada@example.org>: by pairing".to_owned()), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("folded in")), "{notes:?}");
    assert!(repo.ledger().of_kind("integrity_violated").is_empty());
    repo.git(&["branch", "-D", "mine"]);
    assert_sound(&repo);
}

#[test]
fn a_person_is_held_by_no_sandbox() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let mut command = repo.command("git-orc");
    let running = Running::start(command.args(["run", &plan(&environment, "manual", "")]).env("ORC_SANDBOX", "auto"));
    let worktree = wait_until_asked(&repo);
    std::fs::write(worktree.join("a/x.txt"), "by hand\n").unwrap();
    for arguments in [&["switch", "--quiet", "--create", "mine"][..], &["commit", "--quiet", "--all", "--message", "by hand"]] {
        let mut command = environment.command("git");
        crate::harness::run(command.arg("-C").arg(&worktree).args(arguments)).expect_code(0);
    }
    repo.orc(&["done", "ws-a"]).expect_code(0);
    running.finish().expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "by hand");
    // The branch that was made there is theirs.
    assert_eq!(repo.git(&["log", "-1", "--format=%s", "mine"]), "by hand");
    assert_sound(&repo);
}

#[test]
fn a_person_may_give_up() {
    let environment = TestEnvironment::new();
    let (repo, running, worktree) = start(&environment, "");
    std::fs::write(worktree.join("a/x.txt"), "half\n").unwrap();
    let refused = repo.orc(&["done", "ws-a", "--give-up", " "]);
    assert!(refused.code() != 0 && refused.stderr.contains("a reason is needed"), "{refused:?}");
    repo.orc(&["done", "ws-a", "tour", "--give-up", "needs a decision"]).expect_code(0);
    assert_ne!(running.finish().code(), 0);
    let ledger = repo.ledger();
    let finished = ledger.of_kind("step_finished")[0];
    assert_eq!(finished["exit_code"], 25, "{finished}");
    let expect = "given up by Ada Example <ada@example.org>: needs a decision";
    assert!(finished["message"].as_str().unwrap().contains(expect), "{finished}");
    let kept: Vec<&Value> = ledger.of_kind("patch_created");
    assert_eq!(repo.git(&["show", &format!("{}:a/x.txt", kept[0]["commit"].as_str().unwrap())]), "half");
    assert_sound(&repo);
}

#[test]
fn who_can_not_be_answered_is_told_so() {
    let environment = TestEnvironment::new();
    let check = |outcome: crate::harness::Outcome, words: &str| {
        assert!(outcome.code() == 128 && outcome.stderr.contains(words), "{words}: {outcome:?}");
    };
    let (repo, running, _) =
        start(&environment, "  - {id: ws-b, files_scope: [b], tool: command, command: [\"true\"], depends_on: [ws-a]}\n");
    check(repo.orc(&["done", "ws-b"]), "`ws-b` waits for nobody");
    check(repo.orc(&["done", "ws-b"]), "What waits: ws-a.");
    check(repo.orc(&["done", "ws-c", "tour"]), "has no workstream `ws-c`");
    check(repo.orc(&["done", "ws-a", "other"]), "there is no run `other`");
    running.kill();
    check(repo.orc(&["done", "ws-a"]), "nobody drives run");
}

#[test]
fn unfinished_work_of_a_run_that_crashed_is_kept_and_the_step_begins_again() {
    let environment = TestEnvironment::new();
    let (repo, running, worktree) = start(&environment, "");
    std::fs::write(worktree.join("a/x.txt"), "half\n").unwrap();
    running.kill();
    let running = repo.start_orc(&["resume"]);
    let start = Instant::now();
    while repo.ledger().of_kind("run_resumed").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "it was not resumed");
        std::thread::sleep(Duration::from_millis(20));
    }
    let worktree = wait_until_asked(&repo);
    assert_eq!(std::fs::read_to_string(worktree.join("a/x.txt")).unwrap(), "a 1\na 2\na 3\n");
    let ledger = repo.ledger();
    let kept = ledger.of_kind("patch_created").into_iter().find(|entry| entry["origin"] == "salvage").unwrap();
    let commit = kept["commit"].as_str().unwrap().to_owned();
    assert_eq!(repo.git(&["show", &format!("{commit}:a/x.txt")]), "half");
    // Whoever wants to go on from there takes it.
    let mut command = environment.command("git");
    crate::harness::run(command.arg("-C").arg(&worktree).args(["checkout", "--quiet", &commit, "--", "a/x.txt"])).expect_code(0);
    repo.orc(&["done", "ws-a"]).expect_code(0);
    running.finish().expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "half");
    assert_sound(&repo);
}
