//! Effects outside of the repository are undone after the work, in its reverse order.

use super::{assert_sound, project, rollback, run, shell, states, tip};
use crate::harness::{TestEnvironment, TestRepo};

fn with_actions(actions: &[&str]) -> String {
    format!("    compensation_actions: [{}]\n", actions.iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(", "))
}

/// Three workstreams, each with an action that says its name and what it was told.
fn three(repo: &TestRepo<'_>, of_b: &[&str]) {
    let tell = |id: &str| format!("sh -c 'echo {id} $ORC_WORKSTREAM $ORC_ROLLBACK_REASON $(ls a) >>$HOME/done'");
    let all = [
        shell("ws-a", "echo a >a/new.txt", &with_actions(&[&tell("first"), &tell("second")])),
        shell("ws-b", "echo b >b/new.txt", &with_actions(of_b)),
        shell("ws-c", "echo c >c/new.txt", &with_actions(&[&tell("third")])),
    ];
    run(repo, "", &all);
}

fn done(environment: &TestEnvironment) -> Vec<String> {
    let text = std::fs::read_to_string(environment.home().join("done")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn they_run_in_reverse_order_of_merging_on_what_is_left() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo, &["drop the preview deployment"]);
    let told = rollback(&repo, &["tour", "--dry-run", "--json"]).expect_code(0).json();
    let words = |document: &serde_json::Value| {
        let all = document["compensations"].as_array().unwrap().clone();
        all.iter().map(|one| format!("{} {}", one["workstream"].as_str().unwrap(), one["state"].as_str().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(words(&told), ["ws-c skipped", "ws-b for_person", "ws-a skipped", "ws-a skipped"]);
    assert_eq!(done(&environment), [""; 0], "nothing was run");
    let before = repo.fingerprint("orc/tour");
    // What is prose is left to a person.
    let document = rollback(&repo, &["tour", "--reason", "too early", "--json"]).expect_code(3).json();
    repo.assert_untouched(&before);
    assert_eq!(words(&document), ["ws-c passed", "ws-b for_person", "ws-a passed", "ws-a passed"]);
    assert_eq!(done(&environment), ["third ws-c too early x.txt", "first ws-a too early x.txt", "second ws-a too early x.txt"]);
    let ledger = repo.ledger();
    assert_eq!(ledger.of_kind("compensation_finished").iter().filter(|entry| entry["exit_code"] == 0).count(), 3);
    assert_sound(&repo);
    // Once is enough.
    rollback(&repo, &["tour", "--reason", "again"]).expect_code(0);
    rollback(&repo, &["tour", "--compensate-only"]).expect_code(0);
    assert_eq!(done(&environment).len(), 3);
}

#[test]
fn one_that_fails_undoes_nothing_and_runs_again_when_asked() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo, &["sh -c 'test -e $HOME/ready'", "sh -c 'echo late >>$HOME/done'"]);
    let failed = rollback(&repo, &["tour", "--reason", "no"]).expect_code(1);
    for words in ["failed: `sh -c", "not run, since one before it failed", "--compensate-only"] {
        assert!(failed.stdout.contains(words), "{}", failed.stdout);
    }
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b reverted", "ws-c reverted"], "the work stays undone");
    assert_eq!(done(&environment).len(), 3, "the others did what they could");
    let new = tip(&repo);
    // The same command tells of it and runs what was never begun, but not what failed.
    rollback(&repo, &["tour", "--reason", "no"]).expect_code(1);
    std::fs::write(environment.home().join("ready"), "").unwrap();
    rollback(&repo, &["tour", "--compensate-only"]).expect_code(0);
    assert_eq!((done(&environment).len(), done(&environment)[3].as_str(), tip(&repo)), (4, "late", new));
    assert_sound(&repo);
}

#[test]
fn they_can_be_left_and_made_up_for() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo, &[]);
    rollback(&repo, &["tour/ws-c", "--no-compensation", "--reason", "no"]).expect_code(0);
    assert_eq!(done(&environment), [""; 0]);
    rollback(&repo, &["tour/ws-c", "--compensate-only"]).expect_code(0);
    assert_eq!(done(&environment), ["third ws-c no new.txt x.txt"]);
    let nothing = rollback(&repo, &["tour/ws-a", "--compensate-only"]).expect_code(128);
    assert!(nothing.stderr.contains("nothing of workstream ws-a was undone"), "{}", nothing.stderr);
}

#[test]
fn the_commands_of_a_foreign_plan_are_not_run_unasked() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo, &[]);
    environment.run("git", &["clone", "--quiet", "project", "other"]).expect_code(0);
    let other = environment.open("other");
    other.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    let old = tip(&other);
    let refused = rollback(&other, &["tour/ws-c", "--reason", "no"]).expect_code(3);
    assert!(refused.stderr.contains("was started in another clone") && refused.stderr.contains("--trust"), "{}", refused.stderr);
    assert_eq!((tip(&other), done(&environment).len()), (old, 0));
    rollback(&other, &["tour/ws-c", "--reason", "no", "--trust"]).expect_code(0);
    assert_eq!(done(&environment).len(), 1);
    other.orc(&["verify"]).expect_code(0);
}

#[test]
fn what_was_cut_short_is_not_run_again_unasked() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let slow = "sh -c 'echo begun >>$HOME/done; test -e $HOME/fast || sleep 60'";
    run(&repo, "", &[shell("ws-a", "echo a >a/new.txt", &with_actions(&[slow]))]);
    let mut running = repo.start_orc(&["rollback", "tour", "--reason", "no"]);
    while done(&environment).is_empty() {
        assert!(running.is_running());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.kill();
    std::fs::write(environment.home().join("fast"), "").unwrap();
    let told = rollback(&repo, &["tour", "--reason", "no"]).expect_code(1);
    assert!(told.stdout.contains("cut short"), "{}", told.stdout);
    assert_eq!(done(&environment), ["begun"]);
    rollback(&repo, &["tour", "--compensate-only"]).expect_code(0);
    assert_eq!(done(&environment), ["begun", "begun"]);
    assert_sound(&repo);
}
