//! Rounds that bring progress, stall, and make it worse.

use super::stage::Stage;
use crate::harness::TestEnvironment;

const HUNDRED: &str = "    goals:\n      - {id: size, measure: words, in: \"book/**\", at_least: 100}\n";

#[test]
fn a_goal_that_is_met_at_once_needs_no_round() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write 120");
    stage.run(&Stage::plan(HUNDRED), &[], 0);
    assert_eq!((stage.calls(), stage.values(0), stage.words()), (vec!["edit".to_owned()], vec![120.0], 120));
    assert_eq!(stage.settled(), "met: 1 of 1 goal met");
    stage.assert_sound();
}

#[test]
fn words_rise_round_by_round_until_there_are_enough() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write $(($(have) + 30))");
    stage.run(&Stage::plan(HUNDRED), &[], 0);
    assert_eq!(stage.values(0), [40.0, 70.0, 100.0]);
    assert_eq!((stage.calls(), stage.words()), (["edit", "improve", "improve"].map(str::to_owned).to_vec(), 100));
    assert_eq!(stage.strategies(), ["addition", "expansion"]);
    let prompt = stage.home("prompt.2.md");
    assert!(
        prompt.contains("Add what is not there yet") && prompt.contains("size 40 of 100") && prompt.contains("Write the book."),
        "{prompt}"
    );
    stage.assert_sound();
}

#[test]
fn a_round_in_which_the_driver_is_killed_is_made_again() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let killed = "if [ $(have) = 40 ] && [ ! -e $HOME/reached ]; then write 5; echo x > $HOME/reached; sleep 60; fi\n";
    stage.writer(&format!("{killed}write $(($(have) + 30))"));
    stage.run_killed(&Stage::plan(HUNDRED));
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    assert_eq!((stage.values(0), stage.words()), (vec![40.0, 70.0, 100.0], 100));
    assert_eq!(stage.calls(), ["edit", "improve", "improve", "improve"]);
    assert_eq!(stage.strategies(), ["addition", "expansion"]);
    assert_eq!(stage.settled(), "met: 1 of 1 goal met");
    stage.assert_sound();
}

#[test]
fn a_tool_that_stalls_and_then_spoils_is_left_at_its_best() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("case $(have) in 10) write 40;; 40) write 70;; 70) test -e $HOME/tried && write 5 || { touch $HOME/tried; seq 101 170 > book/text.md; };; esac");
    let told = stage.run(&Stage::plan(HUNDRED), &[], 0);
    assert_eq!(stage.values(0), [40.0, 70.0, 70.0, 5.0]);
    assert_eq!(stage.strategies(), ["addition", "expansion", "addition"]);
    assert_eq!(stage.words(), 70);
    assert!(stage.repo.git(&["show", "orc/tour:book/text.md"]).starts_with("1\n"), "the first of equals is kept");
    let message = "0 of 1 goal met; size 70 of 100 (2 rounds brought no progress)";
    assert_eq!(stage.settled(), format!("stalled: {message}"));
    assert!(told.stdout.contains(message) && told.stdout.contains("git orc goals"), "{}", told.stdout);
    let status = stage.repo.orc(&["status", "--json"]).expect_code(0).json();
    let goals = &status["workstreams"][0]["goals"];
    assert_eq!((goals["met"].as_u64(), goals["of"].as_u64(), goals["rounds"].as_u64()), (Some(0), Some(1), Some(3)), "{status:#}");
    let log = stage.repo.orc(&["log"]).expect_code(0).stdout;
    assert!(log.contains("goals settled") && log.contains(message), "{log}");
    let shown = stage.repo.orc(&["show", "book"]).expect_code(0).stdout;
    assert!(shown.contains(message), "{shown}");
    let table = stage.repo.orc(&["goals"]).expect_code(0).stdout;
    assert!(table.contains("40 → 70 → 70 → 5") && table.contains("≥ 100") && table.contains("kept"), "{table}");
    let states: Vec<String> = status["workstreams"][0]["patches"].as_array().unwrap().iter().map(|one| one["state"].to_string()).collect();
    assert_eq!(states, ["\"merged\"", "\"merged\"", "\"superseded\"", "\"superseded\""]);
    stage.assert_sound();
}

#[test]
fn as_many_rounds_are_made_as_the_plan_allows() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write $(($(have) + 10))");
    let goals = "    goals: {rounds: 2, list: [{id: size, measure: words, at_least: 100}]}\n";
    stage.run(&Stage::plan(goals), &[], 0);
    assert_eq!((stage.values(0), stage.words()), (vec![20.0, 30.0, 40.0], 40));
    assert_eq!(stage.settled(), "rounds: 0 of 1 goal met; size 40 of 100 (2 rounds may be made)");
}

