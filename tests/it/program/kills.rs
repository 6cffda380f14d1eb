//! Drivers that are killed or stopped, and what a resume makes of it.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{assert_sound, plan, project};
use crate::harness::{Outcome, Running, TestEnvironment, TestRepo};

/// Two waves of slow tools, a FIX step, a gate.
const SLOW: &str = r#"
version: 1
name: tour
max_workers: 2
defaults: {retry: {max_attempts: 2, initial_delay_sec: 0.01}}
gates: { wave: [[sh, -c, "sleep 0.1; test -f README"]] }
workstreams:
  - id: a
    files_scope: ["a/**"]
    tool: command
    command: [sh, -c, "echo half >a/half.txt; sleep 0.2; rm a/half.txt; echo bad >a/x.txt"]
    fix: [sh, -c, "sleep 0.1; echo good >a/x.txt"]
    static: [[sh, -c, "sleep 0.1; grep -q good a/x.txt"]]
  - id: b
    files_scope: ["b/**"]
    tool: command
    command: [sh, -c, "sleep 0.3; mv b/x.txt b/y.txt"]
  - id: c
    files_scope: ["c/**"]
    tool: command
    command: [sh, -c, "sleep 0.1; echo c >c/n.txt"]
  - id: d
    depends_on: [a, b]
    files_scope: ["d/**"]
    tool: command
    command: [sh, -c, "sleep 0.2; cat a/x.txt b/y.txt >d/x.txt"]
"#;

fn tree_of(repo: &TestRepo<'_>) -> String {
    repo.git(&["rev-parse", "orc/tour^{tree}"])
}

/// Asserts that every workstream was merged once, by patches that were merged once.
fn assert_all_merged_once(repo: &TestRepo<'_>) {
    let ledger = repo.ledger();
    let mut merged: Vec<&str> = ledger.of_kind("workstream_merged").iter().map(|e| e["workstream"].as_str().unwrap()).collect();
    merged.sort_unstable();
    assert_eq!(merged, ["a", "b", "c", "d"]);
    let mut patches: Vec<&str> = ledger.of_kind("patch_merged").iter().map(|e| e["patch"].as_str().unwrap()).collect();
    let all = patches.len();
    patches.sort_unstable();
    patches.dedup();
    assert_eq!(patches.len(), all, "a patch was merged twice");
    let merges = repo.git(&["log", "--merges", "--first-parent", "--format=%s", "orc/tour"]);
    assert_eq!(merges.lines().count(), 4, "{merges}");
}

/// Returns the tree of a run that nobody disturbed, and how long it took.
fn undisturbed() -> (String, Duration) {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", SLOW);
    let start = Instant::now();
    repo.start_orc(&["run", &plan]).finish().expect_code(0);
    let took = start.elapsed();
    assert_all_merged_once(&repo);
    (tree_of(&repo), took)
}

/// Kills the driver at a moment, resumes, and compares; `again` kills the resume as well.
fn kill_and_resume(at: Duration, again: Option<Duration>, tree: &str) -> Killed {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let plan = plan(&environment, "tour.yaml", SLOW);
    let running = repo.start_orc(&["run", &plan]);
    std::thread::sleep(at);
    running.kill();
    if let Some(at) = again {
        let running = repo.start_orc(&["resume"]);
        std::thread::sleep(at);
        running.kill();
    }
    let is_known = repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() == 0;
    let killed = match is_known {
        false => Killed::BeforeItBegan,
        true if repo.ledger().of_kind("run_completed").is_empty() => Killed::Midway,
        true => Killed::AfterTheEnd,
    };
    match killed {
        Killed::BeforeItBegan => drop(repo.orc(&["run", &plan]).expect_code(0)),
        Killed::Midway => drop(repo.orc(&["resume"]).expect_code(0)),
        Killed::AfterTheEnd => drop(repo.orc(&["resume"]).expect_code(128)),
    }
    assert_eq!(tree_of(&repo), tree, "killed after {at:?}, again after {again:?}");
    assert_all_merged_once(&repo);
    repo.assert_untouched(&before);
    assert_sound(&environment, &repo);
    assert!(!repo.git_dir().join("index.lock").exists());
    killed
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    BeforeItBegan,
    Midway,
    AfterTheEnd,
}

