//! Shows that the harness notices what it is for: a test that can not fail proves nothing.

use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::environment::TestEnvironment;
use super::repository::TestRepo;
use super::rounds::{parse, rounds};

/// The branch that the fingerprints here allow to move.
const TARGET: &str = "orc/tour";

/// Makes a repository with one of everything that a user may have.
fn lived_in(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    repo.write("src/a.txt", "one\n");
    repo.write_script("build.sh", "#!/bin/sh\n");
    repo.write(".gitignore", "/cache\n");
    repo.commit("files");
    repo.write("src/a.txt", "stashed\n");
    repo.git(&["stash", "push", "--quiet"]);
    repo.write("src/a.txt", "staged\n");
    repo.git(&["add", "src/a.txt"]);
    repo.write("src/a.txt", "edited\n");
    repo.write("untracked.txt", "u\n");
    repo.write("cache/ignored.txt", "i\n");
    repo.git(&["branch", "topic"]);
    repo
}

#[test]
fn nothing_of_the_machine_is_inherited() {
    let environment = TestEnvironment::new();
    let names = |outcome: &super::process::Outcome| -> Vec<String> {
        outcome.stdout.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned()).collect()
    };
    let mut seen = names(&environment.run("env", &[]));
    let expected = [
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_TERMINAL_PROMPT",
        "HOME",
        "LC_ALL",
        "ORC_MIN_FREE_MIB",
        "ORC_SANDBOX",
        "PATH",
        "TERM",
        "TMPDIR",
        "TZ",
        "XDG_CONFIG_HOME",
    ];
    seen.sort();
    assert_eq!(seen, expected);
    let origins = environment.run("git", &["config", "--list", "--show-origin"]).stdout;
    let home = environment.home();
    assert!(origins.lines().all(|line| line.contains(home.to_str().unwrap())), "{origins}");
}

#[test]
fn equal_content_has_equal_ids_everywhere() {
    let commit = || {
        let environment = TestEnvironment::new();
        let repo = environment.repo("project");
        repo.write("a.txt", "one\n");
        repo.commit("a")
    };
    assert_eq!(commit(), commit());
}

#[test]
fn the_program_is_found_as_a_git_command() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let outcome = repo.orc(&["--version"]);
    assert!(!outcome.stderr.contains("is not a git command"), "{outcome:#?}");
    assert_ne!(environment.run("git", &["no-such-command"]).code(), 0);
    std::fs::remove_file(environment.bin().join("git-orc")).unwrap();
    assert!(repo.orc(&["--version"]).stderr.contains("is not a git command"), "the program came from elsewhere in PATH");
}

#[test]
fn a_killed_program_is_seen_as_killed() {
    let environment = TestEnvironment::new();
    let running = super::process::Running::start(environment.command("sleep").arg("60"));
    let process = std::path::PathBuf::from(format!("/proc/{}", running.pid()));
    assert!(process.exists());
    assert_eq!(running.kill().status.code(), None);
    assert!(!process.exists());
    let dropped = super::process::Running::start(environment.command("sleep").arg("60"));
    let process = std::path::PathBuf::from(format!("/proc/{}", dropped.pid()));
    drop(dropped);
    assert!(!process.exists());
}

#[test]
fn output_and_exit_codes_are_captured() {
    let environment = TestEnvironment::new();
    let outcome = environment.run("sh", &["-c", "echo '{\"a\": 1}'; echo err >&2; exit 7"]).expect_code(7);
    assert_eq!((outcome.json()["a"].as_i64(), outcome.stderr.as_str()), (Some(1), "err\n"));
    let kept = environment.keep();
    assert!(kept.join("home/.gitconfig").exists());
    std::fs::remove_dir_all(kept).unwrap();
}

