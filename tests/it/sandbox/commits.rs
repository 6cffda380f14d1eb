//! Tools that commit: they get a git directory of their own, and what they committed is kept.

use super::{Stage, at_both_levels};
use crate::harness::TestEnvironment;

at_both_levels!(a_tool_commits_as_it_likes, what_a_killed_driver_left_is_taken_over);

fn a_tool_commits_as_it_likes(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    stage.repo.git(&["branch", "other"]);
    let before = stage.repo.fingerprint("orc/tour");
    let config = std::fs::read(stage.repo.git_dir().join("config")).unwrap();
    let script = "t clean sh -c 'test -z \"$(git status --porcelain)\"'; t config git config user.nickname tool; t add git add -A; \
        echo two >a/two; t commit sh -c 'git add a/two && git commit -qm first'; t branch git branch side; t switch git switch -qc work; \
        echo three >a/three; t again sh -c 'git add a/three && git commit -qm second'; echo wip >a/x.txt; t stash git stash; \
        t others git rev-parse --verify other; t ours sh -c '! git rev-parse --verify --quiet refs/orc/ledger'; t tag git tag v1; \
        t fsck git fsck; echo four >a/four";
    let tried = stage.tried(script, &[]);
    assert!(tried.len() == 12 && tried.iter().all(|line| line.ends_with(" done")), "{tried:?}");
    for (file, text) in [("two", "two"), ("three", "three"), ("four", "four")] {
        assert_eq!(stage.repo.git(&["show", &format!("orc/tour:a/{file}")]), text);
    }
    let kept = stage.repo.git(&["for-each-ref", "--format=%(refname) %(subject)", "refs/orc/kept"]);
    let subjects: Vec<&str> = kept.lines().filter_map(|line| line.split_once(' ')).map(|(_, subject)| subject).collect();
    assert!(subjects.contains(&"second") && subjects.contains(&"first"), "{kept}");
    assert!(subjects.iter().any(|subject| subject.contains("WIP on work")), "the stash is kept: {kept}");
    let finished = stage.entry("step_finished");
    assert_eq!(finished["notes"][0], "2 commits of the tool's own kept and folded in", "{finished}");
    assert_eq!(std::fs::read(stage.repo.git_dir().join("config")).unwrap(), config);
    stage.repo.assert_untouched(&before);
    stage.assert_sound();
    let left = environment.run("find", &["project/.git/orc", "-name", "*.git"]).stdout;
    assert_eq!(left, "", "a git directory of a tool is left");
}

fn what_a_killed_driver_left_is_taken_over(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    let script = "echo two >a/two; git add a/two && git commit -qm kept; test \"$ORC_ATTEMPT\" != 1 || { echo ready >a/ready; sleep 60; }";
    let plan = stage.plan(script, "");
    let mut driver = stage.repo.start_orc(&["run", &plan, "--sandbox", level]);
    let ready = || environment.run("sh", &["-c", "cat project.orc/*/ws/a/ready 2>/dev/null"]).stdout.contains("ready");
    while !ready() {
        assert!(driver.is_running(), "the run ended early");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    driver.kill();
    stage.repo.orc(&["resume", "--sandbox", level]).expect_code(0);
    let kept = stage.repo.git(&["for-each-ref", "--format=%(refname) %(subject)", "refs/orc/kept"]);
    assert_eq!(kept.lines().filter(|line| line.ends_with(" kept")).count(), 2, "{kept}");
    assert_eq!(stage.repo.git(&["show", "orc/tour:a/two"]), "two");
    stage.assert_sound();
}
