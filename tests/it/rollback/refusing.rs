//! What stands in the way is named, and what can go along goes along when it is wished.

use super::{assert_sound, by_plain_git, merge_of, project, rollback, run, shell, states, three, tip, tree};
use crate::harness::{TestEnvironment, TestRepo};

/// `ws-b` and `ws-c` depend on `ws-a`, one through the other; `ws-d` depends on nobody.
fn chained(repo: &TestRepo<'_>) {
    let all = [
        shell("ws-a", "echo a >a/new.txt", ""),
        shell("ws-b", "cat a/new.txt >b/new.txt", "    depends_on: [ws-a]\n"),
        shell("ws-c", "cat b/new.txt >c/new.txt", "    depends_on: [ws-b]\n"),
        shell("ws-d", "echo d >d/new.txt", ""),
    ];
    run(repo, "", &all);
}

#[test]
fn what_depends_on_it_is_listed_and_goes_along_when_wished() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    chained(&repo);
    let (old, entries) = (tip(&repo), repo.ledger().entries().len());
    let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(1);
    for words in ["ws-b depends on ws-a", "ws-c depends on ws-b", "--cascade"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    let told = rollback(&repo, &["tour/ws-a", "--dry-run"]).expect_code(1);
    assert!(told.stdout.contains("refused: merged work depends on it: ws-b depends on ws-a"), "{}", told.stdout);
    let told = rollback(&repo, &["tour/ws-a", "--dry-run", "--cascade", "--json"]).expect_code(0).json();
    let order: Vec<&str> = told["undone"].as_array().unwrap().iter().map(|one| one["workstream"].as_str().unwrap()).collect();
    assert_eq!(order, ["ws-c", "ws-b", "ws-a"]);
    let along: Vec<&str> = told["along"].as_array().unwrap().iter().map(|one| one["workstream"].as_str().unwrap()).collect();
    assert_eq!(along, ["ws-b", "ws-c"]);
    assert_eq!((tip(&repo), repo.ledger().entries().len()), (old.clone(), entries), "nothing was done");
    rollback(&repo, &["tour/ws-a", "--cascade", "--reason", "no"]).expect_code(0);
    let merges = ["ws-c", "ws-b", "ws-a"].map(|id| merge_of(&repo, id));
    assert_eq!(tree(&repo, "orc/tour"), by_plain_git(&environment, &old, &merges));
    assert_eq!(states(&repo), ["ws-a reverted", "ws-d merged", "ws-b reverted", "ws-c reverted"]);
    assert_sound(&repo);
}

#[test]
fn what_changed_the_same_lines_later_is_listed_and_goes_along_when_wished() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let all = [
        shell("ws-a", "sed -i 's/line 3$/first/' a/x.txt", ""),
        shell("ws-b", "sed -i 's/first/second/;s/line 3$/never/' a/x.txt", ""),
        shell("ws-c", "echo c >c/new.txt", ""),
    ];
    run(&repo, "", &all);
    let old = tip(&repo);
    let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(1);
    let merge = merge_of(&repo, "ws-b");
    for words in ["undoing ws-a conflicts in a/x.txt", "ws-b changed a/x.txt later", &merge[..10], "--cascade"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    let told = rollback(&repo, &["tour/ws-a", "--dry-run", "--cascade"]).expect_code(0);
    assert!(told.stdout.contains("goes along, it changed a/x.txt later"), "{}", told.stdout);
    rollback(&repo, &["tour/ws-a", "--cascade", "--reason", "no"]).expect_code(0);
    let merges = ["ws-b", "ws-a"].map(|id| merge_of(&repo, id));
    assert_eq!(tree(&repo, "orc/tour"), by_plain_git(&environment, &old, &merges));
    assert_eq!(states(&repo), ["ws-a reverted", "ws-b reverted", "ws-c merged"]);
    assert_sound(&repo);
}

/// Commits something onto the integration branch as a person does, in a worktree of theirs.
fn by_a_person(repo: &TestRepo<'_>, line: &str) -> String {
    repo.git(&["worktree", "add", "--quiet", "../by-hand", "orc/tour"]);
    let mut command = repo.command("sh");
    let done = crate::harness::run(command.args(["-ec", &format!("cd ../by-hand; {line}; git commit --quiet -am 'by hand'")]));
    assert_eq!(done.code(), 0, "{done:#?}");
    repo.git(&["worktree", "remove", "../by-hand"]);
    tip(repo)
}

