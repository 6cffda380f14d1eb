//! What is used again, and what is not.

use super::stage::{ALL, Stage, full, plan, plan_with_inputs};
use crate::harness::TestEnvironment;

#[test]
fn a_second_run_onto_a_fresh_branch_starts_nothing() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.run(&plan(), &[], 0);
    assert_eq!(stage.calls(), ALL);
    assert!(stage.ends()[0].ends_with("not in the cache: there is no result of this step"), "{:#?}", stage.ends());
    stage.run(&plan(), &["--target", "orc/second"], 0);
    assert_eq!(stage.calls(), [""; 0], "nothing was to be started");
    let ends = stage.ends();
    assert_eq!(ends.len(), 8);
    assert!(ends.iter().all(|end| end.contains(" passed: taken from the cache: ") && end.contains(" of run ")), "{ends:#?}");
    assert_eq!(stage.tree("orc/second"), stage.tree("orc/tour"));
    let ledger = stage.repo.ledger();
    let origins: Vec<_> = ledger.of_kind("patch_created").iter().map(|patch| patch["origin"].as_str().unwrap().to_owned()).collect();
    assert_eq!(origins.iter().filter(|origin| *origin == "cache").count(), 4, "{origins:?}");
    let gates = ledger.of_kind("gate_finished");
    assert!(gates.last().unwrap()["reason"].as_str().unwrap().starts_with("taken from the cache: gate wave-1 of run "), "{gates:#?}");
    stage.assert_sound();
}

#[test]
fn a_second_run_onto_the_same_branch_finds_its_work_done() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.run(&plan_with_inputs(), &[], 0);
    assert_eq!(stage.calls(), ALL);
    let tree = stage.tree("orc/tour");
    stage.run(&plan_with_inputs(), &[], 0);
    assert_eq!(stage.calls(), [""; 0], "nothing was to be started: {:#?}", stage.ends());
    assert_eq!(stage.tree("orc/tour"), tree);
    let ends = stage.ends();
    let edits = ends.iter().filter(|end| end.contains(" edit "));
    assert!(edits.clone().all(|end| end.contains("fulfilled already: attempt edit #1 of run ")), "{ends:#?}");
    assert_eq!(edits.count(), 4);
    stage.assert_sound();
}

#[test]
fn without_a_word_about_inputs_every_file_counts() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.run(&plan(), &[], 0);
    stage.calls();
    stage.run(&plan(), &[], 1);
    // The others' files are there now, so nobody can know that the work would be the same; and done again it changes nothing.
    assert!(stage.calls().iter().filter(|call| call.starts_with("work ")).count() >= 3);
    let first = &stage.ends()[0];
    assert!(first.contains("not in the cache: `a/out.txt`, `b/out.txt`, `c/out.txt` and 1 more changed"), "{first}");
}

#[test]
fn one_changed_input_starts_exactly_what_depends_on_it() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.run(&plan_with_inputs(), &[], 0);
    stage.calls();
    stage.repo.write("shared.txt", "two\n");
    stage.repo.commit("another input");
    stage.run(&plan_with_inputs(), &["--target", "orc/second"], 0);
    let calls = stage.calls();
    let of_workstreams: Vec<&String> = calls.iter().filter(|call| !call.ends_with(" gate")).collect();
    assert_eq!(of_workstreams, ["look a", "look b", "work a", "work b"]);
    let ends = stage.ends();
    assert!(ends.iter().any(|end| end.starts_with("a edit") && end.ends_with("not in the cache: `shared.txt` changed")), "{ends:#?}");
    assert!(ends.iter().any(|end| end.starts_with("b edit") && end.ends_with("not in the cache: `a/out.txt` changed")), "{ends:#?}");
    assert_eq!(stage.repo.git(&["show", "orc/second:b/out.txt"]), "two\ntwo\none\na\nb".replace("two\ntwo\none", "two\ntwo"));
    stage.assert_sound();
}

