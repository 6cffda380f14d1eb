//! A run in which no tool can be used is halted, and goes on when somebody has mended one.

use serde_json::json;

use super::stage::{SICK, Stage, WORK, workstream, writing};
use crate::harness::TestEnvironment;

/// Works for `a`, and for others once somebody has logged in.
fn once_logged_in() -> String {
    format!("test \"$ORC_WORKSTREAM\" = a -o -e \"$HOME/logged-in\" || {{ {SICK}; }}\n{WORK}")
}

#[test]
fn when_every_tool_is_sick_the_run_is_halted_and_a_mended_tool_lets_it_go_on() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", &once_logged_in(), &json!({}));
    stage.tool("two", &once_logged_in(), &json!({}));
    stage.registry(&["one", "two"], "fixed");
    let plan = ("max_workers: 1", &[writing("a", ""), writing("b", ""), writing("c", ""), writing("d", ", depends_on: [a]")][..]);
    let told = stage.run(plan, &[], 3);
    assert!(told.stdout.contains("git orc tools check") && told.stdout.contains("git orc resume "), "{}", told.stdout);
    assert_eq!(stage.calls(), ["one a", "one b", "two b"], "nobody tries what is known to be in vain");
    assert_eq!(stage.count("run_halted"), 1);
    let escalated = stage.escalated();
    let triggers: Vec<_> = escalated.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(triggers, ["tool_unusable one", "tool_unusable two", "safe_mode "], "{escalated:#?}");
    let status = stage.repo.orc(&["status", "--json"]).json();
    assert_eq!((status["state"].as_str(), status["cost"]["attempts"].as_u64()), (Some("halted"), Some(3)), "{status:#}");
    assert!(stage.log().contains("run halted"), "{}", stage.log());
    assert_eq!((stage.count("workstream_failed"), stage.who("a")), (0, "one".to_owned()), "what is done is merged before the run waits");
    stage.assert_sound();

    stage.resume(&[], 3);
    assert_eq!(stage.calls()[3..], ["two b", "one b"], "each is asked once more, since somebody might have mended it");
    stage.home("logged-in", "");
    stage.resume(&[], 0);
    assert_eq!(stage.calls().iter().filter(|call| call.ends_with(" a")).count(), 1, "what was done is not done again");
    for id in ["a", "b", "c", "d"] {
        assert!(["one", "two"].contains(&stage.who(id).as_str()), "{id}");
    }
    assert_eq!(stage.count("run_completed"), 1);
    stage.assert_sound();
}

#[test]
fn it_is_enough_to_mend_the_tool_that_was_given_up_first() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", SICK, &json!({}));
    stage.tool("two", SICK, &json!({}));
    stage.registry(&["one", "two"], "fixed");
    stage.run(("", &[writing("a", "")]), &[], 3);
    stage.program("one", WORK);
    stage.resume(&[], 0);
    assert_eq!(stage.calls(), ["one a", "two a", "two a", "one a"]);
    assert_eq!(stage.who("a"), "one");
    stage.assert_sound();
}

#[test]
fn a_tool_without_anybody_to_follow_is_waited_for_by_hand_as_well() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", SICK, &json!({}));
    stage.tool("two", WORK, &json!({}));
    // Who names a tool gets that one and no other; the rest of the wave goes on.
    stage.run(("", &[workstream("a", "tool: one"), workstream("b", "tool: two")]), &[], 3);
    assert_eq!((stage.count("run_halted"), stage.count("workstream_verified")), (1, 1));
    stage.program("one", WORK);
    stage.resume(&[], 0);
    assert_eq!([stage.who("a"), stage.who("b")], ["one", "two"]);
    assert_eq!(stage.calls().iter().filter(|call| *call == "two b").count(), 1);
    stage.assert_sound();
}
