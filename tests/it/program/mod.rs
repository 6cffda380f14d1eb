//! The program as its users start it.

mod contract;
mod kills;
mod large;
mod neighbours;
mod signals;

use crate::harness::{TestEnvironment, TestRepo};

/// Makes a repository with folders `a` to `d`, each with a file `x.txt` of ten lines.
fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b", "c", "d"] {
        repo.write(&format!("{folder}/x.txt"), (1..=10).map(|n| format!("{folder} line {n}\n")).collect::<String>());
    }
    repo.write("README", "a project\n");
    repo.commit("files");
    repo
}

/// Writes a plan beside the repository and returns its path.
fn plan(environment: &TestEnvironment, name: &str, text: &str) -> String {
    let path = environment.root().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Asserts what must hold after every run: sound objects, a sound ledger, no worktree left.
fn assert_sound(environment: &TestEnvironment, repo: &TestRepo<'_>) {
    repo.assert_sound();
    repo.ledger().assert_sound();
    assert_eq!(repo.worktrees().len(), 1, "worktrees are left: {:?}", repo.worktrees());
    assert!(!environment.root().join("project.orc").exists(), "{}", environment.run("find", &["project.orc"]).stdout);
}
