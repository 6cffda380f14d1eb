//! Rounds that fail, budgets that end, goals without which work is not done.

use super::stage::Stage;
use crate::harness::TestEnvironment;

const HUNDRED: &str = "    goals:\n      - {id: size, measure: words, in: \"book/**\", at_least: 100}\n";

#[test]
fn a_round_that_breaks_a_check_is_given_up_and_the_work_before_it_stays() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("test $ORC_STEP = edit && write 40 || { write 90; echo broken >> book/text.md; }");
    let checks = "    static: [[sh, -c, '! grep -q broken book/text.md']]\n    circuit_breaker: {max_fix_iterations: {static: 1}}\n";
    stage.run(&Stage::plan(&format!("{checks}{HUNDRED}")), &[], 0);
    assert_eq!((stage.values(0), stage.words()), (vec![40.0], 40));
    assert_eq!(stage.strategies(), ["addition", "expansion"]);
    assert_eq!(stage.settled(), "stalled: 0 of 1 goal met; size 40 of 100 (2 rounds brought no progress)");
    assert!(stage.calls().contains(&"fix".to_owned()), "{:?}", stage.calls());
    stage.assert_sound();
}

#[test]
fn what_a_policy_calls_critical_ends_the_round_that_made_it_and_not_the_run() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("test $ORC_STEP = edit && write 40 || write 5");
    let policy = "    policies: [{cause: found, found: [too_short], action: halt}]\n";
    let steps = "    steps: [{id: edit, fixes: 1, expects: [{words: 30, in: book/text.md, condition: too_short}]}]\n";
    stage.run(&Stage::plan(&format!("{policy}{steps}{HUNDRED}")), &[], 0);
    assert_eq!((stage.values(0), stage.words()), (vec![40.0], 40));
    assert!(stage.repo.ledger().of_kind("escalated").is_empty());
    stage.assert_sound();
}

#[test]
fn an_improvement_outside_of_the_scope_is_quarantined_and_the_work_lands() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("test $ORC_STEP = edit && write 40 || { write 100; echo x > README; }");
    stage.run(&Stage::plan(HUNDRED), &[], 0);
    assert_eq!((stage.words(), stage.repo.ledger().of_kind("patch_quarantined").len()), (40, 2));
    stage.assert_sound();
}

#[test]
fn a_required_goal_that_is_not_met_fails_the_workstream() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write 40; echo $$ >> book/text.md");
    let required = HUNDRED.replace("at_least: 100", "at_least: 100, required: true");
    stage.run(&Stage::plan(&required), &[], 1);
    let status = stage.repo.orc(&["status", "--json"]).expect_code(0).json();
    let one = &status["workstreams"][0];
    let reason = one["reason"].as_str().unwrap();
    assert_eq!(one["state"], "failed");
    assert!(reason.starts_with("it is not done without size: 0 of 1 goal met; size 41 of 100"), "{reason}");
    stage.repo.ledger().assert_sound();

    let paused = format!("{required}    circuit_breaker: {{on_exhausted: pause}}\n");
    stage.run(&Stage::plan(&paused).replace("tour", "other"), &[], 3);
}

#[test]
fn a_budget_that_ends_leaves_the_best_work() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write $(($(have) + 20))");
    stage.run(&Stage::plan(HUNDRED), &["--budget", "workstream.usd=1"], 0);
    assert_eq!((stage.values(0), stage.words()), (vec![30.0, 50.0, 70.0], 70));
    let settled = stage.settled();
    assert!(
        settled.starts_with("budget: 0 of 1 goal met; size 70 of 100 (the budget of the workstream is used up: $1.20 of $1.00"),
        "{settled}"
    );
    stage.assert_sound();
}

#[test]
fn a_budget_that_ends_before_a_required_goal_waits_for_more() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write $(($(have) + 30))");
    let required = HUNDRED.replace("at_least: 100", "at_least: 100, required: true");
    stage.run(&Stage::plan(&required), &["--budget", "workstream.usd=0.7"], 3);
    assert_eq!(stage.values(0), [40.0, 70.0]);
    let told = stage.repo.orc(&["resume", "--progress=none", "--budget", "workstream.usd=5"]);
    told.expect_code(0);
    assert_eq!((stage.values(0), stage.words()), (vec![40.0, 70.0, 100.0], 100));
    assert_eq!(stage.settled(), "met: 1 of 1 goal met");
    stage.assert_sound();
}

#[test]
fn what_can_not_be_measured_is_said_and_is_not_met() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write 40");
    let goals = "    goals:\n      - {id: none, command: [echo, nothing], at_least: 1}\n      - {id: cov, measure: coverage, at_least: 50}\n      - {id: bad, \
                 command: [no-such-program], at_least: 1}\n";
    stage.run(&Stage::plan(goals), &[], 0);
    assert_eq!(stage.values(0), [-1.0]);
    let told = stage.goals();
    let note = |goal: usize| told["goals"][goal]["values"][0]["note"].as_str().unwrap_or_default().to_owned();
    assert_eq!(note(0), "`echo nothing` printed no such number");
    assert!(note(1).starts_with("there is no report of coverage in coverage.xml"), "{}", note(1));
    assert!(note(2).contains("no-such-program"), "{}", note(2));
    assert!(stage.settled().contains("0 of 3 goals met; none not measured of 1"), "{}", stage.settled());
}

#[test]
fn each_goal_is_measured_on_the_captured_tree() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write 40");
    // A check that mends by itself, and a measure that spoils: neither is what is merged.
    let checks = "    static: [[sh, -c, 'seq 100 > book/text.md; echo x > report.txt']]\n";
    let one = |id: &str, script: &str| format!("      - {{id: {id}, command: [sh, -c, '{script}'], at_least: 100}}\n");
    let goals = one("size", "wc -w < book/text.md; seq 7 > book/text.md; rm -rf book/deep")
        + &one("again", "wc -w < book/text.md")
        + &one("left", "grep -c x report.txt");
    stage.run(&Stage::plan(&format!("{checks}    goals:\n{goals}    circuit_breaker: {{max_fix_iterations: {{static: 0}}}}\n")), &[], 0);
    assert_eq!((stage.values(0)[0], stage.values(1)[0], stage.values(2)[0], stage.words()), (40.0, 40.0, 1.0, 40));
    stage.assert_sound();
}