#[test]
fn the_work_of_a_person_is_never_undone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    let hand = by_a_person(&repo, "sed -i 's/LINE 3/mine/' a/x.txt");
    let entries = repo.ledger().entries().len();
    for arguments in [&["tour/ws-a", "--reason", "no"][..], &["tour/ws-a", "--reason", "no", "--cascade"]] {
        let refused = rollback(&repo, arguments).expect_code(1);
        for words in
            ["conflicts in a/x.txt", "Ada Example changed a/x.txt later", &hand[..10], "by hand", "Work of a person is never undone"]
        {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
    }
    assert_eq!((tip(&repo), repo.ledger().entries().len()), (hand.clone(), entries));
    // What it does not conflict with is undone, and the person's commit stays.
    rollback(&repo, &["tour/ws-c", "--reason", "no"]).expect_code(0);
    assert_eq!(tree(&repo, "orc/tour"), by_plain_git(&environment, &hand, &[merge_of(&repo, "ws-c")]));
    assert_sound(&repo);
}

#[test]
fn the_work_of_another_run_is_named() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    run(&repo, "", &[shell("ws-a", "sed -i 's/line 3$/first/' a/x.txt", "")]);
    let first = repo.ledger().of_kind("run_planned")[0]["run"].as_str().unwrap().to_owned();
    run(&repo, "base: orc/tour\n", &[shell("ws-z", "sed -i 's/first/second/' a/x.txt", "")]);
    let second = repo.ledger().of_kind("run_planned")[1]["run"].as_str().unwrap().to_owned();
    let refused = rollback(&repo, &[&format!("{first}/ws-a"), "--cascade", "--reason", "no"]).expect_code(1);
    assert!(refused.stderr.contains(&format!("ws-z of run {second} changed a/x.txt later")), "{}", refused.stderr);
    // The other one first, then this one.
    rollback(&repo, &[&second, "--reason", "no"]).expect_code(0);
    rollback(&repo, &[&format!("{first}/ws-a"), "--reason", "no"]).expect_code(0);
    assert_eq!(tree(&repo, "orc/tour"), tree(&repo, "main"));
    assert_sound(&repo);
}

#[test]
fn a_branch_in_use_or_gone_or_elsewhere_is_left_alone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    let entries = repo.ledger().entries().len();
    let check = |expect: &str| {
        let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(128);
        assert!(refused.stderr.contains(expect), "{}", refused.stderr);
        assert_eq!(repo.ledger().entries().len(), entries);
    };
    let old = tip(&repo);
    repo.git(&["worktree", "add", "--quiet", "../used", "orc/tour"]);
    check("branch orc/tour is checked out in");
    repo.git(&["worktree", "remove", "../used"]);
    repo.git(&["update-ref", "refs/heads/orc/tour", "main"]);
    check("branch orc/tour does not hold");
    repo.git(&["branch", "--quiet", "-D", "orc/tour"]);
    check("branch orc/tour is gone");
    repo.git(&["branch", "orc/tour", &old]);
    rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(0);
}

#[test]
fn what_was_never_merged_is_not_undone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = environment.root().join("tour.yaml");
    let bad = "  - id: bad\n    files_scope: ['a/**']\n    tool: command\n    command: [sh, -c, 'exit 1']\n    retry: {max_attempts: 1}\n";
    std::fs::write(&plan, format!("version: 1\nname: tour\ntarget: orc/tour\nworkstreams:\n{bad}")).unwrap();
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(1);
    let check = |what: &str, code: i32, expect: &str| {
        let refused = rollback(&repo, &[what, "--reason", "no"]).expect_code(code);
        assert!(refused.stderr.contains(expect), "{}", refused.stderr);
    };
    check("tour", 128, "nothing of run");
    check("tour/bad", 128, "workstream bad is failed");
    check("tour/none", 128, "there is no workstream `none`");
    let usage = repo.orc(&["rollback", "tour"]);
    assert_eq!(usage.code(), 129, "{}", usage.stderr);
}

