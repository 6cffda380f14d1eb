//! Whole runs.

use git_orc::domain::run::state::RunStatus;

use super::rig::{Rig, assert_states, plan, shell};
use crate::harness::TestEnvironment;

#[test]
fn a_plan_of_two_waves_is_merged() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let before = rig.repo.fingerprint("orc/tour");
    let state = rig.run(
        r#"
version: 1
name: tour
max_workers: 2
gates: { wave: [["test", "-f", "README"]] }
workstreams:
  - id: ws-a
    files_scope: ["a/**"]
    tool: command
    command: ["sh", "-c", "echo hello >> a/x.txt; echo new > a/new.txt"]
    static: [["grep", "-q", "hello", "a/x.txt"]]
    runtime: ["test -s a/x.txt"]
  - id: ws-b
    files_scope: ["b/**"]
    tool: command
    command: ["sh", "-c", "rm b/x.txt; echo other > b/y.txt"]
  - id: ws-c
    depends_on: [ws-a]
    files_scope: ["c/**"]
    tool: command
    command: ["sh", "-c", "cp a/new.txt c/copy.txt"]
"#,
    );
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged"), ("ws-b", "merged"), ("ws-c", "merged")]);
    assert_eq!(rig.on("orc/tour", "c/copy.txt").trim(), "new");
    assert!(rig.on("orc/tour", "a/x.txt").ends_with("hello"));
    rig.repo.assert_untouched(&before);
    rig.assert_sound();
}

#[test]
fn a_failing_check_is_mended_by_a_fix_step() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let more = "    fix: [sh, -c, 'echo good > a/x.txt']\n    static: [[grep, -q, good, a/x.txt]]\n    runtime: [test -s a/x.txt]\n";
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad > a/x.txt", more)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "good");
    let ledger = rig.repo.ledger();
    let steps: Vec<String> = ledger.of_kind("step_finished").iter().map(|e| format!("{} {}", e["step"], e["outcome"])).collect();
    let expect = ["edit passed", "static failed", "fix passed", "static passed", "runtime passed"];
    assert_eq!(steps, expect.map(|s| s.split(' ').map(|w| format!("{w:?}")).collect::<Vec<_>>().join(" ")));
    assert_eq!(ledger.of_kind("patch_merged").len(), 2);
    rig.assert_sound();
}

#[test]
fn a_fix_that_mends_nothing_is_stopped() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let more = "    static: [[grep, -q, good, a/x.txt]]\n";
    let blocked = shell("ws-b", "b/**", "echo x > b/x.txt", "    depends_on: [ws-a]\n");
    let state =
        rig.run(&plan("", &[shell("ws-a", "a/**", "echo bad >> a/x.txt", more), blocked, shell("ws-c", "c/**", "echo x > c/x.txt", "")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed"), ("ws-b", "blocked"), ("ws-c", "merged")]);
    assert!(state.workstreams.values().next().unwrap().status.reason().unwrap().contains("the findings stay the same"));
    rig.assert_sound();
}

#[test]
fn what_leaves_its_scope_goes_to_quarantine_and_is_kept() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&plan(
        "",
        &[shell("ws-a", "a/**", "echo x > a/x.txt; echo y > b/stray.txt", ""), shell("ws-c", "c/**", "echo x > c/x.txt", "")],
    ));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "quarantined"), ("ws-c", "merged")]);
    let ledger = rig.repo.ledger();
    let quarantined = ledger.of_kind("patch_quarantined");
    assert_eq!(quarantined.len(), 1);
    assert!(quarantined[0]["reason"].as_str().unwrap().contains("b/stray.txt"), "{}", quarantined[0]);
    let kept = rig.repo.git(&["for-each-ref", "--format=%(objectname)", "refs/orc/quarantine/"]);
    assert_eq!(kept, quarantined[0]["commit"].as_str().unwrap());
    assert_eq!(rig.repo.git(&["show", &format!("{kept}:b/stray.txt")]), "y");
    rig.assert_sound();
}

