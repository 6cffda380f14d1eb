//! Mechanical fixers: what they mend costs no tool, what they can not mend is left to one, and what they break does not land.

use git_orc::domain::run::state::RunStatus;

use super::rig::{Rig, assert_states, plan, shell};
use super::stops::{Disturbed, disturb};
use crate::harness::TestEnvironment;

/// A check that wants `good` in `a/x.txt`, and fixers that run this shell line; each time they leave a line in `$HOME/fixed`.
fn fixed_by(line: &str, more: &str) -> String {
    let line = format!("echo run >>$HOME/fixed; {line}");
    format!("    static: [[grep, -q, good, a/x.txt]]\n    fixers: [[sh, -c, {line:?}]]\n{more}")
}

/// Returns the steps that ended: the step, who did it, and how it ended.
fn steps(rig: &Rig<'_>) -> Vec<String> {
    let ledger = rig.repo.ledger();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    ledger.of_kind("step_finished").iter().map(|e| [&e["step"], &e["tool"], &e["outcome"]].map(word).join(" ")).collect()
}

fn times(rig: &Rig<'_>) -> usize {
    rig.home_file("fixed").lines().count()
}

#[test]
fn what_a_fixer_mends_asks_no_tool() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    // Linters that mend tell by their exit code that there was something to mend. No FIX step of a tool is allowed at all.
    let more = fixed_by("echo mending; sed -i s/bad/good/ a/x.txt; exit 1", "    circuit_breaker: {max_fix_iterations: {static: 0}}\n");
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &more)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(steps(&rig), ["edit command passed", "static - failed", "fix fixers passed", "static - passed"]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "good");
    let ledger = rig.repo.ledger();
    let merged: Vec<_> = ledger.of_kind("patch_merged").iter().map(|e| e["tool"].as_str().unwrap().to_owned()).collect();
    assert_eq!(merged, ["command", "fixers"]);
    let finished = ledger.of_kind("step_finished");
    let output = rig.repo.path().join(".git/orc/runs").join(state.run.lower()).join(finished[2]["output"]["path"].as_str().unwrap());
    let kept = std::fs::read_to_string(output).unwrap();
    assert!(kept.starts_with("$ sh -c ") && kept.ends_with("\nmending\n"), "{kept}");
    assert!(finished[2]["notes"][0].as_str().unwrap().contains("exit code 1: mending"), "{}", finished[2]);
    rig.assert_sound();
}

#[test]
fn what_fixers_can_not_mend_is_left_to_the_tool() {
    for (fixer, outcome) in [("true", "no_change"), ("echo no idea >&2; exit 2", "failed"), ("echo half >a/x.txt; kill -9 $$", "failed")] {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        let more = fixed_by(fixer, "    fix: [sh, -c, 'echo good >a/x.txt']\n");
        let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &more)]));
        assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
        let expect = ["edit command passed", "static - failed", &format!("fix fixers {outcome}"), "fix command passed", "static - passed"];
        assert_eq!(steps(&rig), expect, "{fixer}");
        rig.assert_sound();
    }
}

#[test]
fn what_fixers_change_outside_of_the_scope_does_not_land_and_costs_nothing() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let mended = fixed_by("echo good >a/x.txt; echo stray >b/x.txt", "    fix: [sh, -c, 'echo good >a/x.txt']\n");
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &mended)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let expect = ["edit command passed", "static - failed", "fix fixers rejected", "fix command passed", "static - passed"];
    assert_eq!(steps(&rig), expect);
    assert!(rig.on("orc/tour", "b/x.txt").starts_with("b line 1"));
    let ledger = rig.repo.ledger();
    let put_aside = ledger.of_kind("patch_quarantined");
    assert_eq!(rig.repo.git(&["show", &format!("{}:b/x.txt", put_aside[0]["commit"].as_str().unwrap())]), "stray", "it is kept");
    rig.assert_sound();
}

#[test]
fn a_workstream_fails_because_of_its_check_and_never_because_of_its_fixers() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let more = fixed_by("echo stray >b/x.txt", "    circuit_breaker: {max_fix_iterations: {static: 0}}\n");
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &more)]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed")]);
    assert_eq!(steps(&rig), ["edit command passed", "static - failed", "fix fixers rejected"]);
    rig.assert_sound();
}

#[test]
fn fixers_look_at_every_tree_once() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    // The fixer changes something each time it sees new files, and never what is wanted. The tool needs two attempts.
    let line = "grep -q tidy a/x.txt || echo tidy >>a/x.txt";
    let fix = "    fix: [sh, -c, 'if grep -q one a/x.txt; then echo good >a/x.txt; else echo one >a/x.txt; fi']\n";
    let more =
        fixed_by(line, &format!("{fix}    runtime: [[grep, -q, tidy, a/x.txt]]\n    circuit_breaker: {{min_oscillation_repeats: 9}}\n"));
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &more)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let expect = [
        "edit command passed",
        "static - failed",
        "fix fixers passed",
        "static - failed",
        "fix command passed",
        "static - failed",
        "fix fixers passed",
        "static - failed",
        "fix command passed",
        "static - passed",
        // Another check, and a tree that they have not seen.
        "runtime - failed",
        "fix fixers passed",
        "runtime - passed",
    ];
    assert_eq!(steps(&rig), expect);
    assert_eq!(times(&rig), 3);
    rig.assert_sound();
}

#[test]
fn fixers_that_are_cut_short_are_run_again() {
    let more = fixed_by("sed -i s/bad/good/ a/x.txt; exit 1", "    circuit_breaker: {max_fix_iterations: {static: 0}}\n");
    let plan = plan("", &[shell("ws-a", "a/**", "echo bad >a/x.txt", &more)]);
    // The driver is stopped after a later entry each time, until it has been stopped after none.
    for n in (2..).step_by(2) {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        rig.settings("config.yaml", "durability: relaxed\n");
        let Disturbed { state, was_stopped } = disturb(&rig, &plan, n);
        if let Some(state) = state {
            assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
        }
        assert_eq!(rig.on("orc/tour", "a/x.txt"), "good", "stopped after entry {n}");
        assert_eq!(rig.repo.ledger().of_kind("patch_merged").len(), 2, "stopped after entry {n}");
        rig.assert_sound();
        if !was_stopped {
            break;
        }
    }
}
