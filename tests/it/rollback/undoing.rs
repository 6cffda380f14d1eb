//! What is undone, by which commits, and who can see it.

use super::{assert_sound, by_plain_git, merge_of, project, rollback, run, shell, states, three, tip, tree};
use crate::harness::{TestEnvironment, TestRepo};

/// Leaves something of everything lying about that a user may have.
fn live_in(repo: &TestRepo<'_>) {
    repo.write("d/x.txt", "stashed\n");
    repo.git(&["stash", "push", "--quiet"]);
    repo.write("b/x.txt", "staged\n");
    repo.git(&["add", "b/x.txt"]);
    repo.write("b/x.txt", "edited\n");
    repo.write("notes.txt", "untracked\n");
    repo.write(".git/info/exclude", "/cache\n");
    repo.write("cache/x", "ignored\n");
    repo.write_script(".git/hooks/post-commit", "#!/bin/sh\ntouch /nowhere\n");
    repo.write_script(".git/hooks/reference-transaction", "#!/bin/sh\nexit 0\n");
    repo.git(&["branch", "topic"]);
    repo.git(&["tag", "v1"]);
}

#[test]
fn one_of_three_is_undone_as_plain_git_undoes_it() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    live_in(&repo);
    let (old, merge, before) = (tip(&repo), merge_of(&repo, "ws-b"), repo.fingerprint("orc/tour"));
    let document = rollback(&repo, &["tour/ws-b", "--reason", "it broke the build", "--json"]).expect_code(0).json();
    repo.assert_untouched(&before);
    let new = tip(&repo);
    assert_eq!(tree(&repo, &new), by_plain_git(&environment, &old, std::slice::from_ref(&merge)));
    assert_eq!(repo.git(&["rev-parse", &format!("{new}^")]), old, "one new commit on top, nothing rewritten");
    assert_eq!((document["old"].as_str(), document["new"].as_str()), (Some(old.as_str()), Some(new.as_str())));
    let message = repo.git(&["log", "-1", "--format=%an%n%B", &new]);
    let parent = repo.git(&["rev-parse", &format!("{merge}^1")]);
    let run = document["run"].as_str().unwrap();
    let expect = format!(
        "Ada Example\nRevert \"Merge ws-b\"\n\nThis reverts commit {merge}, reversing\nchanges made to {parent}.\n\nit broke the build\n\nOrc-Run: {run}\nOrc-Workstream: ws-b\nOrc-Reverts: {merge}\n"
    );
    assert_eq!(message.trim_end(), expect.trim_end());
    assert!(repo.git(&["reflog", "-1", "orc/tour"]).contains("rollback in tour"));
    let ledger = repo.ledger();
    let kinds: Vec<&str> = ledger.entries().iter().rev().take(4).map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["patch_reverted", "rolled_back", "rollback_prepared", "rollback_started"]);
    let done = ledger.of_kind("rolled_back")[0];
    assert_eq!((done["reason"].as_str(), done["who"].as_str()), (Some("it broke the build"), Some("Ada Example <ada@example.org>")));
    assert_eq!(states(&repo), ["ws-a merged", "ws-b reverted", "ws-c merged"]);
    let note = |commit: &str| repo.git(&["notes", "--ref=orc", "show", commit]);
    assert!(note(&merge).contains(&format!("Orc-Reverted-By: {new}\n")), "{}", note(&merge));
    assert!(note(&new).contains(&format!("Orc-Reverts: {merge}\n")), "{}", note(&new));
    assert_sound(&repo);
}

#[test]
fn whoever_asks_is_told_that_it_is_undone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    rollback(&repo, &["tour/ws-a", "--reason", "not now"]).expect_code(0);
    let new = tip(&repo);
    let patch = repo.ledger().of_kind("patch_reverted")[0]["patch"].as_str().unwrap().to_owned();
    let check = |arguments: &[&str], expect: &[&str]| {
        let told = repo.orc(arguments).stdout;
        for words in expect {
            assert!(told.contains(words), "{arguments:?} does not say {words:?}: {told}");
        }
    };
    check(&["status"], &["reverted", "2 of 3 workstreams merged"]);
    check(&["list"], &["2/3"]);
    check(&["show", "tour/ws-a"], &["reverted", "undone by", &new[..10]]);
    check(&["show", &patch], &["reverted", "not now", &format!("reverted as {}", &new[..10])]);
    check(&["log"], &["rolled back", "patch reverted", "ws-a as 1 commit: not now"]);
    check(&["log", "--json"], &["\"rolled_back\""]);
    check(&["cost", "tour"], &["reverted"]);
    check(&["graph", "--run", "tour"], &["reverted"]);
    let subjects = repo.git(&["log", "--format=%s", "-4", "refs/orc/ledger"]);
    assert!(subjects.contains("rolled back: ws-a as 1 commit: not now"), "{subjects}");
    let folder = environment.root().join("views");
    repo.orc(&["export", "--to", folder.to_str().unwrap(), "--run", "tour"]).expect_code(0);
    let found = environment.run("grep", &["-rl", "reverted", folder.to_str().unwrap()]);
    assert!(!found.stdout.is_empty(), "the export does not tell it");
}

