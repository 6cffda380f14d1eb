//! The gates of a repository inside of a run.

use super::project;
use crate::harness::TestEnvironment;

fn plan(files: &[(&str, &str)]) -> String {
    let one = |(id, text): &(&str, &str)| {
        format!(
            "  - {{id: {id}, files_scope: [{id}.txt], files_create: [{id}.txt], tool: command, command: [sh, -c, 'echo \"{text}\" >{id}.txt']}}\n"
        )
    };
    format!("name: tour\nworkstreams:\n{}", files.iter().map(one).collect::<String>())
}

#[test]
fn they_evict_who_breaks_them_and_let_the_push_pass_at_once() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], on: [wave, push]}]\n");
    repo.write("p.yaml", plan(&[("good", "fine"), ("bad", "not fine!")]));
    let run = repo.orc(&["run", "p.yaml", "--json"]);
    assert_eq!(run.code(), 3, "{}", run.stderr);
    assert_eq!(repo.git(&["ls-tree", "--name-only", "orc/tour", "bad.txt", "good.txt"]), "good.txt");
    let checked = repo.ledger().of_kind("gate_finished").len();
    let pushed = repo.try_git(&["push", "origin", "orc/tour"]);
    assert!(pushed.code() == 0 && pushed.stderr.contains("known from run"), "{}", pushed.stderr);
    assert_eq!(repo.ledger().of_kind("gate_checked").len(), 0, "nothing was asked again");
    assert!(checked >= 2);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn what_was_red_before_is_nobodys_fault() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], on: wave}]\n");
    repo.write("old.txt", "always so!\n");
    repo.commit("red from the start");
    repo.write("p.yaml", plan(&[("good", "fine"), ("bad", "not fine!")]));
    let run = repo.orc(&["run", "p.yaml"]);
    assert_eq!(run.code(), 3);
    assert_eq!(repo.git(&["ls-tree", "--name-only", "orc/tour", "bad.txt", "good.txt"]), "good.txt");
    // That it passed although its command failed is said wherever somebody looks.
    for shown in [run.stderr, repo.git(&["log", "--format=%s", "refs/orc/ledger"]), repo.orc(&["log"]).stdout] {
        assert!(shown.contains("it fails as it does on the base"), "{shown}");
    }
    let ledger = repo.ledger();
    let passed = ledger.of_kind("gate_finished").into_iter().find(|gate| gate["verdict"] == "passed").unwrap();
    assert!(passed["reason"].as_str().unwrap().contains("fails as it does on the base: 1 finding"), "{passed:#}");
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn those_that_only_warn_hold_nothing_up() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], on: wave, failure_action: warn}]\n");
    repo.write("p.yaml", plan(&[("bad", "not fine!")]));
    repo.orc(&["run", "p.yaml"]).expect_code(0);
    let ledger = repo.ledger();
    let gate = ledger.of_kind("gate_finished")[0].clone();
    assert_eq!((gate["verdict"].as_str(), gate["advisory"].as_bool()), (Some("failed"), Some(true)));
    repo.orc(&["verify"]).expect_code(0);
    // It counts as nothing that a gate has seen.
    let pushed = repo.try_git(&["push", "origin", "orc/tour"]);
    assert!(pushed.code() == 1 && pushed.stderr.contains("run-verdict"), "{}", pushed.stderr);
}

#[test]
fn those_of_steps_are_mended_in_the_workstream() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: lint, command: [./lint.sh], on: step}]\n");
    let fix = "if [ \"$ORC_STEP\" = fix ]; then echo fine >a.txt; else echo no! >a.txt; fi";
    let text = format!("name: tour\nworkstreams: [{{id: a, files_scope: [a.txt], tool: command, command: [sh, -c, '{fix}']}}]\n");
    repo.write("p.yaml", text);
    repo.orc(&["run", "p.yaml"]).expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a.txt"]), "fine");
    assert!(repo.ledger().of_kind("step_finished").iter().any(|step| step["step"] == "lint" && step["outcome"] == "failed"));
}

#[test]
fn checks_that_are_inherited_count_only_what_is_new() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates: [{id: none, command: ['true']}]\n");
    repo.write("old.txt", "always so!\n");
    repo.commit("red from the start");
    let one = |id: &str, text: &str, more: &str| {
        format!(
            "  - {{id: {id}, files_scope: [{id}.txt], files_create: [{id}.txt], tool: command, command: [sh, -c, 'echo \"{text}\" >{id}.txt']{more}}}\n"
        )
    };
    let defaults = "defaults: {static: [./lint.sh], circuit_breaker: {max_fix_iterations: {static: 0}}}\n";
    let all = [
        one("inherits", "fine", ""),
        one("adds", "not fine!", ""),
        one("asks-itself", "fine", ", static: [./lint.sh]"),
        one("says-so", "fine", ", static: [./lint.sh], baseline: base"),
        one("is-strict", "fine", ", baseline: none"),
    ];
    repo.write("p.yaml", format!("name: tour\n{defaults}workstreams:\n{}", all.concat()));
    assert_eq!(repo.orc(&["run", "p.yaml"]).code(), 1);
    let merged = repo.git(&["ls-tree", "--name-only", "orc/tour"]);
    let is = |id: &str| merged.lines().any(|line| line == format!("{id}.txt"));
    assert_eq!(["inherits", "adds", "asks-itself", "says-so", "is-strict"].map(is), [true, false, false, true, false], "{merged}");
    let ledger = repo.ledger();
    let step = |id: &str| {
        ledger.of_kind("step_finished").into_iter().find(|step| step["workstream"] == id && step["step"] == "static").unwrap().clone()
    };
    assert!(step("inherits")["notes"].to_string().contains("1 finding as when the workstream began"), "{:#}", step("inherits"));
    let found = step("adds")["findings"].as_array().unwrap().clone();
    assert_eq!((found.len(), found[0]["location"]["path"].as_str()), (1, Some("adds.txt")), "only the new one");
    assert_eq!(repo.worktrees().len(), 1);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn a_gate_that_asks_a_person_holds_the_wave() {
    let gates = "gates:\n  - {id: looked-at, manual: Has somebody read it?}\n  - {id: lint, command: [./lint.sh], on: wave}\n";
    for (choice, code, files) in [("approve", 0, "a.txt\nb.txt"), ("reject", 3, "a.txt")] {
        let environment = TestEnvironment::new();
        let repo = project(&environment, gates);
        repo.write("p.yaml", plan(&[("b", "fine")]));
        repo.orc(&["run", "p.yaml"]).expect_code(3);
        let ledger = repo.ledger();
        let asked: Vec<String> =
            ledger.of_kind("gate_finished").iter().map(|gate| format!("{} {}", gate["gate"], gate["verdict"])).collect();
        assert_eq!(asked, ["\"lint\" \"passed\"", "\"looked-at\" \"error\""], "a person is asked last");
        assert!(repo.orc(&["status"]).stdout.contains("Has somebody read it?"));
        // Without a decision it goes on waiting.
        repo.orc(&["resume"]).expect_code(3);
        repo.orc(&["decide", "tour", "looked-at", choice, "--reason", "I have"]).expect_code(0);
        assert_eq!(repo.orc(&["resume"]).code(), code, "{choice}");
        let tip = if code == 0 { "orc/tour" } else { "main" };
        assert_eq!(repo.git(&["ls-tree", "--name-only", tip, "a.txt", "b.txt"]), files, "{choice}");
        repo.orc(&["verify"]).expect_code(0);
        let log = repo.git(&["log", "--format=%s", "refs/orc/ledger"]);
        assert!(log.contains("decision made: looked-at"), "{log}");
    }
}
