//! Where a run is started from: every kind of checkout that a user may stand in.

use git_orc::domain::run::state::RunStatus;

use super::rig::{Rig, assert_states, plan, shell};
use crate::harness::TestEnvironment;

fn one() -> String {
    plan("", &[shell("ws-a", "a/**", "echo a >a/x.txt", "")])
}

#[test]
fn a_run_starts_in_a_subdirectory_and_in_a_linked_worktree() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let before = rig.repo.fingerprint("orc/tour");
    let state = rig.run_in(&rig.repo.path().join("a"), &one(), Vec::new()).unwrap();
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    rig.repo.assert_untouched(&before);
    rig.repo.git(&["branch", "-D", "orc/tour"]);
    // A linked worktree with another commit of its own: `HEAD` is that of the worktree.
    rig.repo.git(&["worktree", "add", "--quiet", "-b", "topic", "../linked"]);
    let linked = environment.open("linked");
    linked.write("b/x.txt", "of the topic\n");
    linked.commit("topic");
    let before = linked.git(&["status", "--porcelain=v2", "--branch"]);
    let state = rig.run_in(linked.path(), &one(), Vec::new()).unwrap();
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "b/x.txt"), "of the topic");
    assert_eq!(linked.git(&["status", "--porcelain=v2", "--branch"]), before);
    assert_eq!(rig.repo.worktrees().len(), 2);
    rig.repo.git(&["worktree", "remove", "../linked"]);
    rig.assert_sound();
}

#[test]
fn a_run_starts_from_a_detached_head_and_from_a_dirty_checkout() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.git(&["checkout", "--quiet", "--detach"]);
    rig.repo.write("a/x.txt", "half of an idea\n");
    rig.repo.write("b/x.txt", "staged\n");
    rig.repo.git(&["add", "b/x.txt"]);
    rig.repo.write("loose.txt", "untracked\n");
    let before = rig.repo.fingerprint("orc/tour");
    assert_states(&rig.run(&one()), RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.repo.git(&["diff", "--name-only", "HEAD", "orc/tour"]), "a/x.txt", "what is not committed is no part of the base");
    assert!(rig.on("orc/tour", "b/x.txt").starts_with("b line 1\n"));
    rig.repo.assert_untouched(&before);
    rig.assert_sound();
}

#[test]
fn a_bare_repository_can_be_run_in() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    environment.run("git", &["clone", "--quiet", "--bare", "project", "bare.git"]).expect_code(0);
    let state = rig.run_in(&environment.root().join("bare.git"), &one(), Vec::new()).unwrap();
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let bare = |arguments: &[&str]| environment.run("git", &[&["-C", "bare.git"], arguments].concat()).expect_code(0).stdout;
    assert_eq!(bare(&["show", "orc/tour:a/x.txt"]), "a\n");
    assert_eq!(bare(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
    bare(&["fsck", "--strict"]);
}

#[test]
fn a_repository_without_a_commit_is_refused_in_one_sentence() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    environment.run("git", &["init", "--quiet", "unborn"]).expect_code(0);
    let error = rig.run_in(&environment.root().join("unborn"), &one(), Vec::new()).unwrap_err().to_string();
    assert!(error.contains("HEAD"), "{error}");
    let refs = environment.run("git", &["-C", "unborn", "for-each-ref"]).expect_code(0).stdout;
    assert_eq!(refs, "", "nothing was begun");
    assert!(rig.try_context(environment.root()).is_err(), "and a folder without a repository as well");
}

#[test]
fn a_worktree_that_is_handed_on_is_like_a_new_one() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.write(".gitignore", "*.cache\n");
    rig.repo.commit("ignore caches");
    let one = |n: usize| {
        let look = "ls -A . a w* >>$HOME/seen; stat -c '%i %w' . >>$HOME/tops";
        let line = format!("{look}; echo secret >a/left.cache; mkdir -p deep/er w{n}; echo x >deep/er/left.cache; echo x >w{n}/x");
        let after = if n > 0 { format!("    depends_on: [w{}]\n", n - 1) } else { String::new() };
        shell(
            &format!("w{n}"),
            &format!("w{n}/**"),
            &line,
            &format!("{after}    static: [[sh, -c, 'echo junk >junk; chmod 600 a/x.txt']]\n"),
        )
    };
    let state = rig.run(&plan("max_workers: 2", &(0..5).map(one).collect::<Vec<_>>()));
    assert_eq!(state.status, RunStatus::Completed, "{:?}", state.reason);
    let seen = rig.home_file("seen");
    for foreign in ["left.cache", "deep", "junk"] {
        assert!(!seen.lines().any(|line| line == foreign), "{foreign} was left by the one before: {seen}");
    }
    let tops = rig.home_file("tops");
    let folders: std::collections::BTreeSet<&str> = tops.lines().collect();
    assert!(folders.len() < tops.lines().count(), "no folder was used again: {tops}");
    rig.assert_sound();
}
