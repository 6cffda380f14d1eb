//! `git orc verify`, `doctor` and `gc`: what was tampered with is found, what is broken is named and mended, what is kept stays.

mod collecting;
mod doctoring;
mod surgery;
mod tampering;

use crate::harness::{TestEnvironment, TestRepo};

/// A plan in which most kinds of things happen: a FIX step, a failed workstream, one in quarantine, two waves, a gate.
const TOUR: &str = r#"
version: 1
name: tour
target: orc/tour
defaults: { retry: { max_attempts: 1 } }
gates: { wave: [["test", "-f", "README"]] }
workstreams:
  - id: ws-a
    files_scope: ["a/**"]
    tool: command
    command: ["sh", "-c", "echo hello >> a/x.txt"]
    static: [["grep", "-q", "hello", "a/x.txt"]]
  - id: ws-b
    files_scope: ["b/**"]
    tool: command
    command: ["sh", "-c", "echo $ORC_ATTEMPT hello >> b/x.txt"]
    static: [["sh", "-c", "test $(grep -c hello b/x.txt) -gt 1"]]
    depends_on: []
  - id: ws-c
    files_scope: ["c/**"]
    tool: command
    command: ["sh", "-c", "tail -n 1 a/x.txt > c/y.txt"]
    depends_on: [ws-a]
  - id: ws-d
    files_scope: ["d/**"]
    tool: command
    command: ["sh", "-c", "echo escaped > README"]
"#;

/// Makes a repository and runs the plan in it.
fn toured(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    for folder in ["a", "b", "c", "d"] {
        repo.write(&format!("{folder}/x.txt"), (1..=10).map(|n| format!("{folder} line {n}\n")).collect::<String>());
    }
    repo.write("README", "a project\n");
    repo.commit("files");
    std::fs::write(environment.root().join("tour.yaml"), TOUR).unwrap();
    let outcome = repo.orc(&["run", "../tour.yaml"]);
    assert!(outcome.status.code().is_some_and(|code| code < 4), "{outcome:#?}");
    repo
}

/// Copies a repository, its git directory and its work tree, and returns the copy.
fn copy<'e>(environment: &'e TestEnvironment, repo: &TestRepo<'_>, name: &str) -> TestRepo<'e> {
    let to = environment.root().join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).unwrap();
    }
    environment.run("cp", &["-a", repo.path().to_str().unwrap(), to.to_str().unwrap()]).expect_code(0);
    environment.open(name)
}

/// Returns the rules that a verification says are broken.
fn broken(repo: &TestRepo<'_>) -> Vec<String> {
    let outcome = repo.orc(&["verify", "--json"]);
    if outcome.code() == 128 {
        return vec!["unreadable".to_owned()];
    }
    let document = outcome.json();
    let flaws = document["flaws"].as_array().unwrap();
    let problems = flaws.iter().filter(|flaw| flaw["severity"] == "problem").count();
    assert_eq!(outcome.code(), i32::from(problems > 0), "{document:#}");
    flaws.iter().map(|flaw| flaw["rule"].as_str().unwrap().to_owned()).collect()
}
