//! The gates of a run are asked about what would be left.

use super::{assert_sound, project, rollback, run, shell, states, tip};
use crate::harness::TestEnvironment;

#[test]
fn a_red_gate_moves_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let all = [shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")];
    // Whoever removes one without the other breaks it.
    run(&repo, "gates: {wave: [[sh, -c, 'test ! -e b/new.txt || test -e a/new.txt']]}\n", &all);
    let (old, before) = (tip(&repo), repo.fingerprint("orc/tour"));
    for _ in 0..2 {
        let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(1);
        assert!(refused.stderr.contains("gate wave-1 does not pass without it"), "{}", refused.stderr);
        assert_eq!(tip(&repo), old);
    }
    repo.assert_untouched(&before);
    let ledger = repo.ledger();
    assert_eq!(ledger.of_kind("rollback_dropped").len(), 2, "each attempt is recorded");
    let asked = ledger.of_kind("gate_finished").iter().filter(|gate| !gate["rollback"].is_null()).count();
    assert_eq!(asked, 2, "what failed is asked again");
    assert_eq!(states(&repo), ["ws-a merged", "ws-b merged"]);
    assert_sound(&repo);
    // The other one, and both, can go.
    rollback(&repo, &["tour/ws-b", "--reason", "no"]).expect_code(0);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(0);
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b reverted"]);
    assert_sound(&repo);
}

#[test]
fn quality_gates_are_those_that_were_frozen() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let gates = "gates: [{id: pair, command: [sh, -c, 'test ! -e b/new.txt || test -e a/new.txt'], on: wave}]\n";
    repo.write("QUALITY_GATE.yaml", gates);
    repo.commit("gates");
    run(&repo, "", &[shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")]);
    repo.write("QUALITY_GATE.yaml", "gates: []\n");
    repo.commit("no gates");
    let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(1);
    assert!(refused.stderr.contains("gate pair does not pass without it"), "{}", refused.stderr);
    assert_sound(&repo);
}

#[test]
fn a_gate_that_asks_a_person_waits_for_their_word() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.write("QUALITY_GATE.yaml", "gates: [{id: looked-at, manual: Has somebody read it?, on: wave}]\n");
    repo.commit("gates");
    let plan = environment.root().join("tour.yaml");
    let text = format!("version: 1\nname: tour\ntarget: orc/tour\nworkstreams:\n{}", shell("ws-a", "echo a >a/new.txt", ""));
    std::fs::write(&plan, text + &shell("ws-b", "echo b >b/new.txt", "    depends_on: [ws-a]\n")).unwrap();
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(3);
    for _ in 0..2 {
        repo.orc(&["decide", "tour", "looked-at", "approve", "--reason", "yes"]).expect_code(0);
        repo.orc(&["resume"]);
    }
    let old = tip(&repo);
    let asked = rollback(&repo, &["tour", "--reason", "no"]).expect_code(3);
    assert!(asked.stderr.contains("gate looked-at") && asked.stderr.contains("git orc decide"), "{}", asked.stderr);
    assert_eq!(tip(&repo), old);
    repo.orc(&["decide", "tour", "looked-at", "approve", "--reason", "undo it"]).expect_code(0);
    rollback(&repo, &["tour", "--reason", "no"]).expect_code(0);
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b reverted"]);
    assert_sound(&repo);
}
