//! Landing on a branch that others move: conflicts, detours, and what a gate is asked.

use std::path::PathBuf;

use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::state::{RunState, RunStatus};
use git_orc::engine::sink::Sink;
use git_orc::ops::run::RunError;

use super::rig::{Rig, assert_states, plan, reason, shell, with_tool};
use crate::harness::TestEnvironment;

/// Makes a commit on top of `main`, on a branch of this name, without touching the checkout.
fn commit_aside(rig: &Rig<'_>, branch: &str, path: &str, content: &str) -> String {
    rig.repo.git(&["worktree", "add", "--quiet", "-b", branch, "../aside"]);
    let file = rig.repo.path().join("../aside").join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
    rig.repo.git(&["-C", "../aside", "add", "--all"]);
    rig.repo.git(&["-C", "../aside", "commit", "--quiet", "-m", "by another"]);
    rig.repo.git(&["worktree", "remove", "../aside"]);
    rig.repo.git(&["rev-parse", branch])
}

/// The ten lines of `a/x.txt` with another third one.
fn third(text: &str) -> String {
    (1..=10).map(|n| if n == 3 { format!("{text}\n") } else { format!("a line {n}\n") }).collect()
}

/// Somebody else moves the integration branch while the tool works.
const MOVED: &str = "git update-ref refs/heads/orc/tour refs/heads/theirs; ";

