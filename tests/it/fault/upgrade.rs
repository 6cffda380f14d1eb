//! A run that an earlier version of the program began and was killed in; it is never edited.

use crate::harness::TestEnvironment;

/// Everything that the earlier version left in its repository: the user's branch, and the refs of a run that was in its second workstream.
const BUNDLE: &[u8] = include_bytes!("../../../fixtures/ledgers/v1/interrupted.bundle");

fn upgraded(environment: &TestEnvironment) -> crate::harness::TestRepo<'_> {
    std::fs::write(environment.root().join("begun.bundle"), BUNDLE).unwrap();
    // What the tool of the second workstream waits for.
    std::fs::write(environment.home().join("again"), "").unwrap();
    environment.run("git", &["clone", "--quiet", "--branch=main", "begun.bundle", "project"]).expect_code(0);
    let repo = environment.open("project");
    repo.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/notes/*:refs/notes/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    repo
}

#[test]
fn a_run_that_an_earlier_version_began_is_finished() {
    let environment = TestEnvironment::new();
    let repo = upgraded(&environment);
    let before: Vec<_> = repo.ledger().entries().to_vec();
    assert_eq!(before.last().unwrap()["kind"], "step_started");
    repo.orc(&["resume", "--trust"]).expect_code(0);
    for (file, content) in [("a/x.txt", "good"), ("b/x.txt", "whole"), ("b/y.txt", "good"), ("c/n.txt", "whole")] {
        assert_eq!(repo.git(&["show", &format!("orc/tour:{file}")]), content);
    }
    let ledger = repo.ledger();
    ledger.assert_sound();
    assert_eq!(ledger.entries()[..before.len()], before, "what the earlier version wrote stays as it is");
    assert_eq!(ledger.of_kind("workstream_merged").len(), 3);
    repo.assert_sound();
}

#[test]
fn what_a_later_version_writes_is_kept_and_shown() {
    let environment = TestEnvironment::new();
    let repo = upgraded(&environment);
    let last = repo.ledger().entries().last().unwrap().clone();
    let run = last["run"].as_str().unwrap();
    let tree = repo.git(&["rev-parse", "refs/orc/ledger^{tree}"]);
    let entry = format!(
        r#"{{"v":2,"ulid":"01ZZZZZZZZZZZZZZZZZZZZZZZZ","ts":"2027-01-01T00:00:00Z","kind":"moon_landed","run":"{run}","key":"moon","new":{{"deep":[1]}}}}"#
    );
    let message = format!("moon landed\n\nOrc-Run: {run}\nOrc-Entry: {entry}\n");
    let commit = repo.git(&["commit-tree", &tree, "-p", "refs/orc/ledger", "-m", &message]);
    repo.git(&["update-ref", "refs/orc/ledger", &commit]);
    let log = repo.orc(&["log"]).expect_code(0).stdout;
    assert!(log.contains("moon_landed") || log.contains("moon landed"), "{log}");
    repo.orc(&["resume", "--trust"]).expect_code(0);
    let export = repo.git(&["log", "--format=%(trailers:key=Orc-Entry,valueonly)", "refs/orc/ledger"]);
    assert_eq!(export.lines().filter(|line| *line == entry).count(), 1, "the entry of the later version is gone");
    assert_eq!(repo.git(&["show", "orc/tour:c/n.txt"]), "whole");
}
