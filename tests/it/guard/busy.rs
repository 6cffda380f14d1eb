//! A user who works on while tools are at work: nothing of theirs is put back, and nobody is suspected.

use std::fs;
use std::time::Duration;

use git_orc::io::git::guard::Findings;

use super::{guard, project, run, shell};
use crate::harness::TestEnvironment;

#[test]
#[ignore = "a user at work takes several seconds"]
fn an_ordinary_day_of_a_user_stops_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    environment.run("git", &["clone", "--quiet", "--bare", "project", "upstream.git"]).expect_code(0);
    repo.git(&["remote", "set-url", "origin", environment.root().join("upstream.git").to_str().unwrap()]);
    repo.git(&["fetch", "--quiet", "origin"]);
    let plan = environment.root().join("plan.yaml");
    let lines: Vec<String> =
        ["a", "b", "c"].iter().map(|f| shell(&format!("ws-{f}"), &format!("{f}/**"), &format!("sleep 2; echo x >{f}/x.txt"))).collect();
    fs::write(&plan, format!("version: 1\nname: tour\nmax_workers: 2\nworkstreams:\n{}", lines.concat())).unwrap();
    let mut running = repo.start_orc(&["run", plan.to_str().unwrap(), "--json"]);
    let mut rounds = 0;
    while running.is_running() {
        let topic = format!("topic-{rounds}");
        repo.write("mine.txt", format!("mine {rounds}\n"));
        repo.commit(&format!("mine {rounds}"));
        let day: Vec<Vec<&str>> = vec![
            vec!["switch", "--quiet", "--create", &topic, "origin/main"],
            vec!["commit", "--quiet", "--allow-empty", "-m", "on topic"],
            vec!["rebase", "--quiet", "main"],
            vec!["push", "--quiet", "--set-upstream", "origin", &topic],
            vec!["switch", "--quiet", "main"],
            vec!["fetch", "--quiet", "--prune"],
            vec!["tag", &topic],
            vec!["worktree", "add", "--quiet", "../side", &topic],
            vec!["worktree", "move", "../side", "../moved"],
            vec!["worktree", "remove", "../moved"],
            vec!["branch", "--quiet", "-D", &topic],
            vec!["pack-refs", "--all"],
            vec!["gc", "--quiet"],
            vec!["status"],
        ];
        for command in day {
            repo.git(&command);
        }
        repo.write("mine.txt", "not yet\n");
        repo.git(&["stash", "push", "--quiet"]);
        repo.git(&["stash", "pop", "--quiet"]);
        repo.git(&["checkout", "--quiet", "--", "mine.txt"]);
        rounds += 1;
    }
    let outcome = running.finish().expect_code(0);
    assert!(rounds > 1, "the user did next to nothing meanwhile");
    assert_eq!(outcome.json()["state"], "completed");
    assert!(repo.ledger().of_kind("integrity_violated").is_empty(), "{:?}", repo.ledger().of_kind("integrity_violated"));
    assert!(repo.ledger().of_kind("patch_quarantined").is_empty());
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.assert_sound();
    repo.ledger().assert_sound();
}

#[test]
fn what_a_user_changes_while_nobody_is_at_work_is_theirs() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    run(&environment, &repo, "", &[shell("ws-a", "a/**", "echo a >a/x.txt")]).expect_code(0);
    repo.git(&["config", "alias.st", "status"]);
    repo.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 0\n");
    let before = repo.fingerprint("orc/tour");
    run(&environment, &repo, "", &[shell("ws-a", "b/**", "echo b >b/x.txt")]).expect_code(0);
    repo.assert_untouched(&before);
    assert!(repo.ledger().of_kind("integrity_violated").is_empty());
    assert!(repo.ledger().of_kind("integrity_noted").is_empty());
}

/// git takes the files of a worktree away one by one, and fails when one of them comes back meanwhile.
#[test]
fn a_worktree_that_is_just_being_removed_is_left_alone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.git(&["worktree", "add", "--quiet", "../side", "topic"]);
    let (guard, admin) = (guard(&environment, &repo), repo.path().join(".git/worktrees/side"));
    for first in ["gitdir", "commondir"] {
        guard.enter("a").unwrap();
        fs::remove_file(admin.join(first)).unwrap();
        std::thread::scope(|scope| {
            let git = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                let rest = || fs::read_dir(&admin).unwrap().map(|entry| entry.unwrap().path());
                for path in rest().filter(|path| path.is_dir()) {
                    fs::remove_dir_all(path).unwrap();
                }
                rest().for_each(|path| fs::remove_file(path).unwrap());
                fs::remove_dir(&admin)
            });
            guard.leave("a").unwrap();
            git.join().unwrap().unwrap();
        });
        assert_eq!(guard.take("a"), Findings::default());
        fs::remove_dir_all(environment.root().join("side")).unwrap();
        repo.git(&["worktree", "add", "--quiet", "../side", "topic"]);
    }
    guard.enter("a").unwrap();
    fs::remove_file(admin.join("gitdir")).unwrap();
    guard.leave("a").unwrap();
    assert!(guard.take("a").guarded.iter().all(|change| change.restored) && admin.join("gitdir").exists());
}
