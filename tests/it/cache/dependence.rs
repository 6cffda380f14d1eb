//! What a result depends on besides the prompt and the tree.

use super::stage::{Stage, full};
use crate::harness::TestEnvironment;

/// Runs two plans one after the other onto branches of their own, and returns what the second one started.
fn second(stage: &Stage<'_>, (first, then): (&str, &str), between: impl FnOnce()) -> Vec<String> {
    stage.run(first, &[], 0);
    stage.calls();
    between();
    stage.run(then, &["--target", "orc/second"], 0);
    stage.calls()
}

#[test]
fn an_improvement_by_another_command_is_another_question() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.program("better", "seq 50 > a/out.txt");
    stage.program("best", "seq 70 > a/out.txt");
    let goals = "goals: {rounds: 1, list: [{id: size, measure: words, in: \"a/out.txt\", at_least: 100}]}";
    let plan = |fix: &str| full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a], fix: [{fix}, a], {goals}}}\n"));
    let calls = second(&stage, (&plan("better"), &plan("best")), || {});
    assert!(calls.contains(&"best a".to_owned()), "{calls:?}");
    assert_eq!(stage.repo.git(&["show", "orc/second:a/out.txt"]).lines().count(), 70);
    // The same one is not made again, and teaches nothing more about its strategy.
    stage.run(&plan("best"), &["--target", "orc/third"], 0);
    assert_eq!(stage.calls(), [""; 0]);
    let goals = stage.repo.orc(&["goals", "--json"]).expect_code(0).json();
    let seen: Vec<u64> = goals["effectiveness"]["words"].as_object().unwrap().values().map(|one| one["rounds"].as_u64().unwrap()).collect();
    assert_eq!(seen.iter().sum::<u64>(), 2, "{goals:#}");
}

#[test]
fn a_goal_finds_what_checks_leave() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.write(".gitignore", "built\n");
    stage.repo.commit("what is built is ignored");
    stage.program("build", "echo 80 > built");
    let goals = "goals: [{id: share, command: [cat, built], at_least: 80}]";
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a], static: [[build, a]], {goals}}}\n"));
    let calls = second(&stage, (&plan, &plan), || {});
    assert_eq!(calls, ["build a"], "{:#?}", stage.ends());
    let why = "not in the cache: `measure` behind it runs, and may need what it leaves";
    assert!(stage.ends().iter().any(|end| end.starts_with("a static passed") && end.ends_with(why)), "{:#?}", stage.ends());
    let goals = stage.repo.orc(&["goals", "--json"]).expect_code(0).json();
    assert_eq!(goals["workstreams"][0]["settled"]["message"], "1 of 1 goal met");
}

#[test]
fn a_later_step_finds_what_checks_leave() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.write(".gitignore", "built\n");
    stage.repo.commit("what is built is ignored");
    stage.program("build", "echo 80 > built");
    stage.program("use", "cat built > a/used.txt; echo \"$1\" >> a/used.txt; test -s built");
    let plan = |word: &str| {
        let steps =
            format!("{{id: one, command: [work, a]}}, {{id: made, kind: static, run: [[build, a]]}}, {{id: two, command: [use, {word}]}}");
        full(&format!("  - {{id: a, files_scope: [\"a/**\"], steps: [{steps}]}}\n"))
    };
    let calls = second(&stage, (&plan("x"), &plan("y")), || {});
    assert_eq!(calls, ["build a", "look gate", "use y"], "{:#?}", stage.ends());
    let why = "not in the cache: `two` behind it runs, and may need what it leaves";
    assert!(stage.ends().iter().any(|end| end.starts_with("a made passed") && end.ends_with(why)), "{:#?}", stage.ends());
}

#[test]
fn a_name_in_the_request_is_a_word_of_it() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let plan = |task: &str| full(&format!("  - {{id: a, files_scope: [\"a/**\"], command: [work, a], tasks: [{task}]}}\n"));
    for (number, (one, other)) in [
        ("import 01ARZ3NDEKTSV4RRFFQ69G5FAV", "import 01BX5ZZKBKACTAV9WEVGEMMVRZ"),
        ("read /tmp/orc-ektsv4rrffq69g5f", "read /tmp/orc-kbkactav9wevgemm"),
    ]
    .into_iter()
    .enumerate()
    {
        stage.run(&plan(one), &["--target", &format!("orc/one-{number}")], 0);
        stage.calls();
        stage.run(&plan(other), &["--target", &format!("orc/other-{number}")], 0);
        assert!(stage.calls().contains(&"work a".to_owned()), "{other}");
    }
}