#[test]
fn a_red_gate_is_followed_to_its_culprit() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let gate = r#"gates: { wave: [["sh", "-c", "! grep -rq poison a b c"]] }"#;
    let all = [
        shell("ws-a", "a/**", "echo fine > a/n.txt", ""),
        shell("ws-b", "b/**", "echo poison > b/n.txt", ""),
        shell("ws-c", "c/**", "echo fine > c/n.txt", ""),
    ];
    let state = rig.run(&plan(gate, &all));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "merged"), ("ws-b", "quarantined"), ("ws-c", "merged")]);
    assert_eq!(rig.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour", "b"]), "b/x.txt");
    rig.assert_sound();
}

#[test]
fn a_gate_that_is_red_on_the_base_blames_nobody() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&plan("gates: { wave: [[test, -f, missing]] }", &[shell("ws-a", "a/**", "echo fine > a/n.txt", "")]));
    assert_states(&state, RunStatus::Paused, &[("ws-a", "verified")]);
    assert!(state.reason.unwrap().contains("before anything of this wave is merged"));
    assert!(rig.repo.try_git(&["rev-parse", "--verify", "orc/tour"]).code() != 0, "the branch must not exist");
    // The reason is mended outside of the plan; a resume asks the gate again.
    rig.repo.assert_sound();
}

#[test]
fn a_conflict_is_resolved_by_doing_the_work_again() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    // Both may write the same file, and say so only by globs that do not overlap where they look.
    let first = shell("ws-a", "a/x.txt", "sed -i 's/line 3/LINE 3/' a/x.txt", "");
    let second =
        "  - id: ws-b\n    files_scope: [\"a/*.txt\"]\n    tool: command\n    command: [sh, -c, \"sed -i 's/a line/A line/' a/x.txt\"]\n";
    let state = rig.run(&plan("", &[first, second.to_owned()]));
    assert_eq!(state.waves.len(), 2, "overlapping scopes are never in one wave");
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged"), ("ws-b", "merged")]);
    assert!(rig.on("orc/tour", "a/x.txt").contains("A LINE 3") || rig.on("orc/tour", "a/x.txt").contains("a LINE 3"));
    rig.assert_sound();
}

#[test]
fn a_tool_that_fails_is_tried_again_and_its_work_is_kept() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let line = "echo try$ORC_ATTEMPT > a/x.txt; test $ORC_ATTEMPT = 2";
    let retry = "  - id: ws-a\n    files_scope: [\"a/**\"]\n    tool: command\n    retry: {max_attempts: 2, initial_delay_sec: 0.05}\n";
    let state = rig.run(&plan("", &[format!("{retry}    command: [sh, -c, {line:?}]\n")]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "try2");
    let dropped = rig.repo.ledger();
    let dropped = dropped.of_kind("patch_dropped");
    assert_eq!(rig.repo.git(&["show", &format!("{}:a/x.txt", dropped[0]["commit"].as_str().unwrap())]), "try1");
    assert_eq!(rig.repo.git(&["for-each-ref", "--format=%(objectname)", "refs/orc/kept/"]), dropped[0]["commit"].as_str().unwrap());
    rig.assert_sound();
}

#[test]
fn nothing_changed_is_a_failure_unless_it_is_allowed() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "true", ""), shell("ws-b", "b/**", "true", "    allow_empty: true\n")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed"), ("ws-b", "merged")]);
    rig.assert_sound();
}

#[test]
fn a_tool_that_hangs_is_ended_in_time() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo half > a/x.txt; sleep 60", "    timeout_sec: 1\n")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "timed_out")]);
    assert_eq!(rig.repo.ledger().of_kind("patch_dropped").len(), 1, "what it had done is kept");
    rig.assert_sound();
}

#[test]
fn the_first_failure_stops_the_rest_when_the_plan_says_so() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let all = [shell("ws-a", "a/**", "exit 3", ""), shell("ws-b", "b/**", "echo x > b/x.txt", "")];
    let state = rig.run(&plan("fail_fast: true\nmax_workers: 1", &all));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed"), ("ws-b", "skipped")]);
    rig.assert_sound();
}
