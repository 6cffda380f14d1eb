//! When things run: how many at once, in which order, with which pauses.

use git_orc::domain::run::state::RunStatus;

use super::rig::{Rig, assert_states, plan, shell};
use crate::harness::TestEnvironment;

/// Six workstreams of one wave that note when they begin and end. Nobody ends before so many have begun: a slow machine proves as much as a fast one.
fn six(together: u32, more: impl Fn(usize) -> String) -> Vec<String> {
    let one = |n: usize| {
        let wait = format!("while [ $(grep -c begin $HOME/order) -lt {together} ]; do sleep 0.01; done; sleep 0.1");
        let line = format!("echo begin {n} >>$HOME/order; {wait}; echo end {n} >>$HOME/order; mkdir w{n}; echo x >w{n}/x");
        shell(&format!("w{n}"), &format!("w{n}/**"), &line, &more(n))
    };
    (0..6).map(one).collect()
}

#[test]
fn no_more_run_at_once_than_allowed() {
    for most in [1, 2, 4] {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        let state = rig.run(&plan(&format!("max_workers: {most}"), &six(most, |_| String::new())));
        assert_eq!(state.status, RunStatus::Completed);
        let (mut now, mut peak) = (0_u32, 0);
        for line in rig.home_file("order").lines() {
            now = if line.starts_with("begin") { now + 1 } else { now - 1 };
            peak = peak.max(now);
        }
        assert_eq!(peak, most, "with max_workers: {most}");
        rig.assert_sound();
    }
}

#[test]
fn higher_priority_goes_first() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let priority = |n: usize| format!("    priority: {}\n", [0, 5, -10, 7, 0, 1][n]);
    let state = rig.run(&plan("max_workers: 1", &six(1, priority)));
    assert_eq!(state.status, RunStatus::Completed);
    let order = rig.home_file("order");
    let begun: Vec<&str> = order.lines().filter_map(|line| line.strip_prefix("begin ")).collect();
    assert_eq!(begun, ["3", "1", "5", "0", "4", "2"]);
    rig.assert_sound();
}

#[test]
fn a_pause_lies_between_two_waves() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let all = [shell("a", "a/**", "echo a >a/x.txt", ""), shell("b", "b/**", "echo b >b/x.txt", "    depends_on: [a]\n")];
    let state = rig.run(&plan("wave_delay_sec: 1", &all));
    assert_states(&state, RunStatus::Completed, &[("a", "merged"), ("b", "merged")]);
    let ledger = rig.repo.ledger();
    let at = |kind: &str, n: usize| -> jiff::Timestamp { ledger.of_kind(kind)[n]["ts"].as_str().unwrap().parse().unwrap() };
    let pause = at("wave_started", 1).duration_since(at("wave_finished", 0));
    assert!(pause.as_millis() >= 1000, "{pause:?}");
    rig.assert_sound();
}