#[test]
fn a_run_is_undone_in_reverse_order_of_merging() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let base = repo.git(&["rev-parse", "HEAD"]);
    three(&repo);
    let old = tip(&repo);
    rollback(&repo, &["tour", "--reason", "all of it"]).expect_code(0);
    assert_eq!(tree(&repo, "orc/tour"), tree(&repo, &base));
    let merges = ["ws-c", "ws-b", "ws-a"].map(|id| merge_of(&repo, id));
    assert_eq!(tree(&repo, "orc/tour"), by_plain_git(&environment, &old, &merges));
    let undone = repo.git(&["log", "--reverse", "--format=%(trailers:key=Orc-Reverts,valueonly,separator=)", &format!("{old}..orc/tour")]);
    assert_eq!(undone.lines().collect::<Vec<_>>(), merges);
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b reverted", "ws-c reverted"]);
    assert_sound(&repo);
}

#[test]
fn twice_is_once() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    rollback(&repo, &["tour/ws-b", "--reason", "first"]).expect_code(0);
    let (new, entries) = (tip(&repo), repo.ledger().entries().len());
    let again = rollback(&repo, &["tour/ws-b", "--reason", "second"]).expect_code(0);
    assert!(again.stdout.contains("undone before") && again.stdout.contains(&new[..10]), "{}", again.stdout);
    assert_eq!((tip(&repo), repo.ledger().entries().len()), (new, entries));
    // The rest of the run goes by itself, and what was undone before is not undone again.
    rollback(&repo, &["tour", "--reason", "the rest"]).expect_code(0);
    assert_eq!(repo.git(&["rev-list", "--count", &format!("{}..orc/tour", merge_of(&repo, "ws-c"))]), "3");
    assert_sound(&repo);
}

/// A workstream of two patches that are both merged: the second one mends what the check found.
fn of_two_patches(repo: &TestRepo<'_>) -> Vec<(String, String)> {
    let line = "if [ \"$ORC_STEP\" = fix ]; then echo fixed >a/fixed.txt; else echo made >a/made.txt; fi";
    let all = [shell("ws-a", line, "    static: [[test, -e, a/fixed.txt]]\n"), shell("ws-b", "echo b >b/new.txt", "")];
    run(repo, "", &all);
    let ledger = repo.ledger();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of_a = ledger.of_kind("patch_merged").into_iter().filter(|entry| entry["workstream"] == "ws-a");
    of_a.map(|entry| (text(&entry["patch"]), text(&entry["commit"]))).collect()
}

#[test]
fn a_patch_is_undone_by_itself_when_it_is_the_newest_of_several() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let patches = of_two_patches(&repo);
    assert_eq!(patches.len(), 2, "{patches:?}");
    let refused = rollback(&repo, &[&patches[0].0, "--reason", "no"]).expect_code(1);
    assert!(refused.stderr.contains("is not the newest one of ws-a") && refused.stderr.contains(&patches[1].0), "{}", refused.stderr);
    let old = tip(&repo);
    rollback(&repo, &[&patches[1].1[..12], "--reason", "only the fix"]).expect_code(0);
    assert_eq!(repo.git(&["diff", "--name-status", &old, "orc/tour"]), "D\ta/fixed.txt");
    let message = repo.git(&["log", "-1", "--format=%B", "orc/tour"]);
    assert!(message.contains(&format!("This reverts commit {}.\n", patches[1].1)), "{message}");
    assert_eq!(states(&repo), ["ws-a merged", "ws-b merged"], "the rest of it is still there");
    assert_sound(&repo);
    // What is left of it is the workstream.
    rollback(&repo, &[&patches[0].0, "--reason", "the rest"]).expect_code(0);
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", "orc/tour", "a"]), "a/x.txt");
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b merged"]);
    assert_sound(&repo);
}

