//! Locks that others left, refs and objects that are damaged, folders that can not be written: named clearly, and never made worse.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use super::stage::{PATCHES, Stage, Tally, interrupted};
use crate::harness::{Outcome, Running, TestRepo, program};

fn run(stage: &Stage) -> Outcome {
    Running::start(&mut stage.command(&["run", stage.plan()])).finish()
}

#[test]
fn locks_of_the_users_that_are_in_nobodys_way_stay_where_they_are() {
    let stage = Stage::new(PATCHES);
    for lock in ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "refs/heads/main.lock", "logs/HEAD.lock"] {
        stage.put_back();
        stage.repo().write(&format!(".git/{lock}"), "the user's");
        let oracle = stage.oracle();
        let outcome = run(&stage).expect_code(0);
        assert_eq!(stage.repo().read(&format!(".git/{lock}")), "the user's");
        std::fs::remove_file(stage.repo().git_dir().join(lock)).unwrap();
        let oracle = if lock.starts_with("refs/") { oracle } else { stage.oracle() };
        assert_eq!(oracle.at_end(&stage.repo(), &outcome.stderr), Vec::<String>::new(), "{lock}");
    }
}

#[test]
#[ignore = "half a minute: waits ten seconds for each of some locks that nobody frees"]
fn a_lock_that_is_in_the_way_is_waited_for_and_named() {
    let stages: Vec<Stage> = (0..2).map(|_| Stage::new(PATCHES)).collect();
    std::thread::scope(|scope| {
        for (stage, lock) in stages.iter().zip(["refs/heads/orc/tour.lock", "refs/orc/ledger.lock"]) {
            scope.spawn(move || {
                let oracle = stage.oracle();
                stage.repo().write(&format!(".git/{lock}"), "");
                let start = Instant::now();
                let outcome = run(stage).expect_code(128);
                assert!(start.elapsed() >= Duration::from_secs(9), "{lock} was not waited for");
                assert!(outcome.stderr.contains(lock), "{lock} is not named: {}", outcome.stderr);
                assert_eq!(stage.repo().read(&format!(".git/{lock}")), "", "it is not ours to remove");
                std::fs::remove_file(stage.repo().git_dir().join(lock)).unwrap();
                let mut tally = Tally::default();
                tally.add(lock, stage.judge(&oracle, &outcome.stderr));
                tally.assert_clean("locks in the way");
            });
        }
    });
}

#[test]
#[ignore = "five seconds: a lock that becomes free while it is waited for"]
fn a_lock_that_becomes_free_stops_nobody() {
    let stage = Stage::new(PATCHES);
    let (oracle, repo) = (stage.oracle(), stage.repo());
    repo.write(".git/refs/heads/orc/tour.lock", "");
    let running = repo.start_orc(&["run", stage.plan(), "--progress", "json"]);
    std::thread::sleep(Duration::from_secs(2));
    std::fs::remove_file(repo.git_dir().join("refs/heads/orc/tour.lock")).unwrap();
    let outcome = running.finish().expect_code(0);
    assert_eq!(oracle.at_end(&repo, &outcome.stderr), Vec::<String>::new());
}