#[test]
fn a_run_that_is_driven_is_left_alone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = environment.root().join("tour.yaml");
    let slow = [shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "touch $HOME/there; sleep 60", "    depends_on: [ws-a]\n")];
    std::fs::write(&plan, format!("version: 1\nname: tour\ntarget: orc/tour\nworkstreams:\n{}", slow.concat())).unwrap();
    let mut running = repo.start_orc(&["run", plan.to_str().unwrap()]);
    while !environment.home().join("there").exists() {
        assert!(running.is_running());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(4);
    assert!(refused.stderr.contains("git orc status"), "{}", refused.stderr);
    running.kill();
    // What has begun on top of it would land without it.
    let refused = rollback(&repo, &["tour/ws-a", "--reason", "no"]).expect_code(1);
    assert!(refused.stderr.contains("has begun and is not merged: ws-b"), "{}", refused.stderr);
}

#[test]
fn what_is_refused_because_the_branch_was_checked_out_meanwhile_is_not_done_later() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let gate = "gates: {wave: [[sh, -c, 'test -e a/new.txt || { touch $HOME/there; while ! test -e $HOME/go; do sleep 0.05; done; }']]}\n";
    run(&repo, gate, &[shell("ws-a", "echo a >a/new.txt", ""), shell("ws-b", "echo b >b/new.txt", "")]);
    let old = tip(&repo);
    let mut running = repo.start_orc(&["rollback", "tour/ws-a", "--reason", "no"]);
    while !environment.home().join("there").exists() {
        assert!(running.is_running());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    repo.git(&["worktree", "add", "--quiet", "../by-hand", "orc/tour"]);
    std::fs::write(environment.home().join("go"), "").unwrap();
    let refused = running.finish().expect_code(128);
    assert!(refused.stderr.contains("is checked out in"), "{}", refused.stderr);
    repo.git(&["worktree", "remove", "../by-hand"]);
    assert_eq!(repo.ledger().of_kind("rollback_dropped").len(), 1);
    repo.orc(&["doctor", "--repair"]);
    assert_eq!(tip(&repo), old, "it was done when nobody thought of it any more");
    rollback(&repo, &["tour/ws-b", "--reason", "another one"]).expect_code(0);
    assert_eq!(states(&repo), ["ws-a merged", "ws-b reverted"]);
    assert_sound(&repo);
}

#[test]
fn what_another_run_merged_on_top_of_it_by_the_same_plan_stands_in_the_way() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let all = [
        shell("ws-a", "echo a >a/new.txt", ""),
        shell("ws-b", "test -e $HOME/mended; cat a/new.txt >b/new.txt", "    depends_on: [ws-a]\n"),
    ];
    let plan = repo.root().join("tour.yaml");
    let head = "version: 1\nname: tour\ntarget: orc/tour\ndefaults: {retry: {max_attempts: 1}}\n";
    std::fs::write(&plan, format!("{head}workstreams:\n{}", all.concat())).unwrap();
    repo.orc(&["run", plan.to_str().unwrap()]).expect_code(1);
    let first = repo.ledger().of_kind("run_planned")[0]["run"].as_str().unwrap().to_owned();
    std::fs::write(environment.home().join("mended"), "").unwrap();
    repo.orc(&["retry", &first, "--reason", "mended"]).expect_code(0);
    let second = repo.ledger().of_kind("run_planned")[1]["run"].as_str().unwrap().to_owned();
    let (old, undo) = (tip(&repo), format!("{first}/ws-a"));
    for more in [&["--reason", "no"][..], &["--reason", "no", "--cascade"], &["--dry-run", "--json"]] {
        let refused = rollback(&repo, &[&[undo.as_str()], more].concat()).expect_code(1);
        let told = format!("{}{}", refused.stdout, refused.stderr);
        assert!(told.contains(&format!("ws-b depends on ws-a in run {second}")), "{told}");
    }
    assert_eq!(tip(&repo), old);
    rollback(&repo, &[&format!("{second}/ws-b"), "--reason", "no"]).expect_code(0);
    rollback(&repo, &[&undo, "--reason", "no"]).expect_code(0);
    assert_sound(&repo);
}
