//! What tools leave in their worktrees: everything that a tree can hold is merged, everything else is named.

use git_orc::domain::run::state::{RunState, RunStatus};

use super::rig::{Rig, assert_states, plan, reason, shell};
use crate::harness::TestEnvironment;

/// Runs one workstream that may do everything, and returns how it ended.
fn run_one(rig: &Rig<'_>, line: &str) -> RunState {
    rig.run(&plan("", &[shell("ws", "**", line, "")]))
}

#[test]
fn everything_that_a_tree_can_hold_is_merged() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.write("-dash", "x\n");
    rig.repo.write("kind", "a file\n");
    rig.repo.write("folder/inner", "in a folder\n");
    rig.repo.commit("more");
    let before = rig.repo.fingerprint("orc/tour");
    let line = "set -e; printf 'sp\\n' >'a/with space'; printf 'q\\n' >'a/\"quoted\"'; \
        printf 'u\\n' >'a/ünïcode'; printf 'l\\n' >\"$(printf 'a/latin\\377')\"; : >a/empty; printf '\\000\\001\\377' >a/binary; \
        chmod +x README; ln -s x.txt a/link; ln -s nowhere a/dangling; rm b/x.txt; mv c/x.txt c/moved.txt; echo y >>./-dash; \
        rm kind; mkdir kind; echo k >kind/inner; rm -r folder; echo f >folder; mkdir -p deep/er/and/deeper; echo d >deep/er/and/deeper/f; \
        mkdir nothing; git add a/empty; printf 'no newline' >a/open; echo x >a/-n; touch a/..x";
    let state = run_one(&rig, line);
    assert_states(&state, RunStatus::Completed, &[("ws", "merged")]);
    let list = rig.repo.git(&["ls-tree", "-r", "-z", "orc/tour"]);
    let mode_and_path = |line: &str| Some(format!("{} {}", line.split_once(' ')?.0, line.split_once('\t')?.1));
    let found: Vec<String> = list.split('\0').filter_map(mode_and_path).collect();
    let expect = [
        "100644 -dash",
        "100755 README",
        "100644 a/\"quoted\"",
        "100644 a/-n",
        "100644 a/..x",
        "100644 a/binary",
        "120000 a/dangling",
        "100644 a/empty",
        "100644 a/latin\u{fffd}",
        "120000 a/link",
        "100644 a/open",
        "100644 a/with space",
        "100644 a/x.txt",
        "100644 a/ünïcode",
        "100644 c/moved.txt",
        "100644 deep/er/and/deeper/f",
        "100644 folder",
        "100644 kind/inner",
    ];
    assert_eq!(found, expect);
    assert_eq!(rig.repo.git(&["cat-file", "-s", "orc/tour:a/binary"]), "3");
    assert_eq!(rig.on("orc/tour", "a/link"), "x.txt");
    rig.repo.assert_untouched(&before);
    rig.assert_sound();
}

#[test]
fn commits_of_a_tool_are_kept_and_folded_in() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let before = rig.repo.fingerprint("orc/tour");
    let line = "set -e; export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com; \
        for n in 1 2; do echo $n >>a/x.txt; git commit -qam \"step $n\"; done; echo loose >>a/x.txt; git rev-parse HEAD >$HOME/own";
    let state = run_one(&rig, line);
    assert_states(&state, RunStatus::Completed, &[("ws", "merged")]);
    assert!(rig.on("orc/tour", "a/x.txt").ends_with("a line 10\n1\n2\nloose"));
    let own = rig.home_file("own");
    let kept = rig.repo.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/orc/kept/"]);
    assert!(kept.starts_with(own.trim()), "the tool's commit {own} is not among {kept:?}");
    let ledger = rig.repo.ledger();
    assert_eq!(ledger.of_kind("patch_created").len(), 1, "the tool's commits and its loose changes are one patch");
    assert!(
        ledger.of_kind("step_finished")[0]["notes"][0].as_str().unwrap().contains("2 commits"),
        "{}",
        ledger.of_kind("step_finished")[0]
    );
    assert_eq!(rig.repo.git(&["log", "--format=%s", "--first-parent", "orc/tour"]).lines().count(), 3);
    rig.repo.assert_untouched(&before);
    rig.assert_sound();
}

/// What is left of a worktree that holds more than a tree can.
enum Left {
    Nothing,
    /// It is kept, and the ledger says why.
    Worktree,
}

