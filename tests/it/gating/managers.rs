//! The hooks of others: ours stands beside them, whoever came first.

use super::{GATES, project};
use crate::harness::{TestEnvironment, TestRepo};

/// Pushes a green commit and a red one; both must go as our gate says, and the other hook must have been asked each time.
fn assert_both_are_asked(repo: &TestRepo<'_>, environment: &TestEnvironment, mark: &str) {
    let asked = || std::fs::read_to_string(environment.root().join(mark)).unwrap_or_default().lines().count();
    let before = asked();
    let green = repo.try_git(&["push", "origin", "HEAD:refs/heads/green"]);
    assert!(green.code() == 0 && green.stderr.contains("1 gate passed"), "{}{}", green.stdout, green.stderr);
    assert_eq!(asked(), before + 1, "the other hook was not asked once: {}{}", green.stdout, green.stderr);
    repo.write("red.txt", "red!\n");
    repo.commit("red");
    let red = repo.try_git(&["push", "origin", "HEAD:refs/heads/red"]);
    assert!(red.code() == 1 && red.stderr.contains("red.txt:1:1"), "{}{}", red.stdout, red.stderr);
    assert_eq!(asked(), before + 2, "{}{}", red.stdout, red.stderr);
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
}

fn fresh(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = project(environment, GATES);
    repo.orc(&["hook", "uninstall"]).expect_code(0);
    repo
}

#[test]
fn a_former_hook_runs_first_with_the_same_input_and_comes_back() {
    let environment = TestEnvironment::new();
    let repo = fresh(&environment);
    let mark = environment.root().join("mark");
    let hook = format!("#!/bin/sh\nread local rest\necho \"$1 $local\" >>{}\ncase $local in *forbidden*) exit 7;; esac\n", mark.display());
    repo.write_script(".git/hooks/pre-push", &hook);
    let installed = repo.orc(&["hook", "install"]).expect_code(0);
    assert!(installed.stdout.contains("is kept beside it and runs first"), "{}", installed.stdout);
    assert_both_are_asked(&repo, &environment, "mark");
    assert!(std::fs::read_to_string(&mark).unwrap().starts_with("origin HEAD\n"));
    repo.git(&["branch", "forbidden"]);
    let refused = repo.try_git(&["push", "origin", "forbidden"]);
    assert!(refused.code() == 1 && refused.stderr.contains("refuses this with exit code 7"), "{}", refused.stderr);
    // Once more changes nothing, and taking it away brings back what was there, byte for byte.
    repo.orc(&["hook", "install"]).expect_code(0);
    repo.orc(&["hook", "uninstall"]).expect_code(0);
    assert_eq!(repo.read(".git/hooks/pre-push"), hook);
    assert!(!repo.path().join(".git/hooks/pre-push.orc-prev").exists());
}

#[test]
fn a_hook_that_was_put_around_ours_does_not_ask_twice() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    let mark = environment.root().join("mark");
    // What some managers do: they move ours aside and run it with the input that they have read.
    std::fs::rename(repo.path().join(".git/hooks/pre-push"), repo.path().join(".git/hooks/pre-push.legacy")).unwrap();
    let theirs = format!("#!/bin/sh\ninput=$(cat)\necho asked >>{}\nprintf '%s\\n' \"$input\" | \"$0.legacy\" \"$@\"\n", mark.display());
    repo.write_script(".git/hooks/pre-push", &theirs);
    assert!(repo.orc(&["hook", "status"]).stdout.contains("moved there by whoever owns the hook"));
    assert_both_are_asked(&repo, &environment, "mark");
    // Ours is run already, so nothing is put around theirs.
    assert!(repo.orc(&["hook", "install"]).expect_code(0).stdout.contains("is there already"));
    assert_eq!(repo.read(".git/hooks/pre-push"), theirs);
    let checked = repo.ledger().of_kind("gate_checked").len();
    let pushed = repo.try_git(&["push", "origin", "HEAD:refs/heads/again"]);
    assert!(pushed.code() == 0, "{}", pushed.stderr);
    assert_eq!(repo.ledger().of_kind("gate_checked").len(), checked);
}

#[test]
fn folders_of_hooks_are_honoured_where_they_are_this_repositorys() {
    let environment = TestEnvironment::new();
    let repo = fresh(&environment);
    repo.git(&["config", "core.hooksPath", "my-hooks"]);
    repo.orc(&["hook", "install"]).expect_code(0);
    assert!(repo.path().join("my-hooks/pre-push").exists());
    repo.write("a.txt", "red!\n");
    repo.git(&["commit", "--quiet", "-am", "red"]);
    assert_eq!(repo.try_git(&["push", "origin", "HEAD:main"]).code(), 1);
    repo.orc(&["hook", "uninstall"]).expect_code(0);
    repo.git(&["config", "--unset", "core.hooksPath"]);
    // One that every repository of the user shares is not ours to write into.
    repo.git(&["config", "--global", "core.hooksPath", environment.root().join("shared").to_str().unwrap()]);
    let refused = repo.orc(&["hook", "install"]);
    assert!(refused.code() == 128 && refused.stderr.contains("for more than this repository (global)"), "{}", refused.stderr);
    assert!(!environment.root().join("shared").exists());
    repo.orc(&["hook", "install", "--force"]).expect_code(0);
    assert!(environment.root().join("shared/pre-push").exists());
}