#[test]
fn what_is_left_of_a_workstream_is_undone_where_patches_changed_the_same_file() {
    for whole in ["PATCH", "tour/ws-a", "tour"] {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let base = repo.git(&["rev-parse", "HEAD"]);
        let line = "if [ \"$ORC_STEP\" = fix ]; then echo fixed >>a/made.txt; else echo made >a/made.txt; fi";
        run(&repo, "", &[shell("ws-a", line, "    static: [[grep, -q, fixed, a/made.txt]]\n")]);
        let ledger = repo.ledger();
        let patches: Vec<&str> = ledger.of_kind("patch_merged").iter().map(|entry| entry["patch"].as_str().unwrap()).collect();
        rollback(&repo, &[patches[1], "--reason", "only the fix"]).expect_code(0);
        assert_eq!(repo.git(&["show", "orc/tour:a/made.txt"]), "made");
        rollback(&repo, &[if whole == "PATCH" { patches[0] } else { whole }, "--reason", "the rest"]).expect_code(0);
        assert_eq!(tree(&repo, "orc/tour"), tree(&repo, &base), "{whole}");
        assert_eq!(states(&repo), ["ws-a reverted"]);
        assert_sound(&repo);
    }
}

#[test]
fn the_only_patch_of_a_workstream_is_the_workstream() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    let merge = merge_of(&repo, "ws-c");
    let patch = repo.ledger().of_kind("patch_merged").into_iter().find(|entry| entry["workstream"] == "ws-c").unwrap()["patch"].clone();
    rollback(&repo, &[patch.as_str().unwrap(), "--reason", "no"]).expect_code(0);
    assert!(repo.git(&["log", "-1", "--format=%B", "orc/tour"]).contains(&format!("Orc-Reverts: {merge}")));
    assert_eq!(states(&repo), ["ws-a merged", "ws-b merged", "ws-c reverted"]);
    assert_sound(&repo);
}

#[test]
fn another_clone_with_the_ledger_does_the_same() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    environment.run("git", &["clone", "--quiet", "project", "other"]).expect_code(0);
    let other = environment.open("other");
    other.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    let (old, merge) = (tip(&other), merge_of(&other, "ws-b"));
    rollback(&other, &["tour/ws-b", "--reason", "seen elsewhere"]).expect_code(0);
    assert_eq!(tree(&other, "orc/tour"), by_plain_git(&environment, &old, &[merge]));
    other.orc(&["verify"]).expect_code(0);
    // And the first clone takes it over again.
    repo.git(&["fetch", "--quiet", "../other", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    assert_eq!(states(&repo), ["ws-a merged", "ws-b reverted", "ws-c merged"]);
    repo.orc(&["verify"]).expect_code(0);
    repo.assert_sound();
}

/// Says yes to the gate for as long as it asks, resuming each time.
fn say_yes(repo: &TestRepo<'_>, times: usize) {
    for _ in 0..times {
        repo.orc(&["decide", "tour", "looked-at", "approve", "--reason", "yes"]);
        repo.orc(&["resume"]);
    }
}

#[test]
fn what_is_left_to_do_waits_for_what_was_undone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.write("QUALITY_GATE.yaml", "gates: [{id: looked-at, manual: Has somebody read it?, on: wave}]\n");
    repo.commit("gates");
    let all = [
        shell("ws-a", "echo a >a/new.txt", ""),
        shell("ws-b", "echo b >b/new.txt", ""),
        shell("ws-c", "cat a/new.txt b/new.txt >c/new.txt", "    depends_on: [ws-a, ws-b]\n"),
    ];
    let plan = environment.root().join("tour.yaml");
    std::fs::write(&plan, format!("version: 1\nname: tour\ntarget: orc/tour\nworkstreams:\n{}", all.concat())).unwrap();
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(3);
    say_yes(&repo, 1);
    assert_eq!(states(&repo), ["ws-a merged", "ws-b verified", "ws-c planned"]);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(3);
    repo.orc(&["decide", "tour", "looked-at", "approve", "--reason", "undo it"]).expect_code(0);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(0);
    say_yes(&repo, 3);
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b merged", "ws-c blocked"]);
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", "orc/tour", "a", "b"]), "a/x.txt\nb/new.txt\nb/x.txt");
    assert_sound(&repo);
}