#[test]
fn another_command_prompt_or_program_is_another_question() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let one = |more: &str| full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a]{more}}}\n"));
    stage.run(&one(""), &[], 0);
    stage.calls();
    let again = |plan: &str, branch: &str, expect: &str| {
        stage.run(plan, &["--target", branch], 0);
        let calls = stage.calls();
        assert!(calls.contains(&"work a".to_owned()), "{calls:?}");
        assert!(stage.ends()[0].contains(expect), "{expect}: {:#?}", stage.ends());
    };
    again(&one(", tasks: [do it well]"), "orc/prompt", "not in the cache: the prompt differs");
    again(&one(", setup: [[\"true\"]]"), "orc/setup", "not in the cache: the prompt and the tool's profile or program differs");
    stage.program("work", "echo other > a/out.txt");
    again(&one(""), "orc/program", "not in the cache: the tool's profile or program differs");
    // What only bounds it is no other question.
    stage.run(&one(", timeout_sec: 77, budget: {attempt: {minutes: 5}}"), &["--target", "orc/bounds"], 0);
    assert_eq!(stage.calls(), [""; 0], "{:#?}", stage.ends());
}

#[test]
fn without_being_asked_for_it_is_not_there() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let path = stage.plan_file(&plan());
    for branch in ["orc/one", "orc/two"] {
        stage.repo.orc(&["run", &path, "--progress=none", "--target", branch]).expect_code(0);
        assert_eq!(stage.calls(), ALL);
    }
    assert_eq!(stage.repo.git(&["for-each-ref", "refs/orc/cache"]), "");
    let asking = stage.plan_file(&plan().replace("name: tour", "name: tour\ncache: true"));
    for (branch, more, expect) in [("orc/three", "--cache", 10), ("orc/four", "--fail-fast", 0), ("orc/five", "--cache=false", 10)] {
        stage.repo.orc(&["run", &asking, "--progress=none", "--target", branch, more]).expect_code(0);
        assert_eq!(stage.calls().len(), expect, "{branch}");
    }
}

#[test]
fn whoever_tries_again_is_not_given_the_same_answer() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    std::fs::write(stage.home("red-a"), "").unwrap();
    let breaker = "circuit_breaker: {max_fix_iterations: {static: 0}, on_exhausted: pause}";
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a], static: [[look, a]], {breaker}}}\n"));
    stage.run(&plan, &[], 3);
    assert_eq!(stage.calls(), ["look a", "work a"]);
    stage.run(&plan, &["--target", "orc/second"], 3);
    assert_eq!(stage.calls(), ["look a"], "what failed is not kept: {:#?}", stage.ends());
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(3);
    assert_eq!(stage.calls(), ["look a", "work a"], "{:#?}", stage.ends());
    let ends = stage.ends();
    assert!(ends.iter().any(|end| end.ends_with("not in the cache: its result was used in this run already")), "{ends:#?}");
}

#[test]
fn what_mended_a_check_is_used_again() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.program("mend", "echo good > a/out.txt");
    stage.program("test-it", "echo \"in $PWD of run $ORC_RUN\"; grep -q good a/out.txt");
    let work = "command: [work, a], fix: [mend, a], static: [[test-it, a]]";
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], {work}}}\n"));
    stage.run(&plan, &[], 0);
    assert_eq!(stage.calls(), ["look gate", "mend a", "test-it a", "test-it a", "work a"]);
    stage.run(&plan, &["--target", "orc/second"], 0);
    assert_eq!(stage.calls(), ["test-it a"], "only the check that failed is run: {:#?}", stage.ends());
    assert_eq!(stage.tree("orc/second"), stage.tree("orc/tour"));
    stage.assert_sound();
}