#[test]
fn what_must_not_land_is_quarantined_and_named() {
    for (line, named, left) in [
        ("ln -s /etc/passwd a/link", "a/link", Left::Nothing),
        ("ln -s ../../outside a/link", "a/link", Left::Nothing),
        ("ln -s .git/config link", "link", Left::Nothing),
        ("echo x >A.TXT; echo x >a.txt", "a.txt", Left::Nothing),
        ("echo x >'a/back\\slash'", "slash", Left::Nothing),
        ("echo x >\"$(printf 'a/new\\nline')\"", "control character", Left::Nothing),
        ("echo x >a/x.txt; mkfifo a/fifo", "a/fifo", Left::Nothing),
        ("mkdir a/.GIT; echo x >a/.GIT/config", ".GIT", Left::Worktree),
        ("mkdir 'a/git~1'; echo x >'a/git~1/config'", "git~1", Left::Worktree),
        ("echo x >a/x.txt; git init -q a/sub; echo x >a/sub/f", "a/sub", Left::Worktree),
    ] {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        let before = rig.repo.fingerprint("orc/tour");
        let state = run_one(&rig, line);
        let reason = reason(&state, "ws");
        assert_states(&state, RunStatus::Failed, &[("ws", "quarantined")]);
        assert!(reason.contains(named), "`{line}`: {reason}");
        let ledger = rig.repo.ledger();
        assert_eq!(ledger.of_kind("patch_quarantined").len(), 1, "`{line}`");
        assert_eq!(rig.repo.git(&["for-each-ref", "refs/orc/quarantine/"]).lines().count(), 1, "`{line}`");
        assert_ne!(rig.repo.try_git(&["rev-parse", "--verify", "--quiet", "orc/tour"]).code(), 0, "`{line}` is merged");
        rig.repo.assert_untouched(&before);
        match left {
            Left::Nothing => rig.assert_sound(),
            Left::Worktree => {
                let kept = ledger.of_kind("worktree_kept");
                assert!(kept[0]["reason"].as_str().unwrap().contains(named), "{kept:?}");
                assert_eq!(rig.repo.worktrees()[1..], [kept[0]["path"].as_str().unwrap().to_owned()], "`{line}`");
            }
        }
    }
}

#[test]
fn a_tool_that_rewrites_its_git_files_reaches_nobody() {
    for (line, moved_aside) in [
        ("echo 'gitdir: /nowhere' >.git", false),
        ("rm .git", false),
        ("git update-index --assume-unchanged a/x.txt", false),
        ("git update-index --skip-worktree a/x.txt", false),
        ("rm -f $(git rev-parse --git-dir)/index", false),
        ("echo 'ref: refs/heads/none' >$(git rev-parse --git-dir)/HEAD", false),
        ("echo /nowhere >$(git rev-parse --git-dir)/gitdir", false),
        ("rm .git; git init -q; git add -A; git -c user.name=t -c user.email=t@e commit -qm x", true),
        ("rm .git; mkdir .git; echo '[core] fsmonitor = touch $HOME/pwned' >.git/config", true),
        ("printf '* filter=x\\n' >.gitattributes; git config --worktree filter.x.clean 'touch $HOME/pwned' || :; rm .gitattributes", false),
    ] {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        let before = rig.repo.fingerprint("orc/tour");
        let state = run_one(&rig, &format!("{line}; echo done >a/x.txt"));
        assert_states(&state, RunStatus::Completed, &[("ws", "merged")]);
        assert_eq!(rig.on("orc/tour", "a/x.txt"), "done", "`{line}`");
        assert_eq!(rig.repo.git(&["diff", "--name-only", "main", "orc/tour"]), "a/x.txt", "`{line}`");
        assert!(!environment.home().join("pwned").exists(), "`{line}` was executed");
        rig.repo.assert_untouched(&before);
        if moved_aside {
            // A repository may hold work: it is put beside the worktree, and the ledger says where.
            let ledger = rig.repo.ledger();
            let notes = ledger.of_kind("step_finished")[0]["notes"].to_string();
            assert!(notes.contains("ws.found-1") && notes.contains("was restored"), "`{line}`: {notes}");
            assert_eq!(rig.repo.worktrees().len(), 1);
        } else {
            rig.assert_sound();
        }
    }
}