#[test]
fn a_killed_run_is_resumed_to_the_same_end() {
    let (tree, took) = undisturbed();
    let killed = [2, 5, 8].map(|part| kill_and_resume(took * part / 10, None, &tree));
    assert!(killed.contains(&Killed::Midway), "{killed:?}");
}

#[test]
#[ignore = "half a minute: kills the program at ten moments, and at ten more kills the resume as well"]
fn a_run_is_killed_at_ten_moments() {
    let (tree, took) = undisturbed();
    let killed: Vec<Killed> = (1..=10).map(|part| kill_and_resume(took * part / 11, None, &tree)).collect();
    // Other programs on the machine decide how far a run is at a moment; that most kills hit one is seen in `fault::kills`.
    assert!(killed.iter().filter(|killed| **killed == Killed::Midway).count() >= 3, "{killed:?}");
    for part in 1..=10 {
        kill_and_resume(took * part / 11, Some(took * (part * 3 % 11) / 11), &tree);
    }
}

fn send(running: &Running, signal: Signal) {
    kill_process(Pid::from_raw(running.pid().try_into().unwrap()).unwrap(), signal).unwrap();
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One tool that has done half of its work when the signal comes, and one that has not begun.
const HALF: &str = r#"
version: 1
name: tour
max_workers: 1
workstreams:
  - id: a
    files_scope: ["a/**"]
    tool: command
    command: [sh, -c, "echo half >a/x.txt; touch $HOME/up; test -e $HOME/again || sleep 60; echo whole >a/x.txt"]
  - id: b
    files_scope: ["b/**"]
    tool: command
    command: [sh, -c, "echo b >b/x.txt"]
"#;

/// Sends signals to a run, checks what is left, resumes it.
fn stop_and_resume(signals: &[Signal], code: i32) -> (Duration, Outcome) {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let plan = plan(&environment, "tour.yaml", HALF);
    let running = repo.start_orc(&["run", &plan, "--json"]);
    wait_for(&environment.home().join("up"));
    let start = Instant::now();
    for signal in signals {
        send(&running, *signal);
        std::thread::sleep(Duration::from_millis(30));
    }
    let outcome = running.finish().expect_code(code);
    let took = start.elapsed();
    repo.assert_untouched(&before);
    std::fs::write(environment.home().join("again"), "").unwrap();
    let document = repo.orc(&["resume", "--json"]).expect_code(0).json();
    assert_eq!(document["state"], "completed");
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "whole");
    assert_eq!(repo.git(&["show", "orc/tour:b/x.txt"]), "b");
    let ledger = repo.ledger();
    let salvaged = ledger.of_kind("patch_created").into_iter().find(|e| e["origin"] == "salvage").expect("the half work is kept");
    let commit = salvaged["commit"].as_str().unwrap();
    assert_eq!(repo.git(&["show", &format!("{commit}:a/x.txt")]), "half");
    assert!(!repo.git(&["for-each-ref", "--contains", commit, "refs/orc/"]).is_empty(), "the half work is not reachable");
    repo.assert_untouched(&before);
    assert_sound(&environment, &repo);
    (took, outcome)
}

#[test]
fn one_ctrl_c_stops_gently_and_keeps_what_was_done() {
    let (_, outcome) = stop_and_resume(&[Signal::INT], 130);
    assert_eq!(outcome.json()["state"], "paused");
}

#[test]
fn two_ctrl_c_stop_at_once_and_lose_nothing() {
    let (took, _) = stop_and_resume(&[Signal::INT, Signal::INT], 130);
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

#[test]
fn a_termination_is_a_stop_with_its_own_code() {
    let (_, outcome) = stop_and_resume(&[Signal::TERM], 143);
    assert_eq!(outcome.json()["state"], "paused");
}
