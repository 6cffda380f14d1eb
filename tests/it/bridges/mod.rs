//! Tools that git-orc's own program does the part of: a model behind an API, a program that is talked to, a person.

mod acp;
mod api;
mod manual;
mod server;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo, run};

/// Makes a repository with folders `a` and `b`, each with a file `x.txt` of three lines.
fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b"] {
        repo.write(&format!("{folder}/x.txt"), format!("{folder} 1\n{folder} 2\n{folder} 3\n"));
    }
    repo.commit("files");
    repo
}

/// Writes the user's profiles.
fn profiles(environment: &TestEnvironment, text: &str) {
    let folder = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tool_profiles.json"), text).unwrap();
}

/// Writes a plan of one workstream `ws-a`, tried once, and returns its path.
fn plan(environment: &TestEnvironment, tool: &str, more: &str) -> String {
    let path = environment.root().join("plan.yaml");
    let retry = "    retry: {max_attempts: 1}\n";
    let text = format!(
        "version: 1\nname: tour\nworkstreams:\n  - id: ws-a\n    files_scope: [\"a/**\"]\n    tool: {tool}\n    tasks: [say hello]\n{retry}{more}"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Asserts what must hold after every run: sound objects, a sound ledger, no worktree left.
fn assert_sound(repo: &TestRepo<'_>) {
    repo.assert_sound();
    repo.ledger().assert_sound();
    assert_eq!(repo.worktrees().len(), 1, "worktrees are left: {:?}", repo.worktrees());
}

/// Returns the only file of this name in the folders of the steps of all runs.
fn step_file(repo: &TestRepo<'_>, name: &str) -> PathBuf {
    let found: Vec<PathBuf> = walk(&repo.git_dir().join("orc/runs")).into_iter().filter(|path| path.ends_with(name)).collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0].clone()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// What a bridge did that was started by itself.
struct Bridged {
    outcome: Outcome,
    report: Value,
}

/// Starts a bridge as the engine does, in a folder of its own.
fn bridge(environment: &TestEnvironment, order: &Value, (variables, program): (&[(&str, &str)], &[&str])) -> Bridged {
    let (worktree, run_dir) = (environment.root().join("worktree"), environment.root().join("run"));
    for folder in [&worktree, &run_dir] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(run_dir.join("bridge.json"), order.to_string()).unwrap();
    std::fs::write(run_dir.join("prompt.md"), "say hello\n").unwrap();
    let mut command = environment.command("git-orc");
    command.current_dir(worktree).envs(variables.iter().copied());
    command.args(["__bridge", order["kind"].as_str().unwrap()]).arg(&run_dir).arg(run_dir.join("prompt.md")).args(program);
    let outcome = run(&mut command);
    let report = serde_json::from_slice(&std::fs::read(run_dir.join("result.json")).unwrap()).unwrap();
    Bridged { outcome, report }
}

#[test]
fn a_bridge_that_a_person_starts_says_so() {
    let environment = TestEnvironment::new();
    let outcome = environment.run("git-orc", &["__bridge", "api"]);
    assert_eq!(outcome.code(), 2, "{outcome:?}");
    assert!(outcome.stderr.contains("by nobody else"), "{outcome:?}");
}