/// Checks that a deed is seen, and that the report names it.
fn assert_noticed(named: &str, deed: impl FnOnce(&TestRepo<'_>)) {
    let environment = TestEnvironment::new();
    let repo = lived_in(&environment);
    let before = repo.fingerprint(TARGET);
    repo.assert_untouched(&before);
    deed(&repo);
    let changes = before.changes(&repo.fingerprint(TARGET));
    assert!(changes.iter().any(|line| line.contains(named)), "`{named}` is not among {changes:#?}");
    assert!(catch_unwind(AssertUnwindSafe(|| repo.assert_untouched(&before))).is_err());
}

#[test]
fn touched_files_are_noticed() {
    assert_noticed("work tree src/a.txt", |repo| repo.write("src/a.txt", "other\n"));
    assert_noticed("work tree src/a.txt", |repo| {
        // The same bytes again: only the time tells.
        repo.write("src/a.txt", "edited\n");
        let file = std::fs::File::options().append(true).open(repo.path().join("src/a.txt")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    });
    assert_noticed("work tree untracked.txt", |repo| std::fs::remove_file(repo.path().join("untracked.txt")).unwrap());
    assert_noticed("work tree cache/ignored.txt", |repo| repo.write("cache/ignored.txt", "other\n"));
    assert_noticed("work tree new.txt", |repo| repo.write("new.txt", ""));
    assert_noticed("work tree build.sh", |repo| {
        std::fs::set_permissions(repo.path().join("build.sh"), std::fs::Permissions::from_mode(0o644)).unwrap();
    });
    assert_noticed("work tree link", |repo| std::os::unix::fs::symlink("src/a.txt", repo.path().join("link")).unwrap());
}

#[test]
fn touched_git_state_is_noticed() {
    assert_noticed("git file index", |repo| drop(repo.git(&["add", "untracked.txt"])));
    assert_noticed("stash list", |repo| drop(repo.git(&["stash", "drop", "--quiet"])));
    assert_noticed("ref refs/stash", |repo| drop(repo.git(&["stash", "push", "--quiet"])));
    assert_noticed("git file config", |repo| drop(repo.git(&["config", "user.name", "Mallory"])));
    assert_noticed("git file hooks/pre-commit", |repo| repo.write_script(".git/hooks/pre-commit", "#!/bin/sh\n"));
    assert_noticed("git file HEAD", |repo| drop(repo.git(&["symbolic-ref", "HEAD", "refs/heads/topic"])));
    assert_noticed("ref refs/heads/topic", |repo| drop(repo.git(&["branch", "--delete", "--force", "topic"])));
    assert_noticed("ref refs/tags/v1", |repo| drop(repo.git(&["tag", "v1"])));
    assert_noticed("ref refs/heads/orc/other", |repo| drop(repo.git(&["branch", "orc/other"])));
    assert_noticed("git file logs/HEAD", |repo| drop(repo.git(&["update-ref", "--no-deref", "-m", "x", "HEAD", "HEAD"])));
    assert_noticed("git file info/exclude", |repo| repo.write(".git/info/exclude", "*.tmp\n"));
    assert_noticed("global configuration", |repo| drop(repo.git(&["config", "--global", "alias.x", "log"])));
}

#[test]
fn what_a_run_may_change_is_allowed() {
    let environment = TestEnvironment::new();
    let repo = lived_in(&environment);
    let before = repo.fingerprint(TARGET);
    repo.git(&["update-ref", "refs/orc/ledger", "HEAD"]);
    repo.git(&["update-ref", "refs/notes/orc", "HEAD"]);
    repo.git(&["update-ref", "--create-reflog", "refs/heads/orc/tour", "HEAD"]);
    repo.write(".git/orc/runs/x/execution.jsonl", "{}\n");
    repo.git(&["worktree", "add", "--quiet", "--detach", "../elsewhere"]);
    assert_eq!(repo.worktrees().len(), 2);
    repo.git(&["pack-refs", "--all"]);
    repo.assert_untouched(&before);
}

#[test]
fn a_broken_object_is_noticed() {
    let environment = TestEnvironment::new();
    let repo = lived_in(&environment);
    repo.assert_sound();
    let blob = repo.git(&["rev-parse", "HEAD:build.sh"]);
    let (folder, name) = blob.split_at(2);
    std::fs::remove_file(repo.git_dir().join("objects").join(folder).join(name)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| repo.assert_sound())).is_err());
}

/// Appends an entry to the ledger with plain git.
fn append(repo: &TestRepo<'_>, entry: &str) {
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let message = format!("subject\n\nOrc-Run: r\nOrc-Entry: {entry}\n");
    let mut arguments = vec!["commit-tree", &tree, "-m", &message];
    let parent = repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).stdout;
    if !parent.is_empty() {
        arguments.extend(["-p", parent.trim_end()]);
    }
    let commit = repo.git(&arguments);
    repo.git(&["update-ref", "refs/orc/ledger", &commit]);
}

#[test]
fn the_ledger_is_read_in_order_and_repetition_is_noticed() {
    let environment = TestEnvironment::new();
    let repo = environment.open("project");
    environment.run("git", &["clone", "--quiet", environment.repo("origin").path().to_str().unwrap(), "project"]).expect_code(0);
    append(&repo, r#"{"v":1,"ulid":"A","ts":"t","kind":"run_started","run":"R","key":"R/start"}"#);
    append(&repo, r#"{"v":1,"ulid":"B","ts":"t","kind":"run_ended","run":"R","key":"R/end"}"#);
    let ledger = repo.ledger();
    ledger.assert_sound();
    assert_eq!(ledger.entries().len(), 2);
    assert_eq!(ledger.entries()[0]["kind"], "run_started");
    assert_eq!(ledger.of_kind("run_ended")[0]["ulid"], "B");
    append(&repo, r#"{"v":1,"ulid":"C","ts":"t","kind":"run_ended","run":"R","key":"R/end"}"#);
    assert!(catch_unwind(AssertUnwindSafe(|| repo.ledger().assert_sound())).is_err());
    let other = environment.repo("incomplete");
    append(&other, r#"{"v":1,"ulid":"A","ts":"t","kind":"run_started","run":"R"}"#);
    assert!(catch_unwind(AssertUnwindSafe(|| other.ledger().assert_sound())).is_err());
}

#[test]
fn files_are_read_back() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("deep/er/a.txt", "one\n");
    assert_eq!(repo.read("deep/er/a.txt"), "one\n");
    let running = repo.start_orc(&["--version"]);
    assert!(running.finish().status.success());
}

#[test]
fn rounds_come_from_the_suite_or_from_outside() {
    assert!(rounds(5) > 0);
    assert_eq!((parse(None, 7), parse(Some(""), 7), parse(Some("3"), 7)), (7, 7, 3));
    for wrong in ["0", "-1", "many"] {
        assert!(catch_unwind(|| parse(Some(wrong), 7)).is_err(), "{wrong}");
    }
}