/// Damages a finished or interrupted run, and checks that what is damaged is named with a command that helps.
fn assert_named(stage: &Stage, named: &str, damage: impl FnOnce(&TestRepo<'_>)) {
    stage.put_back();
    let repo = stage.repo();
    damage(&repo);
    let mut found = false;
    for arguments in [&["resume"][..], &["status"], &["log"]] {
        let outcome = repo.orc(arguments);
        assert_ne!(outcome.status.code(), None, "{outcome:#?}");
        if outcome.code() == 128 {
            found = true;
            assert!(outcome.stderr.contains(named), "`{named}` is not named by {arguments:?}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("hint: ") && outcome.stderr.contains("`git "), "no hint: {}", outcome.stderr);
        }
    }
    assert!(found, "nobody noticed that {named} is damaged");
    assert!(matches!(repo.orc(&["verify"]).code(), 1 | 128), "verify finds nothing wrong with {named}");
}

fn object_file(repo: &TestRepo<'_>, revision: &str) -> (String, std::path::PathBuf) {
    let id = repo.git(&["rev-parse", revision]);
    let path = repo.git_dir().join("objects").join(&id[..2]).join(&id[2..]);
    (id, path)
}

#[test]
#[ignore = "ten seconds: damages refs and objects of an interrupted run, one after the other"]
fn damaged_refs_and_objects_are_named() {
    let stage = interrupted();
    stage.put_back();
    let whole = stage.repo().git(&["rev-parse", "refs/orc/ledger"]);
    let (tip, _) = object_file(&stage.repo(), "refs/orc/ledger");
    let ledger = ".git/refs/orc/ledger";
    assert_named(&stage, "refs/orc/ledger", |repo| repo.write(ledger, ""));
    assert_named(&stage, "refs/orc/ledger", |repo| repo.write(ledger, &whole[..20]));
    assert_named(&stage, "refs/orc/ledger", |repo| repo.write(ledger, vec![0; 41]));
    assert_named(&stage, &tip, |repo| std::fs::remove_file(object_file(repo, "refs/orc/ledger").1).unwrap());
    assert_named(&stage, &tip[..7], |repo| {
        let (_, path) = object_file(repo, "refs/orc/ledger");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(&path, bytes).unwrap();
    });
    stage.put_back();
    let (parent, _) = object_file(&stage.repo(), "refs/orc/ledger~2");
    assert_named(&stage, &parent, |repo| std::fs::remove_file(object_file(repo, "refs/orc/ledger~2").1).unwrap());
}

/// Somebody who is not root.
const NOBODY: u32 = 65534;

/// Runs a plan as somebody without rights over the folders of root.
fn run_as_nobody(stage: &Stage, copy: &std::path::Path) -> Outcome {
    let mut command = stage.repo().command("setpriv");
    command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]);
    command.arg(copy).args(["run", stage.plan(), "--progress", "json"]);
    Running::start(&mut command).finish()
}

#[test]
#[ignore = "ten seconds: folders that can not be written; needs root to become nobody"]
fn folders_that_can_not_be_written_are_named() {
    assert!(rustix::process::geteuid().is_root(), "this suite becomes somebody else, which needs root");
    let stage = Stage::new(PATCHES);
    let root = stage.environment().root();
    let copy = root.join("program");
    std::fs::copy(program(), &copy).unwrap();
    std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).unwrap();
    for folder in ["home", "config", "tmp"] {
        chown(&root.join(folder));
    }
    let cases = [".git/objects", ".git/refs/heads", ".git/refs/orc", ".git/orc", ".git"];
    for case in cases {
        stage.put_back();
        let repo = stage.repo();
        std::fs::create_dir_all(repo.path().join(".git/refs/orc")).unwrap();
        std::fs::create_dir_all(repo.path().join(".git/orc")).unwrap();
        chown(repo.path());
        let folder = repo.path().join(case);
        std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
        let outcome = run_as_nobody(&stage, &copy);
        assert_eq!(outcome.code(), 128, "{case}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("error: failed to "), "{case}: {}", outcome.stderr);
        let is_named = ["Permission denied", "not permitted", "belongs to another user"].iter().any(|word| outcome.stderr.contains(word));
        assert!(is_named && outcome.stderr.contains("/project/.git"), "{case}: {}", outcome.stderr);
    }
    // A repository of somebody else's.
    stage.put_back();
    let outcome = run_as_nobody(&stage, &copy);
    assert_eq!(outcome.code(), 128, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("safe.directory"), "{}", outcome.stderr);
}

fn chown(folder: &std::path::Path) {
    let owner = format!("{NOBODY}:{NOBODY}");
    assert!(std::process::Command::new("chown").arg("-R").arg(owner).arg(folder).status().unwrap().success());
}
