//! The next tool does what the first one can not do now.

use serde_json::json;

use super::stage::{DOWN, SICK, Stage, WORK, writing};
use crate::harness::TestEnvironment;

#[test]
fn a_tool_that_is_not_there_is_passed_over() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.missing_tool("one", &json!({}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["ghost", "one", "two"], "fixed");
    stage.run(("", &[writing("a", "")]), &[], 0);
    assert_eq!(stage.who("a"), "two");
    let why = "ghost is not there: it has no profile; one is not there: `one` is not installed";
    assert_eq!(stage.routed(), [format!("a edit#1: ghost (absent), one (absent), two (chosen): {why}")]);
    assert!(stage.log().contains(&format!("a edit #1 two tool routed {why}")), "{}", stage.log());
    assert_eq!((stage.calls(), stage.count("escalated")), (vec!["two a".to_owned()], 0));
    stage.assert_sound();
}

#[test]
fn nobody_asks_a_tool_again_that_is_not_logged_in() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", SICK, &json!({}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "fixed");
    stage.run(("max_workers: 1", &[writing("a", ""), writing("b", ""), writing("c", "")]), &[], 0);
    assert_eq!(stage.calls(), ["one a", "two a", "two b", "two c"]);
    assert_eq!(["a", "b", "c"].map(|id| stage.who(id)), ["two"; 3]);
    assert_eq!(stage.ended(), ["one failed auth", "two passed", "two passed", "two passed"]);
    let routed = stage.routed();
    assert_eq!(routed[0], "a edit#1: one (chosen), two (spare): the first choice");
    assert_eq!(routed[1], "a edit#2: two (chosen), one (tried): one was tried: one is not logged in or its key was refused: log in first");
    assert!(routed[2].starts_with("b edit#1: one (unusable), two (chosen): one can not be used: "), "{routed:#?}");
    let escalated = stage.escalated();
    assert!(escalated.len() == 1 && escalated[0].starts_with("tool_unusable one: "), "{escalated:#?}");
    assert_eq!(stage.count("recovery_climbed"), 1, "only the one that tried it was handed over");
    assert!(stage.log().contains("escalated"), "{}", stage.log());
    stage.assert_sound();
}

#[test]
fn a_tool_that_failed_three_times_in_a_row_is_left_alone() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", DOWN, &json!({}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["ghost", "one", "two"], "fixed");
    let patient = writing("a", ", retry: {max_attempts: 3, initial_delay_sec: 0}");
    stage.run(("max_workers: 1", &[patient, writing("b", "")]), &[], 0);
    assert_eq!(stage.calls(), ["one a", "one a", "one a", "two a", "two b"]);
    assert_eq!(["a", "b"].map(|id| stage.who(id)), ["two"; 2]);
    assert_eq!(stage.ended()[..3], ["one failed server"; 3]);
    let routed = stage.routed();
    let (last, why) = (routed.last().unwrap(), "ghost is not there: it has no profile; one is left alone after failures: until ");
    assert!(last.starts_with(&format!("b edit#1: ghost (absent), one (breaker_open), two (chosen): {why}")), "{routed:#?}");
    assert_eq!(stage.count("breaker_opened"), 1);
    assert_eq!(stage.escalated(), ["breaker_open one: one failed 3 times in a row and is left alone for a while"]);
    stage.assert_sound();
}

#[test]
fn a_limited_tool_gives_way_to_one_that_is_free() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", "echo 'rate limit reached, retry after 3600' >&2; exit 1", &json!({}));
    stage.tool("two", WORK, &json!({}));
    stage.registry(&["one", "two"], "fixed");
    stage.run(("max_workers: 1", &[writing("a", ""), writing("b", "")]), &[], 0);
    assert_eq!(stage.calls(), ["one a", "two a", "two b"]);
    assert_eq!(["a", "b"].map(|id| stage.who(id)), ["two"; 2]);
    assert!(
        stage.routed()[1].starts_with("a edit#2: one (rate_limited), two (chosen): one is rate limited: until "),
        "{:#?}",
        stage.routed()
    );
    assert_eq!((stage.count("recovery_climbed"), stage.count("escalated")), (0, 0), "a limit is nobody's fault");
    stage.assert_sound();
}

#[test]
fn a_limit_without_anybody_else_is_waited_for_and_costs_no_attempt() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    let script = "date +%s%N >> \"$HOME/times\"\ntest \"$(wc -l < \"$HOME/times\")\" -ge 3 || {\necho 'rate limit reached, retry after 1' >&2; exit 1; }";
    stage.tool("one", &format!("{script}\n{WORK}"), &json!({}));
    stage.run(("", &[writing("a", ", retry: {max_attempts: 1}")]), &[], 0);
    assert_eq!(stage.who("a"), "one");
    assert_eq!(stage.ended(), ["one failed rate_limit", "one failed rate_limit", "one passed"]);
    assert_eq!((stage.count("workstream_retrying"), stage.count("recovery_climbed"), stage.count("breaker_opened")), (0, 0, 0));
    let times: Vec<u64> = stage.lines("times").iter().map(|line| line.parse().unwrap()).collect();
    for pair in times.windows(2) {
        let waited = pair[1] - pair[0];
        assert!((900_000_000..20_000_000_000).contains(&waited), "waited {waited} ns");
    }
    stage.assert_sound();
}