#[test]
fn a_missing_program_blocks_and_says_so() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    let bare = repo.command("git").env("PATH", "/usr/bin:/bin:/usr/local/bin").args(["push", "origin", "HEAD:main"]).output().unwrap();
    let said = String::from_utf8_lossy(&bare.stderr).into_owned();
    assert!(!bare.status.success() && said.contains("git-orc is not in PATH"), "{said}");
}

/// Puts a manager of hooks into `PATH`: out of the folders that `GIT_ORC_TEST_HOOKS` names, or from where this test finds programs.
fn bring(environment: &TestEnvironment, program: &str) {
    let named = std::env::var_os("GIT_ORC_TEST_HOOKS").unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&named).chain(std::env::split_paths(&path));
    let found = folders.find_map(|folder| folder.join(program).canonicalize().ok());
    let found = found.unwrap_or_else(|| panic!("{program} is not installed; `.ci/run` installs it"));
    std::os::unix::fs::symlink(found, environment.bin().join(program)).unwrap();
}

const MARKING: &str = "sh -c 'cat >/dev/null; echo asked >>../mark'";

#[test]
#[ignore = "needs git-lfs, which the suites install"]
fn git_lfs_and_ours() {
    let environment = TestEnvironment::new();
    bring(&environment, "git-lfs");
    let repo = fresh(&environment);
    repo.git(&["lfs", "install", "--local"]);
    let theirs = repo.read(".git/hooks/pre-push");
    repo.orc(&["hook", "install"]).expect_code(0);
    assert!(repo.orc(&["hook", "status"]).stdout.contains("git-lfs, which is run first"));
    // A file in LFS arrives only if its hook has read the refs from standard input.
    repo.git(&["lfs", "track", "*.bin"]);
    repo.write("data.bin", "large\n");
    repo.commit("large");
    let pushed = repo.try_git(&["push", "origin", "HEAD:main"]);
    assert!(pushed.code() == 0 && pushed.stderr.contains("1 gate passed"), "{}", pushed.stderr);
    let object = environment.run("find", &["remote.git/lfs/objects", "-type", "f"]).stdout;
    assert_eq!(object.lines().count(), 1, "{object}{}", pushed.stderr);
    repo.orc(&["hook", "uninstall"]).expect_code(0);
    assert_eq!(repo.read(".git/hooks/pre-push"), theirs);
}

fn pre_commit_config(repo: &TestRepo<'_>) {
    let hook = format!(
        "- id: mark\n    name: mark\n    language: system\n    always_run: true\n    pass_filenames: false\n    stages: [pre-push]\n    entry: {MARKING}"
    );
    repo.write(".pre-commit-config.yaml", format!("repos:\n- repo: local\n  hooks:\n  {hook}\n"));
    repo.commit("hooks");
}

#[test]
#[ignore = "needs pre-commit, which the suites install"]
fn pre_commit_and_ours_whoever_came_first() {
    for (program, first) in [("pre-commit", true), ("pre-commit", false), ("prek", true), ("prek", false)] {
        let environment = TestEnvironment::new();
        bring(&environment, program);
        let repo = fresh(&environment);
        pre_commit_config(&repo);
        let install = || assert!(repo.command(program).args(["install", "-t", "pre-push"]).output().unwrap().status.success());
        if first {
            install();
            repo.orc(&["hook", "install"]).expect_code(0);
        } else {
            repo.orc(&["hook", "install"]).expect_code(0);
            install();
        }
        assert_both_are_asked(&repo, &environment, "mark");
        assert_eq!(repo.orc(&["hook", "verify"]).code(), 0, "{program} {first}");
    }
}

#[test]
#[ignore = "needs lefthook, which the suites install"]
fn lefthook_and_ours() {
    let environment = TestEnvironment::new();
    bring(&environment, "lefthook");
    let repo = fresh(&environment);
    repo.write("lefthook.yml", format!("pre-push:\n  commands:\n    mark:\n      run: {MARKING}\n"));
    repo.commit("hooks");
    assert!(repo.command("lefthook").args(["install"]).output().unwrap().status.success());
    repo.orc(&["hook", "install"]).expect_code(0);
    assert_both_are_asked(&repo, &environment, "mark");
    assert_eq!(repo.orc(&["hook", "verify"]).code(), 0);
}

#[test]
#[ignore = "needs husky, which the suites install"]
fn husky_and_ours() {
    let environment = TestEnvironment::new();
    bring(&environment, "husky");
    let repo = fresh(&environment);
    repo.write("package.json", "{\"name\": \"x\", \"version\": \"1.0.0\"}\n");
    assert!(repo.command("husky").output().unwrap().status.success());
    repo.write_script(".husky/pre-push", "cat >/dev/null; echo asked >>../mark\n");
    repo.commit("hooks");
    let installed = repo.orc(&["hook", "install"]).expect_code(0);
    assert!(installed.stderr.contains("husky writes its folder anew"), "{}", installed.stderr);
    assert_both_are_asked(&repo, &environment, "mark");
    assert_eq!(repo.orc(&["hook", "verify"]).code(), 0);
}
