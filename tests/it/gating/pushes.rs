//! Pushes through real git: what is red does not leave, what is green does, and what is known is not asked again.

use std::time::{Duration, Instant};

use super::{GATES, has_no_ledger, project};
use crate::harness::{Outcome, TestEnvironment, TestRepo};

fn push(repo: &TestRepo<'_>, refs: &[&str]) -> Outcome {
    repo.try_git(&[["push", "origin"].as_slice(), refs].concat())
}

/// Returns the refs of the remote, each with the subject of its commit.
fn remote(environment: &TestEnvironment) -> String {
    environment.run("git", &["-C", "remote.git", "for-each-ref", "--format=%(refname) %(subject)"]).stdout
}

fn verdicts(repo: &TestRepo<'_>) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    repo.ledger().of_kind("gate_checked").iter().map(|entry| format!("{} {}", text(&entry["gate"]), text(&entry["outcome"]))).collect()
}

#[test]
fn red_stays_and_green_goes() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    let before = repo.fingerprint("orc/none");
    repo.orc(&["gate", "run"]).expect_code(0);
    repo.assert_untouched(&before);
    let first = push(&repo, &["HEAD:main"]);
    assert!(first.code() == 0 && first.stderr.contains("1 gate passed (1 known)"), "{}", first.stderr);
    // It is the pushed tree that counts, not what lies in the work tree.
    repo.write("a.txt", "not committed!\n");
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "same tree"]);
    let same = push(&repo, &["HEAD:main"]);
    assert!(same.code() == 0 && same.stderr.contains("1 gate passed (1 known)"), "{}", same.stderr);
    repo.commit("red");
    let red = push(&repo, &["HEAD:main"]);
    assert_eq!(red.code(), 1);
    for part in ["a.txt:1:1: error: exclamation mark", "1 new finding", "git orc gate waive lint", "git-orc: pre-push refuses this"] {
        assert!(red.stderr.contains(part), "no `{part}` in {}", red.stderr);
    }
    assert_eq!(remote(&environment), "refs/heads/main same tree\n");
    assert_eq!(verdicts(&repo), ["lint passed", "lint failed"]);
    // It is mended and goes through; the red one below it has left with it, and the tree that counts is the last one.
    repo.write("a.txt", "hello\n");
    repo.commit("green");
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 0);
    repo.assert_sound();
    assert_eq!(repo.worktrees().len(), 1);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn only_what_a_push_brings_in_counts() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    repo.git(&["config", "--local", "remote.origin.pushurl", "../remote.git"]);
    repo.write("old.txt", "it was so!\nand so!\n");
    repo.commit("old");
    repo.try_git(&["push", "--no-verify", "origin", "HEAD:main"]).expect_code(0);
    repo.git(&["fetch", "--quiet", "origin"]);
    // Something else is done, and what was red before stays red.
    repo.write("b.txt", "fine\n");
    repo.commit("unrelated");
    let unrelated = push(&repo, &["HEAD:main"]);
    assert!(unrelated.code() == 0 && unrelated.stderr.contains("fails as it does on the base: 2 findings"), "{}", unrelated.stderr);
    // One more is one too many, and is named alone.
    repo.write("c.txt", "new!\n");
    repo.commit("worse");
    let worse = push(&repo, &["HEAD:main"]);
    assert!(worse.code() == 1 && worse.stderr.contains("c.txt:1:1: error") && !worse.stderr.contains("old.txt:"), "{}", worse.stderr);
    // Lines that move are the same findings; one that is mended is told of.
    repo.write("c.txt", "fine\n");
    repo.write("old.txt", "a line above\nit was so!\n");
    repo.commit("better");
    let better = push(&repo, &["HEAD:main"]);
    assert!(better.code() == 0 && better.stderr.contains("1 finding, none of them new, 1 fixed"), "{}", better.stderr);
    // Whoever wants to be strict is.
    repo.write("QUALITY_GATE.yaml", "gates: [{id: lint, command: [./lint.sh], baseline: none}]\n");
    repo.commit("strict");
    let strict = push(&repo, &["HEAD:main"]);
    assert!(strict.code() == 1 && strict.stderr.contains("old.txt:2"), "{}", strict.stderr);
}