#[test]
fn the_largest_weighted_gap_comes_first() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("grep -q completeness $1 && { echo '## Risks'; echo many; } >> book/text.md || write 50");
    let goals = "    goals:\n      - {id: size, measure: words, in: \"book/**\", at_least: 100}\n      - {id: whole, measure: completeness, parts: \
                 [Risks, book/text.md], weight: 3}\n";
    stage.run(&Stage::plan(&format!("{goals}    circuit_breaker: {{max_fix_iterations: {{static: 0}}}}\n")), &[], 0);
    assert_eq!(stage.values(1)[..2], [0.5, 1.0]);
    assert_eq!(stage.strategies()[0], "addition");
    assert!(stage.settled().starts_with("stalled: 1 of 2 goals met; size "), "{}", stage.settled());
}

#[test]
fn goals_of_the_request_are_pursued_when_that_is_wished() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write $(($(have) + 40))");
    let plan = Stage::plan("").replace("Write the book.", "Write a book of 90 words.");
    stage.run(&plan, &["--target", "orc/plain"], 0);
    assert_eq!(stage.calls(), ["edit"]);
    assert!(stage.repo.orc(&["goals"]).expect_code(0).stdout.contains("No workstream"));
    stage.run(&plan, &["--goals"], 0);
    assert_eq!((stage.values(0), stage.settled()), (vec![50.0, 90.0], "met: 1 of 1 goal met".to_owned()));
    stage.run(&format!("{plan}    goals: request\n").replace("tour", "other"), &[], 0);
    assert_eq!(stage.settled(), "met: 1 of 1 goal met");
}

#[test]
fn a_strategy_of_ones_own_is_used_and_learned() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("grep -q 'Just write' $1 && write $(($(have) + 10)) || { echo >> book/text.md; write $(($(have) + 0)); }\ntest $ORC_STEP = improve || write 11");
    let goals =
        |names: &str| format!("    goals: {{rounds: 4, list: [{{id: size, measure: words, at_least: 60, strategies: [{names}]}}]}}\n");
    let refused = stage.run(&Stage::plan(&goals("own")), &[], 1);
    assert!(
        refused.stderr.contains("there is no strategy `own`") && refused.stderr.contains(".git-orc/prompts/strategies/own.md.j2"),
        "{}",
        refused.stderr
    );
    stage.user_file("prompts/strategies/own.md.j2", "Just write more for {{ goal }}: {{ missing }} is missing.\n");
    stage.run(&Stage::plan(&goals("own")), &[], 0);
    assert_eq!((stage.values(0), stage.strategies()), (vec![11.0, 21.0, 31.0, 41.0, 51.0], vec!["own".to_owned(); 4]));
    assert!(stage.home("prompt.2.md").contains("Just write more for size: 82% is missing."), "{}", stage.home("prompt.2.md"));
    // Four rounds were seen: from now on it comes first, whoever else is named before it.
    stage.run(&Stage::plan(&goals("expansion, own")), &["--target", "orc/second"], 0);
    assert_eq!(stage.strategies()[0], "own");
    let why = stage.goals()["rounds"][1]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("of the gap on average in 4 earlier rounds"), "{why}");
    let told = stage.repo.orc(&["goals", "--json"]).expect_code(0).json();
    assert_eq!(told["effectiveness"]["words"]["own"]["rounds"].as_u64(), Some(8), "{told:#}");
}

#[test]
fn what_is_required_stays_though_other_goals_come_nearer() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("test $ORC_STEP = edit && { write 40; echo '## Risks' >> book/text.md; echo many >> book/text.md; } || write 90");
    let goals = "    goals:\n      - {id: whole, measure: completeness, parts: [Risks], required: true}\n      - {id: size, measure: words, in: \
                 \"book/**\", at_least: 100, weight: 9}\n";
    stage.run(&Stage::plan(goals), &[], 0);
    assert_eq!(stage.values(0), [1.0, 0.0, 0.0]);
    assert!(stage.settled().contains("1 of 2 goals met; size 43 of 100"), "{}", stage.settled());
    assert_eq!(stage.words(), 43);
    stage.assert_sound();
}

#[test]
fn large_files_are_counted_and_pictures_are_there() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.writer("write 300000; printf '\\0\\1\\2' > book/map.png");
    let goals = "    goals:\n      - {id: size, measure: words, in: \"book/**\", at_least: 300000}\n      - {id: whole, measure: completeness, parts: \
                 [book/map.png, book/none.png]}\n";
    stage.run(&Stage::plan(&format!("{goals}    circuit_breaker: {{max_fix_iterations: {{static: 0}}}}\n")), &[], 0);
    assert_eq!((stage.values(0)[0], stage.values(1)[0]), (300_000.0, 0.5));
}
