//! Quality gates: their file, pushes through real git, the hooks of others, and real linters.

mod cost;
mod files;
mod hostile;
mod managers;
mod pushes;
mod real;
mod waves;

use crate::harness::{TestEnvironment, TestRepo};

/// A gate that fails for every file with an exclamation mark, and names the line. It stands in the tree, as linters' own rules do.
const LINT: &str = "#!/bin/sh\n\
    # Every line with an exclamation mark is an error.\n\
    found=$(grep -Hn '!' *.txt)\n\
    [ -z \"$found\" ] && exit 0\n\
    echo \"$found\" | sed 's/^\\([^:]*:[0-9]*\\):\\(.*\\)/\\1:1: error: exclamation mark in \"\\2\"/'\n\
    exit 1\n";

/// A repository with a gate that looks for exclamation marks, its hook installed, and a bare repository to push to.
fn project<'a>(environment: &'a TestEnvironment, gates: &str) -> TestRepo<'a> {
    let repo = environment.repo("w");
    environment.run("git", &["init", "--quiet", "--bare", "remote.git"]).expect_code(0);
    repo.git(&["remote", "add", "origin", "../remote.git"]);
    repo.write_script("lint.sh", LINT);
    repo.write("a.txt", "hello\n");
    repo.write("QUALITY_GATE.yaml", gates);
    repo.commit("start");
    repo.orc(&["hook", "install"]).expect_code(0);
    repo
}

/// Returns whether nothing was ever recorded.
fn has_no_ledger(repo: &TestRepo<'_>) -> bool {
    repo.git(&["for-each-ref", "refs/orc"]).is_empty()
}

const GATES: &str = "gates:\n  - {id: lint, name: No exclamation marks, command: [./lint.sh]}\n";