#[test]
fn refs_of_every_kind_are_looked_at_or_passed_over() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "applies_to: {refs: [main, 'refs/tags/**']}\ngates: [{id: lint, command: [./lint.sh]}]\n");
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 0);
    let count = || verdicts(&repo).len();
    assert_eq!(count(), 1);
    // Nothing to push, and what only goes.
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 0);
    assert_eq!(push(&repo, &["HEAD:refs/heads/gone"]).code(), 0);
    assert_eq!(push(&repo, &["--delete", "gone"]).code(), 0);
    assert_eq!(count(), 1, "a branch that no gate is for, an empty push and a deletion ask nothing");
    // Several at once: one red ref keeps all of them.
    repo.write("a.txt", "red!\n");
    repo.commit("red");
    let both = push(&repo, &["HEAD~1:refs/heads/other", "HEAD:main"]);
    assert!(both.code() == 1 && !remote(&environment).contains("other"), "{}", both.stderr);
    assert_eq!(push(&repo, &["HEAD:refs/heads/other"]).code(), 0, "no gate is for that branch");
    // A tag with a message, one that leads to a blob, and a force.
    repo.git(&["tag", "-a", "-m", "red", "v1"]);
    assert_eq!(push(&repo, &["v1"]).code(), 1);
    repo.git(&["tag", "blob", "HEAD:a.txt"]);
    assert_eq!(push(&repo, &["blob"]).code(), 0);
    repo.write("a.txt", "fine\n");
    repo.git(&["commit", "--quiet", "-a", "--amend", "-m", "amended"]);
    repo.git(&["push", "--no-verify", "--quiet", "origin", "HEAD~1:main"]);
    assert_eq!(push(&repo, &["--force", "HEAD:main"]).code(), 0);
    assert_eq!(push(&repo, &["--dry-run", "HEAD:main"]).code(), 0);
    assert!(remote(&environment).contains("refs/heads/main amended"));
}

#[test]
fn a_linked_worktree_pushes_its_own_commit() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    repo.git(&["worktree", "add", "--quiet", "../linked"]);
    let linked = environment.open("linked");
    linked.write("a.txt", "red!\n");
    linked.commit("red in the linked one");
    let red = push(&linked, &["HEAD:refs/heads/linked"]);
    assert!(red.code() == 1 && red.stderr.contains("a.txt:1:1"), "{}", red.stderr);
    let git_dir = repo.git_dir();
    let green = repo
        .command("git")
        .current_dir("/")
        .env("GIT_DIR", &git_dir)
        .args(["push", "origin", "HEAD:main"])
        .env("GIT_WORK_TREE", repo.path())
        .output();
    // Seen from the root the remote has no path; only the hook matters, and it has found its repository.
    let said = String::from_utf8_lossy(&green.unwrap().stderr).into_owned();
    assert!(!said.contains("failed to use the repository"), "{said}");
}

#[test]
fn a_waiver_lets_exactly_one_tree_pass() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], baseline: none}]\n");
    repo.write("a.txt", "red!\n");
    repo.commit("red");
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 1);
    assert_eq!(repo.orc(&["gate", "waive", "lnt", "--reason", "x"]).code(), 129);
    assert_eq!(repo.orc(&["gate", "waive", "lint", "--reason", "  "]).code(), 129);
    repo.orc(&["gate", "waive", "lint", "--reason", "a demo \u{1b}[31mtoday"]).expect_code(0);
    let waived = push(&repo, &["HEAD:main"]);
    assert!(waived.code() == 0 && waived.stderr.contains("waived") && !waived.stderr.contains('\u{1b}'), "{}", waived.stderr);
    let explained = repo.orc(&["gate", "explain"]).stdout;
    assert!(explained.contains("waived by") && explained.contains("a demo"), "{explained}");
    repo.write("b.txt", "one more\n");
    repo.commit("another tree");
    let other = push(&repo, &["HEAD:refs/heads/other"]);
    assert_eq!(other.code(), 1, "{}", other.stderr);
    repo.orc(&["verify"]).expect_code(0);
    let log = repo.git(&["log", "--format=%s%n%b", "refs/orc/ledger"]);
    assert!(log.contains("gate waived: lint on") && !log.contains("Orc-Run: 0000"), "{log}");
}

#[test]
fn what_a_run_made_and_no_gate_has_seen_does_not_leave() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], on: ci}]\n");
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 0);
    let plan = |gate: &str| {
        format!(
            "name: made\n{gate}workstreams: [{{id: a, files_scope: [b.txt], files_create: [b.txt], tool: command, command: [sh, -c, 'echo fine >b.txt']}}]\n"
        )
    };
    repo.write("p.yaml", plan(""));
    repo.orc(&["run", "p.yaml"]).expect_code(0);
    let unseen = push(&repo, &["orc/made"]);
    assert!(
        unseen.code() == 1 && unseen.stderr.contains("run-verdict") && unseen.stderr.contains("no gate has seen its tree"),
        "{}",
        unseen.stderr
    );
    repo.orc(&["gate", "waive", "run-verdict", "orc/made", "--reason", "read it"]).expect_code(0);
    assert_eq!(push(&repo, &["orc/made"]).code(), 0);
    // With a gate on its waves it leaves at once.
    repo.git(&["branch", "-D", "orc/made"]);
    repo.write("p.yaml", plan("target: orc/gated\ngates: {wave: [[./lint.sh]]}\n"));
    repo.orc(&["run", "p.yaml"]).expect_code(0);
    let gated = push(&repo, &["orc/gated"]);
    assert_eq!(gated.code(), 0, "{}", gated.stderr);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn a_server_refuses_what_is_red_whatever_the_client_says() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    let server = environment.command("git-orc").args(["-C", "remote.git", "hook", "install", "pre-receive"]).output().unwrap();
    assert!(server.status.success(), "{server:?}");
    assert_eq!(push(&repo, &["HEAD:main"]).code(), 0);
    repo.write("a.txt", "red!\n");
    repo.commit("red");
    let red = repo.try_git(&["push", "--no-verify", "origin", "HEAD:main"]);
    assert!(red.code() == 1 && red.stderr.contains("remote: git-orc: pre-receive refuses this"), "{}", red.stderr);
    let refs = environment.run("git", &["-C", "remote.git", "for-each-ref", "--format=%(refname)"]).stdout;
    assert_eq!(refs, "refs/heads/main\n", "no ref of ours either");
    environment.run("git", &["-C", "remote.git", "fsck", "--strict"]).expect_code(0);
}

