//! In which order tools are tried, how many of one may be at work, and how often it may be started.

use std::time::Instant;

use serde_json::json;

use super::stage::{DOWN, Stage, WORK, writing};
use crate::harness::TestEnvironment;

fn four() -> Vec<String> {
    ["a", "b", "c", "d"].map(|id| writing(id, "")).to_vec()
}

#[test]
fn a_fixed_order_gives_everything_to_the_first_one() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    for id in ["one", "two"] {
        stage.tool(id, WORK, &json!({}));
    }
    stage.registry(&["two", "one"], "fixed");
    stage.run(("max_workers: 4", &four()), &[], 0);
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["two"; 4]);
    assert!(stage.routed().iter().all(|line| line.ends_with("two (chosen), one (spare): the first choice")), "{:#?}", stage.routed());
    stage.assert_sound();
}

#[test]
fn tools_take_turns_within_one_wave() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    for id in ["one", "two"] {
        stage.tool(id, WORK, &json!({}));
    }
    stage.registry(&["one", "two"], "round_robin");
    stage.run(("max_workers: 4", &four()), &[], 0);
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["one", "two", "one", "two"]);
    let routed = stage.routed();
    assert_eq!(routed.len(), 4);
    assert!(routed.iter().all(|line| line.ends_with(": its turn")), "{routed:#?}");
    assert_eq!(stage.repo.ledger().of_kind("tool_routed")[0]["routing"]["strategy"], "round_robin");
    stage.assert_sound();
}

#[test]
fn the_best_record_of_earlier_runs_comes_first() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", DOWN, &json!({}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "by_record");
    stage.run(("target: orc/before", &[writing("a", "")]), &[], 0);
    assert_eq!(stage.calls(), ["one a", "one a", "two a"], "nothing is known of either, so the order is that of the registry");
    assert!(stage.routed()[0].ends_with("one (chosen), two (spare): the best record, 0.500"), "{:#?}", stage.routed());
    stage.program("one", WORK);
    stage.run(("max_workers: 1", &[writing("a", ""), writing("b", "")]), &[], 0);
    assert_eq!(stage.calls()[3..], ["two a", "two b"], "who failed before comes last");
    let ledger = stage.repo.ledger();
    let last = ledger.of_kind("tool_routed").last().unwrap()["routing"].clone();
    let scores: Vec<_> = last["candidates"].as_array().unwrap().iter().map(|one| one["score"].as_u64().unwrap()).collect();
    assert!(last["candidates"][0]["tool"] == "two" && scores[0] > 700 && scores[1] < 300 + 1, "{last:#}");
    assert!(last["reason"].as_str().unwrap().starts_with("the best record, 0."), "{last:#}");
    stage.assert_sound();
}

#[test]
fn never_more_of_a_tool_are_at_work_than_may_be() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    let noted = format!("echo begin >> \"$HOME/noted\"; sleep 0.1; {WORK}; echo end >> \"$HOME/noted\"");
    stage.tool("one", &noted, &json!({"max_parallel": 1}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "fixed");
    stage.run(("max_workers: 4", &four()), &[], 0);
    // A fixed order waits for the first choice: another tool might cost what nobody agreed to.
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["one"; 4]);
    assert_eq!(stage.lines("noted"), ["begin", "end"].repeat(4));
    stage.assert_sound();
}

#[test]
fn who_takes_turns_or_is_compared_does_not_wait_for_a_busy_tool() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    let noted = format!("echo begin >> \"$HOME/noted\"; sleep 0.3; {WORK}; echo end >> \"$HOME/noted\"");
    stage.tool("one", &noted, &json!({"max_parallel": 1}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "by_record");
    stage.run(("max_workers: 4", &four()), &[], 0);
    assert_eq!(stage.lines("noted"), ["begin", "end"]);
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["one", "two", "two", "two"]);
    assert!(stage.routed()[1].contains("one (busy), two (chosen): one is busy: 1 at once"), "{:#?}", stage.routed());
    stage.assert_sound();
}

#[test]
fn a_tool_is_started_as_often_in_a_minute_as_it_may_be() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", WORK, &json!({"starts_per_minute": 2}));
    stage.tool("two", WORK, &json!({}));
    // Who is compared goes on with another one meanwhile; nobody waits for a minute in a test.
    stage.registry(&["one", "two"], "by_record");
    stage.run(("max_workers: 1", &four()), &[], 0);
    let mut calls: Vec<_> = stage.calls().iter().map(|call| call[..3].to_owned()).collect();
    calls.sort();
    assert_eq!(calls, ["one", "one", "two", "two"]);
    assert!(stage.routed()[2].contains("one (paced), two (chosen)"), "{:#?}", stage.routed());
    stage.assert_sound();
}

#[test]
fn a_fixed_order_paces_itself() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", WORK, &json!({"starts_per_minute": 1}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "fixed");
    let (plan, start) = (environment.root().join("plan.yaml"), Instant::now());
    let workstreams = format!("{}{}", writing("a", ""), writing("b", ""));
    std::fs::write(&plan, format!("version: 1\nname: tour\nmax_workers: 2\nworkstreams:\n{workstreams}")).unwrap();
    let mut running = stage.repo.start_orc(&["run", plan.to_str().unwrap(), "--progress=none"]);
    while stage.repo.try_git(&["rev-parse", "--verify", "-q", "refs/orc/ledger"]).code() != 0 || stage.count("workstream_verified") == 0 {
        assert!(running.is_running() && start.elapsed().as_secs() < 50, "a did not end");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(running.is_running(), "b did not wait for its turn");
    assert_eq!(stage.calls(), ["one a"], "b waits until the minute is over");
    running.kill();
    stage.program("one", "exit 1");
    stage.missing_tool("one", &json!({"binary": "nowhere"}));
    stage.resume(&[], 0);
    assert_eq!([stage.who("a"), stage.who("b")], ["one", "two"]);
}