#[test]
fn a_script_that_a_command_names_is_looked_at_wherever_it_lies() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let script = |name: &str, what: &str| {
        let path = environment.root().join(name);
        std::fs::write(&path, format!("echo \"{name} \" >> \"$HOME/calls\"\n{what}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (make, check, gate) = (script("make.sh", "echo 1 > a/out.txt"), script("check.sh", "true"), script("gate.sh", "true"));
    let one = format!("command: [sh, {make}], static: [[sh, {check}]]");
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], {one}}}\n")).replace("[look, gate]", &format!("[sh, {gate}]"));
    stage.run(&plan, &[], 0);
    assert_eq!(stage.calls(), ["check.sh ", "gate.sh ", "make.sh "]);
    stage.run(&plan, &["--target", "orc/again"], 0);
    assert_eq!(stage.calls(), [""; 0]);
    for (name, what, expect) in
        [("check.sh", "true; true", "check.sh "), ("gate.sh", "true; true", "gate.sh "), ("make.sh", "echo 2 > a/out.txt", "make.sh ")]
    {
        script(name, what);
        stage.run(&plan, &["--target", &format!("orc/{}", name.replace('.', "-"))], 0);
        assert!(stage.calls().contains(&expect.to_owned()), "{name}: {:#?}", stage.ends());
    }
}

#[test]
fn a_program_of_the_repository_counts_though_no_input_names_it() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let generator = |what: &str| {
        stage.repo.write("gen.sh", format!("echo \"gen \" >> \"$HOME/calls\"\n{what}\n"));
        stage.repo.commit("a generator");
    };
    generator("echo 1 > a/out.txt");
    let plan = full("  - {id: a, files_scope: [\"a/**\"], inputs: [], command: [sh, ./gen.sh]}\n");
    let calls = second(&stage, (&plan, &plan), || generator("echo 2 > a/out.txt"));
    assert!(calls.contains(&"gen ".to_owned()), "{:#?}", stage.ends());
    assert_eq!(stage.repo.git(&["show", "orc/second:a/out.txt"]), "2");
}

#[test]
fn a_variable_of_a_tool_counts_unless_it_is_a_key() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let folder = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&folder).unwrap();
    let profile = r#"{"maker": {"binary": "maker", "args": [], "env_allow": ["MAKER_MODE", "MAKER_API_KEY"]}}"#;
    std::fs::write(folder.join("tool_profiles.json"), profile).unwrap();
    stage.program("maker", "echo \"$MAKER_MODE\" > a/out.txt");
    let plan = stage.plan_file(&full("  - {id: a, files_scope: [\"a/**\"], tool: maker, prompt: Make it.}\n"));
    let run = |branch: &str, (mode, key): (&str, &str)| {
        let mut command = stage.repo.command("git");
        command.args(["orc", "run", &plan, "--progress=none", "--cache", "--target", branch]);
        crate::harness::run(command.envs([("MAKER_MODE", mode), ("MAKER_API_KEY", key)])).expect_code(0);
        stage.calls().iter().any(|call| call.starts_with("maker"))
    };
    assert!(run("orc/one", ("fast", "k1")));
    assert!(!run("orc/two", ("fast", "k2")), "a new key is no other question");
    assert!(run("orc/three", ("slow", "k2")));
    assert_eq!(stage.repo.git(&["show", "orc/three:a/out.txt"]), "slow");
}

#[test]
fn a_rollback_behind_a_known_gate_is_recorded_as_one() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let plan = full("  - {id: a, files_scope: [\"a/**\"], command: [work, a]}\n");
    for (branch, calls) in [("orc/one", &["look gate"][..]), ("orc/two", &[])] {
        stage.run(&plan, &["--target", branch], 0);
        stage.calls();
        let run = stage.repo.ledger().of_kind("run_planned").last().unwrap()["run"].as_str().unwrap().to_owned();
        stage.repo.orc(&["rollback", &format!("{run}/a"), "--reason", "not wanted"]).expect_code(0);
        assert_eq!(stage.calls(), calls, "{branch}");
        let ledger = stage.repo.ledger();
        let gates = ledger.of_kind("gate_finished");
        assert!(gates.last().unwrap()["rollback"].is_number(), "{branch}: {:#}", gates.last().unwrap());
    }
    stage.assert_sound();
}

#[test]
fn whoever_does_a_run_again_is_not_given_what_led_to_nothing() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.program("guess", "wc -l < \"$HOME/guesses\" > a/out.txt; echo >> \"$HOME/guesses\"");
    stage.program("is-one", "grep -q 1 a/out.txt");
    std::fs::write(stage.home("guesses"), "").unwrap();
    let one = "command: [guess, a], static: [[is-one, a]], circuit_breaker: {max_fix_iterations: {static: 0}}";
    let other = "  - {id: b, files_scope: [\"b/**\"], command: [work, b], static: [[look, b]], depends_on: [a]}\n";
    let plan = full(&format!("  - {{id: a, files_scope: [\"a/**\"], {one}}}\n{other}")).replace("name: tour", "name: tour\ncache: true");
    stage.run(&plan, &[], 1);
    assert_eq!(stage.calls(), ["guess a", "is-one a"]);
    let run = stage.repo.ledger().of_kind("run_planned").last().unwrap()["run"].as_str().unwrap().to_owned();
    stage.repo.orc(&["retry", &run, "--reason", "once more"]).expect_code(0);
    assert_eq!(stage.calls(), ["guess a", "is-one a", "look b", "look gate", "look gate", "work b"]);
    let why = "not in the cache: its result led to nothing in the run that is done again";
    assert!(stage.ends()[0].ends_with(why), "{:#?}", stage.ends());
    stage.assert_sound();
}
