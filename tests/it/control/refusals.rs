//! What does not fit where things stand is refused, with what fits, and nothing is written.

use super::{let_go, plan, project, shell, start, waiting};
use crate::harness::{TestEnvironment, TestRepo};

fn check(repo: &TestRepo<'_>, arguments: &[&str], code: i32, words: &[&str]) {
    let before = repo.git(&["rev-parse", "refs/orc/ledger"]);
    let outcome = repo.orc(arguments).expect_code(code);
    for word in words {
        assert!(outcome.stderr.contains(word), "{arguments:?}: `{word}` is not in {}", outcome.stderr);
    }
    assert_eq!(repo.git(&["rev-parse", "refs/orc/ledger"]), before, "{arguments:?} wrote something");
}

#[test]
fn nothing_is_written_that_does_not_fit() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "", &[shell("a", "", "echo a >a/x.txt"), waiting("b", "    depends_on: [a]\n")]);
    let running = start(&environment, &repo, (&plan, &["b"]));
    // The entry that a step began is the last one for as long as the tool waits.
    std::thread::sleep(std::time::Duration::from_millis(300));
    check(&repo, &["pause", "-w", "a", "--reason", "x"], 128, &["workstream a can not be paused: it is merged", "Nothing can be told"]);
    check(&repo, &["skip", "-w", "b", "--reason", "x"], 128, &["workstream b can not be skipped", "pause, halt"]);
    check(&repo, &["override", "-w", "b", "--reason", "x"], 128, &["can not be overridden: it is in progress"]);
    check(&repo, &["retry", "-w", "b", "--reason", "x"], 128, &["can not be retried"]);
    check(&repo, &["pause", "-w", "bb", "--reason", "x"], 128, &["has no workstream `bb`", "Did you mean `b`?"]);
    check(&repo, &["pause", "--reason", "  "], 129, &["a reason is needed"]);
    check(&repo, &["pause"], 129, &["--reason"]);
    check(&repo, &["skip", "--reason", "x"], 129, &["--workstream"]);
    check(&repo, &["halt", "nobody", "--reason", "x"], 128, &["no run `nobody`"]);
    let_go(&environment, "b");
    running.finish().expect_code(0);
    check(&repo, &["pause", "--reason", "x"], 128, &["no run that is not over"]);
    check(&repo, &["halt", "tour", "--reason", "x"], 128, &["the run can not be halted: it is completed"]);
    check(&repo, &["skip", "tour", "-w", "b", "--reason", "x"], 128, &["part of a run that is completed"]);
}

#[test]
fn a_program_of_a_run_controls_no_run() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let program = env!("CARGO_BIN_EXE_git-orc");
    let line =
        format!("{program} skip -w b --reason mine 2>$HOME/said; {program} retry tour --reason mine 2>$HOME/said-too; echo a >a/x.txt");
    let plan = plan(&environment, "", &[shell("a", "", &line), shell("b", "    depends_on: [a]\n", "echo b >b/x.txt")]);
    repo.orc(&["run", &plan]).expect_code(0);
    for name in ["said", "said-too"] {
        let said = std::fs::read_to_string(environment.home().join(name)).unwrap();
        assert!(said.contains("can not control runs"), "{said}");
    }
    assert!(repo.ledger().of_kind("controlled").is_empty());
}