#[test]
fn a_check_that_another_one_may_need_is_run_with_it() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    std::fs::write(stage.home("red-again"), "").unwrap();
    let checks = "static: [[look, first]], runtime: [[look, again]], circuit_breaker: {max_fix_iterations: {runtime: 0}}";
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a], {checks}}}\n"));
    stage.run(&plan, &[], 1);
    assert_eq!(stage.calls(), ["look again", "look first", "work a"]);
    std::fs::remove_file(stage.home("red-again")).unwrap();
    stage.run(&plan, &["--target", "orc/second"], 0);
    assert_eq!(stage.calls(), ["look again", "look first", "look gate"]);
    let why = "not in the cache: `runtime` behind it runs, and may need what it leaves";
    assert!(stage.ends().iter().any(|end| end.starts_with("a static passed") && end.ends_with(why)), "{:#?}", stage.ends());
    stage.run(&plan, &["--target", "orc/third"], 0);
    assert_eq!(stage.calls(), [""; 0]);
}

#[test]
fn what_resolved_a_conflict_is_used_again() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.program("edit", "echo ours > a/x.txt");
    stage.program("settle", "printf 'theirs\\nours\\n' > a/x.txt");
    // Whoever else works on the branch does so while the wave is at work.
    let other = stage.repo.path().display().to_string();
    stage.program("move", &format!("git -C '{other}' update-ref refs/heads/orc/tour theirs; date +%N > c/out.txt"));
    stage.repo.git(&["checkout", "--quiet", "-b", "theirs"]);
    stage.repo.write("a/x.txt", "theirs\n");
    stage.repo.commit("theirs");
    stage.repo.git(&["checkout", "--quiet", "-"]);
    let plan = |task: &str| {
        let a = "  - {id: a, files_scope: [\"a/**\"], command: [edit, a], resolve: [settle, a]}\n";
        full(&format!("{a}  - {{id: c, files_scope: [\"c/**\"], command: [move, c], tasks: [{task}]}}\n"))
    };
    for (task, expect) in [("one", vec!["edit a", "move c", "settle a"]), ("two", vec!["move c"])] {
        stage.run(&plan(task), &[], 0);
        let calls: Vec<String> = stage.calls().into_iter().filter(|call| !call.ends_with(" gate")).collect();
        assert_eq!(calls, expect, "{:#?}", stage.ends());
        assert_eq!(stage.repo.git(&["show", "orc/tour:a/x.txt"]), "theirs\nours");
        stage.repo.git(&["branch", "--quiet", "-D", "orc/tour"]);
    }
    assert!(stage.ends().iter().any(|end| end.starts_with("a resolve passed: taken from the cache: ")), "{:#?}", stage.ends());
}

#[test]
fn runs_at_the_same_time_share_it_and_suspect_nobody() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let path = stage.plan_file(&plan());
    let start = |branch: &str| stage.repo.start_orc(&["run", &path, "--progress=none", "--cache", "--sandbox=none", "--target", branch]);
    let running = ["orc/one", "orc/two", "orc/three"].map(start);
    for one in running {
        one.finish().expect_code(0);
    }
    let ledger = stage.repo.ledger();
    assert!(ledger.of_kind("integrity_violated").is_empty() && ledger.of_kind("integrity_noted").is_empty());
    stage.calls();
    stage.run(&plan(), &["--target", "orc/four", "--sandbox=none"], 0);
    assert_eq!(stage.calls(), [""; 0], "{:#?}", stage.ends());
    stage.assert_sound();
}

#[test]
fn patch_files_are_found_applied() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let patch = "--- a/a/x.txt\n+++ b/a/x.txt\n@@ -1 +1 @@\n-a\n+A\n";
    std::fs::write(environment.root().join("a.patch"), patch).unwrap();
    let plan = full("  - {id: a, files_scope: [\"a/**\"], inputs: [], tool: replay, patches: [a.patch]}\n");
    stage.run(&plan, &[], 0);
    stage.run(&plan, &[], 0);
    assert!(stage.ends()[0].contains("fulfilled already: "), "{:#?}", stage.ends());
    assert_eq!(stage.repo.git(&["show", "orc/tour:a/x.txt"]), "A");
    stage.assert_sound();
}
