//! Controls: a person tells a run something from another terminal while a driver works on it, or while nobody does.

mod again;
mod beside;
mod crashes;
mod halts;
mod refusals;
mod runs;
mod workstreams;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Running, TestEnvironment, TestRepo};

/// Makes a repository with folders `a` to `c`.
fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b", "c"] {
        repo.write(&format!("{folder}/x.txt"), format!("{folder} before\n"));
    }
    repo.commit("files");
    repo
}

/// Writes a plan of these workstreams and returns its path.
fn plan(environment: &TestEnvironment, head: &str, workstreams: &[String]) -> String {
    let path = environment.root().join("tour.yaml");
    std::fs::write(&path, format!("version: 1\nname: tour\n{head}\nworkstreams:\n{}", workstreams.concat())).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A workstream whose tool runs this line of shell.
fn shell(id: &str, more: &str, line: &str) -> String {
    let line = serde_json::to_string(line).unwrap();
    format!("  - id: {id}\n    files_scope: ['{id}/**']\n    tool: command\n    command: [sh, -c, {line}]\n{more}")
}

/// A tool that says that it is there, waits until it may go on, and then writes.
fn waiting(id: &str, more: &str) -> String {
    let line =
        format!("echo half >{id}/x.txt; touch $HOME/{id}.up; while ! test -e $HOME/{id}.go; do sleep 0.05; done; echo done >{id}/x.txt");
    shell(id, more, &line)
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until the tool of a workstream is at work.
fn wait_until_up(environment: &TestEnvironment, id: &str) {
    wait_for(&environment.home().join(format!("{id}.up")));
}

/// Lets the tool of a workstream go on.
fn let_go(environment: &TestEnvironment, id: &str) {
    std::fs::write(environment.home().join(format!("{id}.go")), "").unwrap();
}

/// Waits until the ledger has an entry that this accepts.
fn wait_for_entry(repo: &TestRepo<'_>, accepts: impl Fn(&Value) -> bool) {
    let start = Instant::now();
    while !repo.ledger().entries().iter().any(&accepts) {
        assert!(start.elapsed() < Duration::from_secs(60), "the entry does not come: {:#?}", repo.ledger().entries());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns where a workstream stands, from the document of a run.
fn state_of(document: &Value, id: &str) -> String {
    let all = document["workstreams"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{document:#}"))["state"].as_str().unwrap().to_owned()
}

/// Starts a run of a plan and waits until these tools are at work.
fn start(environment: &TestEnvironment, repo: &TestRepo<'_>, (plan, up): (&str, &[&str])) -> Running {
    let running = repo.start_orc(&["run", plan, "--json"]);
    up.iter().for_each(|id| wait_until_up(environment, id));
    running
}

/// Asserts that everything is in order when nobody works on it any more.
fn assert_sound(repo: &TestRepo<'_>) {
    repo.assert_sound();
    repo.ledger().assert_sound();
    repo.orc(&["verify"]).expect_code(0);
}
