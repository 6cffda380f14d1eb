//! A halt that is taken back while programs are ending.

use std::time::Duration;

use super::{assert_sound, let_go, plan, project, shell, start, state_of, wait_for};
use crate::harness::TestEnvironment;

/// A line of shell that takes its time when it is asked to end.
fn slow_to_end(name: &str) -> String {
    let end = format!("touch $HOME/{name}.term; while ! test -e $HOME/{name}.over; do sleep 0.05; done; exit 1");
    format!("trap '{end}' TERM; touch $HOME/{name}.up; while ! test -e $HOME/{name}.go; do sleep 0.05; done")
}

#[test]
fn a_halt_that_is_taken_back_ends_nothing_that_begins_afterwards() {
    let gate = serde_json::to_string(&slow_to_end("a")).unwrap();
    let of_tool = ("", format!("{}; echo done >a/x.txt", slow_to_end("a")), "step_started");
    let of_gate = (&*format!("gates: {{wave: [[sh, -c, {gate}]]}}"), "echo done >a/x.txt".to_owned(), "integration_prepared");
    for (head, line, again) in [of_tool, of_gate] {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let plan = plan(&environment, head, &[shell("a", "", &line)]);
        let running = start(&environment, &repo, (&plan, &["a"]));
        repo.orc(&["halt", "--reason", "stop"]).expect_code(0);
        wait_for(&environment.home().join("a.term"));
        repo.orc(&["resume", "--reason", "no, go on"]).expect_code(0);
        let_go(&environment, "a");
        std::fs::write(environment.home().join("a.over"), "").unwrap();
        let ended = running.finish_within(Duration::from_secs(30)).expect_code(0).json();
        assert_eq!((ended["state"].as_str(), state_of(&ended, "a").as_str()), (Some("completed"), "merged"), "{ended:#}");
        let ledger = repo.ledger();
        let told = ledger.of_kind(again).len();
        assert!((1..=2).contains(&told), "{told} times {again}");
        assert_sound(&repo);
    }
}
