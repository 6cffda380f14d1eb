//! A rollback that dies at any point is brought to its end or dropped, and never made twice.

use super::{assert_sound, cut, project, rollback, run, shell, states, tip, tree};
use crate::harness::{TestEnvironment, TestRepo};

/// Who comes after the one that died.
#[derive(Clone, Copy, Debug)]
enum Heir {
    Same,
    Doctor,
}

/// Copies a repository, its git directory and its work tree, and returns the copy.
fn copy<'e>(environment: &'e TestEnvironment, repo: &TestRepo<'_>, name: &str) -> TestRepo<'e> {
    let to = environment.root().join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).unwrap();
    }
    environment.run("cp", &["-a", repo.path().to_str().unwrap(), to.to_str().unwrap()]).expect_code(0);
    environment.open(name)
}

#[test]
fn whatever_is_left_is_brought_to_its_end_or_dropped() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let all = [shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", ""), shell("ws-c", "echo c >c/new.txt", "")];
    run(&repo, "gates: {wave: [[test, -e, shared.txt]]}\n", &all);
    let (before, old) = (repo.git(&["rev-parse", "refs/orc/ledger"]), tip(&repo));
    let undo = ["tour/ws-b", "--reason", "no"];
    let whole = copy(&environment, &repo, "whole");
    rollback(&whole, &undo).expect_code(0);
    let (new, wanted) = (tip(&whole), tree(&whole, "orc/tour"));
    let cuts = whole.git(&["rev-list", "--reverse", &format!("{before}..refs/orc/ledger")]);
    let kind = |commit: &str| whole.git(&["log", "-1", "--format=%s", commit]).split(':').next().unwrap().to_owned();
    let kinds: Vec<String> = cuts.lines().map(kind).collect();
    assert_eq!(kinds, ["rollback started", "gate passed", "rollback prepared", "rolled back", "patch reverted"]);
    // The last two are written at once.
    let points: Vec<(&str, &str)> = cuts.lines().take(3).map(|at| (at, old.as_str())).collect();
    let prepared = points[2].0;
    for (at, branch) in points.iter().copied().chain([(prepared, new.as_str())]) {
        for heir in [Heir::Same, Heir::Doctor] {
            let left = copy(&environment, &whole, "left");
            cut(&left, (at, branch));
            let is_prepared = at == prepared;
            if matches!(heir, Heir::Doctor) {
                let looked = left.orc(&["doctor"]).stdout;
                assert_eq!(looked.contains("cut short before the branch moved"), is_prepared, "{looked}");
                left.orc(&["doctor", "--repair"]);
                assert_eq!(tip(&left), if is_prepared { new.clone() } else { old.clone() }, "{heir:?} after {}", kind(at));
            }
            rollback(&left, &undo).expect_code(0);
            let ledger = left.ledger();
            assert_eq!(tree(&left, "orc/tour"), wanted);
            assert_eq!(left.git(&["rev-list", "--count", &format!("{old}..orc/tour")]), "1", "never twice: {heir:?} after {}", kind(at));
            assert_eq!((ledger.of_kind("rolled_back").len(), ledger.of_kind("patch_reverted").len()), (1, 1));
            assert_eq!(states(&left), ["ws-a merged", "ws-b reverted", "ws-c merged"]);
            if matches!(heir, Heir::Doctor) {
                left.orc(&["verify", "--repair-notes"]);
            }
            assert_sound(&left);
        }
    }
}

#[test]
fn what_was_prepared_is_dropped_when_the_branch_went_elsewhere() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    run(&repo, "", &[shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")]);
    let (before, old) = (repo.git(&["rev-parse", "refs/orc/ledger"]), tip(&repo));
    let whole = copy(&environment, &repo, "whole");
    rollback(&whole, &["tour/ws-b", "--reason", "no"]).expect_code(0);
    let prepared = whole.git(&["rev-list", "--reverse", &format!("{before}..refs/orc/ledger")]).lines().nth(1).unwrap().to_owned();
    cut(&whole, (&prepared, &old));
    let tree_of_old = tree(&whole, &old);
    let person = whole.git(&["commit-tree", "-p", &old, "-m", "by hand", &tree_of_old]);
    whole.git(&["update-ref", "refs/heads/orc/tour", &person]);
    let done = rollback(&whole, &["tour/ws-b", "--reason", "no"]).expect_code(0);
    assert!(done.stderr.contains("was dropped: branch orc/tour was moved by somebody else"), "{}", done.stderr);
    assert_eq!(whole.git(&["rev-parse", "orc/tour^"]), person, "it was made anew on top");
    assert_eq!(whole.ledger().of_kind("rollback_dropped").len(), 1);
    assert_sound(&whole);
}

#[test]
fn a_resume_brings_it_to_its_end_first() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.write("QUALITY_GATE.yaml", "gates: [{id: looked-at, manual: Has somebody read it?, on: wave}]\n");
    repo.commit("gates");
    let plan = environment.root().join("tour.yaml");
    let all = [shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")];
    std::fs::write(&plan, format!("version: 1\nname: tour\ntarget: orc/tour\nworkstreams:\n{}", all.concat())).unwrap();
    let yes = || repo.orc(&["decide", "tour", "looked-at", "approve", "--reason", "yes"]).expect_code(0);
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(3);
    yes();
    repo.orc(&["resume"]).expect_code(3);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(3);
    yes();
    let old = tip(&repo);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(0);
    let new = tip(&repo);
    let prepared = repo.git(&["log", "-1", "--format=%H", "--grep=^rollback prepared", "refs/orc/ledger"]);
    for branch in [old.as_str(), new.as_str()] {
        let left = copy(&environment, &repo, "left");
        cut(&left, (&prepared, branch));
        let resumed = left.orc(&["resume"]).expect_code(3);
        assert!(resumed.stderr.contains("a rollback that was cut short was brought to its end: ws-a"), "{}", resumed.stderr);
        assert_eq!((tip(&left), left.ledger().of_kind("rolled_back").len()), (new.clone(), 1));
        assert_eq!(states(&left), ["ws-a reverted", "ws-b verified"]);
        left.orc(&["verify", "--repair-notes"]);
        left.orc(&["verify"]).expect_code(0);
    }
}

#[test]
fn one_that_is_killed_at_its_gates_has_done_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let gate = "gates: {wave: [[sh, -c, 'test -e a/new.txt || { touch $HOME/there; test -e $HOME/fast || sleep 60; }']]}\n";
    run(&repo, gate, &[shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")]);
    std::fs::remove_file(environment.home().join("there")).ok();
    let old = tip(&repo);
    let mut running = repo.start_orc(&["rollback", "tour/ws-a", "--reason", "no"]);
    while !environment.home().join("there").exists() {
        assert!(running.is_running());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.kill();
    assert_eq!(tip(&repo), old);
    std::fs::write(environment.home().join("fast"), "").unwrap();
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(0);
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b merged"]);
    assert_sound(&repo);
}