#[test]
fn a_conflict_is_met_by_doing_the_work_again_on_top() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    commit_aside(&rig, "theirs", "a/x.txt", &third("a line 3 of theirs"));
    let line = format!("test $ORC_ATTEMPT != 1 || {{ {MOVED} }}; sed -i 's/line 3/LINE 3/' a/x.txt");
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", &line, ""), shell("ws-b", "b/**", "echo b >b/x.txt", "")]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged"), ("ws-b", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt") + "\n", third("a LINE 3 of theirs"));
    let ledger = rig.repo.ledger();
    assert_eq!(ledger.of_kind("workstream_conflicted").len(), 1);
    assert_eq!(ledger.of_kind("workstream_conflicted")[0]["paths"], serde_json::json!(["a/x.txt"]));
    rig.repo.git(&["merge-base", "--is-ancestor", "theirs", "orc/tour"]);
    rig.assert_sound();
}

#[test]
fn a_conflict_is_resolved_between_its_markers() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let theirs = commit_aside(&rig, "theirs", "a/x.txt", &third("theirs"));
    let line = format!("{MOVED} sed -i 's/^a line 3$/ours/' a/x.txt");
    let resolve = "    resolve: [sh, -c, \"cp a/x.txt $HOME/marked; cp $ORC_PROMPT_FILE $HOME/asked; sed -i '/^[<=>]\\\\{7\\\\}/d' a/x.txt\"]\n    static: [[grep, -q, ours, a/x.txt]]\n";
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", &line, resolve)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let marked = rig.home_file("marked");
    for text in ["<<<<<<< orc/tour\ntheirs\n", "ours\n>>>>>>> ws-a\n"] {
        assert!(marked.contains(text), "{marked}");
    }
    let asked = rig.home_file("asked");
    for text in [
        "- a/x.txt\n",
        "What the other side did to these files:\n\n```diff\n--- a/a/x.txt\n+++ b/a/x.txt\n",
        "-a line 3\n+theirs\n",
        "-a line 3\n+ours\n",
    ] {
        assert!(asked.contains(text), "`{text}` is missing in {asked}");
    }
    assert_eq!(rig.on("orc/tour", "a/x.txt") + "\n", third("theirs\nours"));
    let resolved = rig.repo.git(&["rev-parse", "orc/tour^2"]);
    let parents = rig.repo.git(&["show", "--no-patch", "--format=%P", &resolved]);
    assert_eq!(parents.split(' ').next(), Some(&*theirs), "the resolution is a merge of both sides: {parents}");
    let steps: Vec<String> = rig.repo.ledger().of_kind("step_finished").iter().map(|e| e["step"].as_str().unwrap().to_owned()).collect();
    assert_eq!(steps, ["edit", "static", "resolve", "static"], "what was resolved is checked again");
    rig.assert_sound();
}

#[test]
fn what_is_not_resolved_is_kept_and_does_not_stop_the_rest() {
    for resolve in ["    resolve: ['true']\n", "    resolve: [sh, -c, 'echo more >>a/x.txt']\n"] {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        let ours = commit_aside(&rig, "ours", "a/x.txt", &third("ours"));
        commit_aside(&rig, "theirs", "a/x.txt", &third("theirs"));
        let mover = shell("ws-b", "b/**", &format!("{MOVED} echo b >b/x.txt"), "");
        let work = shell("ws-a", "a/**", "sed -i 's/^a line 3$/ours/' a/x.txt", resolve);
        let state = rig.run(&plan("", &[work, mover]));
        assert_states(&state, RunStatus::Failed, &[("ws-a", "quarantined"), ("ws-b", "merged")]);
        assert!(reason(&state, "ws-a").contains("a/x.txt"), "{}", reason(&state, "ws-a"));
        assert_eq!(rig.on("orc/tour", "a/x.txt") + "\n", third("theirs"));
        assert_eq!(rig.on("orc/tour", "b/x.txt"), "b");
        let ledger = rig.repo.ledger();
        let quarantined = ledger.of_kind("patch_quarantined");
        let kept = quarantined[0]["commit"].as_str().unwrap();
        assert_eq!(rig.repo.git(&["rev-parse", &format!("{kept}:a")]), rig.repo.git(&["rev-parse", &format!("{ours}:a")]), "{resolve}");
        rig.assert_sound();
    }
}

#[test]
fn a_patch_that_lands_no_more_is_kept() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let ours = commit_aside(&rig, "ours", "a/x.txt", &third("ours"));
    rig.beside_plan("ours.patch", rig.repo.git(&["format-patch", "--stdout", "-1", "ours"]) + "\n");
    commit_aside(&rig, "theirs", "a/x.txt", &third("theirs"));
    let work = with_tool("ws-a", "a/**", "tool: replay", "    patches: [ours.patch]\n");
    let state = rig.run(&plan("", &[work, shell("ws-b", "b/**", &format!("{MOVED} echo b >b/x.txt"), "")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed"), ("ws-b", "merged")]);
    assert!(reason(&state, "ws-a").contains("conflicts in `a/x.txt`"), "{}", reason(&state, "ws-a"));
    let created = rig.repo.ledger();
    let commit =
        created.of_kind("patch_created").into_iter().find(|e| e["workstream"] == "ws-a").unwrap()["commit"].as_str().unwrap().to_owned();
    assert_eq!(rig.repo.git(&["rev-parse", &format!("{commit}:a")]), rig.repo.git(&["rev-parse", &format!("{ours}:a")]));
    assert!(!rig.repo.git(&["for-each-ref", "--contains", &commit, "refs/orc/"]).is_empty(), "nothing keeps the patch alive");
    rig.assert_sound();
}

#[test]
fn a_folder_that_moves_takes_what_others_put_into_it_along() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    commit_aside(&rig, "theirs", "b/new.txt", "new\n");
    let line = format!("test $ORC_ATTEMPT != 1 || {{ {MOVED} }}; mv b moved");
    let work = shell("ws-b", "b/**", &line, "").replace("files_scope: [\"b/**\"]", "files_scope: [\"b/**\", \"moved/**\"]");
    let state = rig.run(&plan("", &[work]));
    assert_states(&state, RunStatus::Completed, &[("ws-b", "merged")]);
    assert_eq!(rig.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour", "b", "moved"]), "moved/new.txt\nmoved/x.txt");
    rig.assert_sound();
}

/// A user who moves the integration branch elsewhere as soon as the work is verified.
struct Mover {
    folder: PathBuf,
    strange: String,
}

impl Sink for Mover {
    fn told(&mut self, entry: &Entry, _state: &RunState) {
        if matches!(entry.event(), Some(Event::WorkstreamVerified(_))) {
            std::fs::write(self.folder.join(".git/refs/heads/orc/tour"), format!("{}\n", self.strange)).unwrap();
        }
    }
}

#[test]
fn a_branch_that_left_the_history_of_the_run_makes_it_wait() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.git(&["branch", "orc/tour", "main"]);
    let strange = rig.repo.git(&["commit-tree", "-m", "strange", "main^{tree}"]);
    rig.repo.git(&["branch", "strange", &strange]);
    // Moved while no tool is at work, so that nobody but its user can have done it.
    let mover = Mover { folder: rig.repo.path().to_owned(), strange: strange.clone() };
    let state = rig.run_in(rig.repo.path(), &plan("", &[shell("ws-a", "a/**", "echo a >a/x.txt", "")]), vec![Box::new(mover)]).unwrap();
    assert_states(&state, RunStatus::Paused, &[("ws-a", "verified")]);
    assert!(state.reason.as_ref().unwrap().contains("orc/tour was moved to"), "{:?}", state.reason);
    assert_eq!(rig.repo.git(&["rev-parse", "orc/tour"]), strange, "it is not moved away from there");
    rig.assert_sound();
    rig.repo.git(&["update-ref", "refs/heads/orc/tour", "main"]);
    assert_states(&rig.resume(), RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "a");
    rig.assert_sound();
}

#[test]
fn a_branch_that_somebody_has_checked_out_is_not_moved_under_their_feet() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.git(&["switch", "--quiet", "--create", "orc/tour"]);
    let before = rig.repo.fingerprint("none");
    let one = [shell("ws-a", "a/**", "echo a >a/x.txt", "")];
    match rig.try_run(&plan("", &one)) {
        Err(RunError::CheckedOut { branch, path }) => assert_eq!((&*branch, &*path), ("orc/tour", rig.repo.path().to_str().unwrap())),
        other => panic!("{other:?}"),
    }
    rig.repo.assert_untouched(&before);
    rig.repo.git(&["switch", "--quiet", "main"]);
    // Checked out while the run goes on: it waits.
    let line = "test -e $HOME/elsewhere || git worktree add --quiet $HOME/elsewhere orc/tour; echo a >a/x.txt";
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", line, "")]));
    assert_states(&state, RunStatus::Paused, &[("ws-a", "verified")]);
    assert!(state.reason.as_ref().unwrap().contains("elsewhere"), "{:?}", state.reason);
    rig.repo.git(&["worktree", "remove", environment.home().join("elsewhere").to_str().unwrap()]);
    assert_states(&rig.resume(), RunStatus::Completed, &[("ws-a", "merged")]);
    rig.assert_sound();
}

#[test]
fn a_gate_is_asked_once_about_a_tree() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let gate = "gates: { wave: [{id: count, command: [sh, -c, 'git rev-parse HEAD^{tree} >>$HOME/asked']}] }";
    let all = [
        shell("a", "a/**", "echo a >a/x.txt", ""),
        // Changes nothing, so the merged tree is the one before.
        shell("b", "b/**", "true", "    allow_empty: true\n    depends_on: [a]\n"),
        shell("c", "c/**", "test -e $HOME/ready && echo c >c/x.txt", "    depends_on: [b]\n    circuit_breaker: {on_exhausted: pause}\n"),
    ];
    let state = rig.run(&plan(gate, &all));
    assert_states(&state, RunStatus::Paused, &[("a", "merged"), ("b", "merged"), ("c", "paused")]);
    std::fs::write(environment.home().join("ready"), "").unwrap();
    assert_states(&rig.resume(), RunStatus::Completed, &[("a", "merged"), ("b", "merged"), ("c", "merged")]);
    let asked = rig.home_file("asked");
    let trees: Vec<&str> = asked.lines().collect();
    assert_eq!(trees.len(), 2, "{trees:?}");
    assert_eq!(trees[1], rig.repo.git(&["rev-parse", "orc/tour^{tree}"]));
    rig.assert_sound();
}

#[test]
fn the_branch_never_holds_what_a_gate_refuses() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    // Two that are red only together: the one that comes last is the culprit.
    let gate = r#"gates: { wave: [[sh, -c, "test ! -e a/n.txt || test ! -e c/n.txt"], [test, -f, README]] }"#;
    let all = ["a", "b", "c", "d"].map(|id| shell(id, &format!("{id}/**"), &format!("mkdir -p {id}; echo n >{id}/n.txt"), ""));
    let state = rig.run(&plan(gate, &all));
    assert_states(&state, RunStatus::Failed, &[("a", "merged"), ("b", "merged"), ("c", "quarantined"), ("d", "merged")]);
    for commit in rig.repo.git(&["log", "-g", "--format=%H", "orc/tour"]).lines() {
        let has = |path: &str| rig.repo.try_git(&["cat-file", "-e", &format!("{commit}:{path}")]).code() == 0;
        assert!(!(has("a/n.txt") && has("c/n.txt")), "the branch was broken at {commit}");
    }
    rig.assert_sound();
}

/// Two workstreams of one wave that do not go together: a folder moves away, and something new is put into it.
fn apart(gate: &str) -> String {
    let mover = shell("ws-a", "moved/**", "mv b moved", "").replace("\"moved/**\"", "\"b/x.txt\", \"moved/**\"");
    let adder = shell("ws-b", "b/new.txt", "echo $ORC_ATTEMPT >>$HOME/attempts; mkdir -p b; echo new >b/new.txt", "");
    plan(gate, &[mover, adder, shell("ws-c", "c/**", "echo c >c/x.txt", "")])
}

#[test]
fn nothing_is_resolved_on_top_of_what_is_evicted_later() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&apart("gates: { wave: [[sh, -c, 'test ! -e moved']] }"));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "quarantined"), ("ws-b", "merged"), ("ws-c", "merged")]);
    assert_eq!(rig.home_file("attempts"), "1\n", "there was nothing to resolve");
    let ledger = rig.repo.ledger();
    assert_eq!((ledger.of_kind("wave_started").len(), ledger.of_kind("workstream_conflicted").len()), (1, 0));
    assert_eq!(rig.on("orc/tour", "b/new.txt"), "new");
    for patch in ledger.of_kind("patch_quarantined") {
        let commit = patch["commit"].as_str().unwrap();
        let lands = rig.repo.try_git(&["merge-base", "--is-ancestor", commit, "orc/tour"]).code() == 0;
        assert!(!lands, "{commit} is quarantined and on the branch");
    }
    rig.assert_sound();
}

#[test]
fn what_conflicts_inside_a_wave_is_resolved_on_top_of_what_landed() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let state = rig.run(&apart(""));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged"), ("ws-b", "merged"), ("ws-c", "merged")]);
    assert_eq!(rig.home_file("attempts"), "1\n2\n");
    let ledger = rig.repo.ledger();
    let (conflicted, advanced) = (ledger.of_kind("workstream_conflicted"), ledger.of_kind("integration_advanced"));
    assert_eq!((ledger.of_kind("wave_started").len(), conflicted.len(), advanced.len()), (1, 1, 2));
    assert_eq!(conflicted[0]["tip"], advanced[0]["commit"]);
    assert_eq!(rig.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour", "b", "moved"]), "b/new.txt\nmoved/x.txt");
    rig.assert_sound();
}