#[test]
fn ci_gets_its_reports() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    repo.write("a.txt", "red! | <b>\n");
    repo.commit("red");
    let checked =
        repo.orc(&["gate", "check", "--range", "HEAD~1..HEAD", "--sarif", "o.sarif", "--junit", "o.xml", "--summary", "o.md", "--json"]);
    assert_eq!(checked.code(), 1, "{}", checked.stderr);
    let document = checked.json();
    assert_eq!((document["refused"].as_bool(), document["gates"][0]["new"].as_u64()), (Some(true), Some(1)), "{document:#}");
    let sarif: serde_json::Value = serde_json::from_str(&repo.read("o.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
    assert!(repo.read("o.xml").contains("<testsuites") && repo.read("o.md").contains("| `lint` | failed | 1 |"), "{}", repo.read("o.md"));
    let none = repo.orc(&["gate", "check", "--range", "HEAD..HEAD~1..HEAD"]);
    assert_eq!(none.code(), 129, "{}", none.stderr);
}

#[test]
fn a_stopped_gate_leaves_nothing_behind_and_says_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: slow, command: [sleep, '60']}]\n");
    let running = repo.start_orc(&["gate", "run"]);
    let worktrees = environment.root().join("w.orc");
    let started = Instant::now();
    while !worktrees.exists() || std::fs::read_dir(&worktrees).unwrap().next().is_none() {
        assert!(started.elapsed() < Duration::from_secs(30), "the gate has not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let pid = rustix::process::Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = running.finish_within(Duration::from_secs(20));
    assert_eq!(ended.code(), 130, "{}", ended.stderr);
    assert!(has_no_ledger(&repo));
    assert_eq!(repo.worktrees().len(), 1);
}

#[test]
fn the_hook_proves_that_it_blocks() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    let proven = repo.orc(&["hook", "verify"]);
    assert!(proven.code() == 0 && proven.stdout.contains("the hook blocks"), "{}{}", proven.stdout, proven.stderr);
    assert!(has_no_ledger(&repo));
    repo.orc(&["hook", "uninstall"]).expect_code(0);
    let open = repo.orc(&["hook", "verify"]);
    assert!(open.code() == 1 && open.stdout.contains("the hook does not block"), "{}", open.stdout);
}

#[test]
fn what_a_killed_session_left_goes_with_the_next_one() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: slow, command: [sleep, '60']}]\n");
    let kill = || {
        let running = repo.start_orc(&["gate", "run"]);
        let started = Instant::now();
        while repo.worktrees().len() < 2 || !environment.root().join("w.orc").exists() {
            assert!(started.elapsed() < Duration::from_secs(30), "the gate has not begun");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(300));
        // While it is at work, nobody takes it for a leftover.
        let looked = repo.orc(&["doctor"]).stdout;
        assert!(looked.contains("1 worktree of open runs"), "{looked}");
        repo.orc(&["gc"]).expect_code(0);
        assert_eq!(repo.worktrees().len(), 2);
        running.kill();
        assert_eq!(repo.worktrees().len(), 2);
    };
    kill();
    assert!(repo.orc(&["doctor"]).stdout.contains("of runs and gates that are over"));
    repo.orc(&["doctor", "--repair"]);
    assert_eq!(repo.worktrees().len(), 1);
    kill();
    repo.orc(&["gc"]).expect_code(0);
    assert_eq!(repo.worktrees().len(), 1);
    kill();
    repo.write("QUALITY_GATE.yaml", GATES);
    repo.commit("quick");
    repo.orc(&["gate", "run"]).expect_code(0);
    assert_eq!(repo.worktrees().len(), 1);
    assert!(!repo.path().join(".git/orc/runs").exists(), "a session is no run");
    repo.assert_sound();
}
