//! `git orc rollback`: merged work is undone as plain git would undo it, recorded, and nothing of the user's is touched.

mod compensating;
mod cuts;
mod gates;
mod refusing;
mod undoing;
mod verifying;

use std::path::Path;

use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// Makes a repository with folders `a` to `d`, each with a file of ten lines, and one that everybody may change.
fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b", "c", "d"] {
        repo.write(&format!("{folder}/x.txt"), (1..=10).map(|n| format!("{folder} line {n}\n")).collect::<String>());
    }
    repo.write("shared.txt", (1..=30).map(|n| format!("line {n}\n")).collect::<String>());
    repo.commit("files");
    repo
}

/// A workstream that runs a line of shell, with more said about it.
fn shell(id: &str, line: &str, more: &str) -> String {
    format!("  - id: {id}\n    files_scope: ['**']\n    parallel_ok: false\n    tool: command\n    command: [sh, -ec, {line:?}]\n{more}")
}

/// Runs a plan of these workstreams, with more said about the plan, to its end.
fn run(repo: &TestRepo<'_>, head: &str, workstreams: &[String]) {
    let plan = repo.root().join("tour.yaml");
    std::fs::write(&plan, format!("version: 1\nname: tour\ntarget: orc/tour\n{head}workstreams:\n{}", workstreams.concat())).unwrap();
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(0);
}

/// Three workstreams that touch each other's lines nowhere.
fn three(repo: &TestRepo<'_>) {
    let all = [
        shell("ws-a", "sed -i 's/line 3/LINE 3/' a/x.txt shared.txt; echo new >a/new.txt", ""),
        shell("ws-b", "git mv b/x.txt b/y.txt 2>/dev/null || mv b/x.txt b/y.txt; sed -i 's/^line 15$/LINE 15/' shared.txt", ""),
        shell("ws-c", "rm c/x.txt; sed -i 's/^line 25$/LINE 25/' shared.txt", ""),
    ];
    run(repo, "", &all);
}

/// Rolls something back and returns what came of it.
fn rollback(repo: &TestRepo<'_>, arguments: &[&str]) -> Outcome {
    repo.orc(&[&["rollback"], arguments].concat())
}

fn tip(repo: &TestRepo<'_>) -> String {
    repo.git(&["rev-parse", "orc/tour"])
}

fn tree(repo: &TestRepo<'_>, commit: &str) -> String {
    repo.git(&["rev-parse", &format!("{commit}^{{tree}}")])
}

/// Returns the merge commit of a workstream, as the ledger tells it.
fn merge_of(repo: &TestRepo<'_>, workstream: &str) -> String {
    let ledger = repo.ledger();
    let merged = ledger.of_kind("workstream_merged").into_iter().find(|entry| entry["workstream"] == workstream).unwrap();
    merged["merge"].as_str().unwrap().to_owned()
}

/// Undoes merges with plain git in a clone, one after the other on top of a commit, and returns the tree that they lead to.
fn by_plain_git(environment: &TestEnvironment, tip: &str, merges: &[String]) -> String {
    let folder = environment.root().join("plain");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    environment.run("git", &["clone", "--quiet", "--no-checkout", "project", "plain"]).expect_code(0);
    let plain = environment.open("plain");
    plain.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    plain.git(&["checkout", "--quiet", "--detach", tip]);
    for merge in merges {
        plain.git(&["revert", "-m", "1", "--no-edit", merge]);
    }
    plain.git(&["rev-parse", "HEAD^{tree}"])
}

/// Puts a repository back to where it was when an entry had been written and nothing after it: whoever wrote it died there.
pub(crate) fn cut(repo: &TestRepo<'_>, (ledger, branch): (&str, &str)) {
    repo.git(&["update-ref", "refs/orc/ledger", ledger]);
    repo.git(&["update-ref", "refs/heads/orc/tour", branch]);
    let remembered: &Path = &repo.git_dir().join("orc");
    for file in std::fs::read_dir(remembered).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() && file.file_name().is_some_and(|name| name.to_string_lossy().contains("tip")) {
            std::fs::remove_file(file).unwrap();
        }
    }
}

/// Returns where the workstreams stand, in their order.
fn states(repo: &TestRepo<'_>) -> Vec<String> {
    let document = repo.orc(&["status", "tour", "--json"]).json();
    let word = |one: &Value| format!("{} {}", one["id"].as_str().unwrap(), one["state"].as_str().unwrap());
    document["workstreams"].as_array().unwrap().iter().map(word).collect()
}

/// Asserts what must hold after whatever was done: sound objects, a ledger that verifies without a warning, no worktree left.
fn assert_sound(repo: &TestRepo<'_>) {
    repo.assert_sound();
    repo.ledger().assert_sound();
    assert_eq!(repo.worktrees().len(), 1, "worktrees are left: {:?}", repo.worktrees());
    let verified = repo.orc(&["verify", "--json"]).expect_code(0).json();
    assert_eq!(verified["flaws"].as_array().unwrap().len(), 0, "{verified:#}");
}
