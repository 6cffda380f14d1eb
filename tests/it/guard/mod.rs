//! What a tool without a sandbox could change behind git-orc's back: found, put back, told.

mod busy;
mod checkout;
mod cost;
mod gates;
mod refs;
mod shared;

use git_orc::domain::id::RunId;
use git_orc::io::fs::Durability;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::guard::{Guard, GuardSettings};
use git_orc::io::git::ledger_ref::LedgerRef;
use git_orc::io::git::repo::Repo;
use git_orc::io::git::signature::Identity;
use git_orc::io::git::worktree::Worktrees;
use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// A repository with folders `a` to `c`, a hook, a remote and a branch besides `main`.
fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b", "c"] {
        repo.write(&format!("{folder}/x.txt"), (1..=10).map(|n| format!("{folder} line {n}\n")).collect::<String>());
    }
    repo.write("README", "a project\n");
    repo.commit("files");
    repo.git(&["branch", "topic"]);
    repo.git(&["remote", "add", "origin", "https://example.org/x.git"]);
    repo.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n");
    repo
}

/// A workstream of the tool `command`, tried once.
fn shell(id: &str, scope: &str, line: &str) -> String {
    let head = format!("  - id: {id}\n    files_scope: [{scope:?}]\n    tool: command\n    retry: {{max_attempts: 1}}\n");
    format!("{head}    command: [sh, -c, {line:?}]\n")
}

/// Runs a plan named `tour` and returns its outcome.
fn run(environment: &TestEnvironment, repo: &TestRepo<'_>, head: &str, workstreams: &[String]) -> Outcome {
    let path = environment.root().join("plan.yaml");
    std::fs::write(&path, format!("version: 1\nname: tour\n{head}\nworkstreams:\n{}", workstreams.concat())).unwrap();
    repo.orc(&["run", path.to_str().unwrap(), "--json"])
}

/// Returns the changes that the entries of a kind tell of.
fn changes(repo: &TestRepo<'_>, kind: &str) -> Vec<Value> {
    let ledger = repo.ledger();
    ledger.of_kind(kind).iter().flat_map(|entry| entry["changes"].as_array().unwrap().clone()).collect()
}

/// Returns where a workstream stands.
fn state_of(outcome: &Value, id: &str) -> String {
    let all = outcome["workstreams"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} in {outcome}"))["state"].as_str().unwrap().to_owned()
}

/// The guard of a run in a repository.
fn guard(environment: &TestEnvironment, repo: &TestRepo<'_>) -> Guard {
    let opened = Repo::discover(repo.path(), &GitEnv::new(environment.variables()).unwrap()).unwrap();
    let worktrees = Worktrees::new(&opened, &environment.root().join("project.orc")).unwrap();
    let name = Identity { name: "git-orc".to_owned(), email: String::new() };
    let ledger = LedgerRef::new(&opened, name, Durability::Relaxed);
    let settings = GuardSettings {
        run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        target: "refs/heads/orc/tour".to_owned(),
        folder: environment.root().join("run"),
        durability: Durability::Relaxed,
    };
    Guard::new(&opened, &worktrees, ledger, settings).unwrap()
}
