//! Goals of a run that is stopped after any entry: what was measured is not measured again, and the end is the same.

use git_orc::domain::run::state::{RunState, RunStatus};

use super::rig::{Rig, assert_states, plan, shell};
use super::stops::disturb;
use crate::harness::TestEnvironment;

/// Words rise from 4 to 7, then every further try makes it worse: what is done is a function of what is there.
fn goal_plan() -> String {
    let line = "case $(wc -w <a/x.txt | tr -d ' ') in 30) seq 4 >a/x.txt;; 4) seq 7 >a/x.txt;; *) seq 2 >a/x.txt;; esac";
    let more = "    static: [[test, -s, a/x.txt]]\n    goals: {rounds: 4, list: [{id: size, measure: words, at_least: 10}, {id: lines, command: [grep, \
                -c, '', a/x.txt], at_least: 10}]}\n";
    plan("", &[shell("ws-a", "a/**", line, more)])
}

fn assert_end(rig: &Rig<'_>, state: &RunState, place: &str) {
    assert_states(state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt").lines().count(), 7, "{place}");
    let one = state.workstreams.values().next().unwrap();
    let settled = one.goals.settled.as_ref().unwrap();
    let message = "0 of 2 goals met; size 7 of 10, lines 7 of 10 (2 rounds brought no progress)";
    assert_eq!(settled.message, message, "{place}");
    let ledger = rig.repo.ledger();
    let measured: Vec<(u64, u64)> =
        ledger.of_kind("goals_measured").iter().map(|e| (e["turn"].as_u64().unwrap(), e["round"].as_u64().unwrap())).collect();
    assert_eq!(measured, [(0, 0), (2, 1), (4, 2), (6, 3)], "{place}: each round is measured once");
    rig.assert_sound();
}

fn stopped_after(n: usize) -> bool {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.settings("config.yaml", "durability: relaxed\n");
    let disturbed = disturb(&rig, &goal_plan(), n);
    if let Some(state) = &disturbed.state {
        assert_end(&rig, state, &format!("stopped after entry {n}"));
    }
    disturbed.was_stopped
}

fn entries() -> usize {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&goal_plan());
    assert_end(&rig, &state, "undisturbed");
    rig.repo.ledger().entries().len()
}

#[test]
fn a_run_with_goals_that_was_stopped_somewhere_ends_like_one_that_was_not() {
    for n in (3..=entries()).step_by(6) {
        stopped_after(n);
    }
}

#[test]
#[ignore = "minutes: stops after every single entry"]
fn a_run_with_goals_that_was_stopped_anywhere_ends_like_one_that_was_not() {
    let stopped = (1..=entries()).filter(|n| stopped_after(*n)).count();
    assert!(stopped > 30, "{stopped}");
}
