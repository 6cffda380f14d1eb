//! Steps that are not due, and steps that can not begin.

use super::stage::Stage;
use crate::harness::TestEnvironment;

const HEAD: &str = "    files_scope: [\"**\"]\n    files_create: [\"**\"]\n    tool: writer\n    prompt: add a rest interface\n";

#[test]
fn a_first_and_a_middle_step_are_skipped_and_the_others_are_merged() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "echo \"$(cat \"$1\" | grep -c .)\" >> out.txt");
    let steps = "    steps:\n      - {id: plan, when: [{request: [poem]}], expects: [{exists: plan.md}]}\n      - {id: write, when: [{request: [rest]}]}\n      - {id: prose, when: [{exists: out.txt}, {not: [{step: {plan: skipped}}]}]}\n      - {id: last, when: [{changed: out.txt}, {step: {prose: skipped}}]}\n";
    stage.run(&format!("  - id: ws\n{HEAD}{steps}"), &[], 0);
    let told = stage.steps();
    assert_eq!(stage.ends(), ["plan skipped", "plan-check skipped", "write passed", "prose skipped", "last passed"], "{told:#?}");
    assert_eq!(told[0], "plan skipped: not due: the request has none of the words `poem`");
    assert_eq!(told[1], "plan-check skipped: not due: plan was skipped");
    assert_eq!(told[3], "prose skipped: not due: plan was skipped");
    assert_eq!(stage.repo.git(&["show", "orc/tour:out.txt"]).lines().count(), 2);
    let prompts = stage.prompts();
    assert_eq!(prompts.len(), 2);
    assert!(!prompts[1].contains("not due"), "what was skipped is no failure to be told of: {}", prompts[1]);
    stage.assert_sound();
}

#[test]
fn a_workstream_of_which_nothing_is_due_is_skipped_and_its_dependents_go_on() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "echo x >> $ORC_WORKSTREAM.txt");
    let first = format!(
        "  - id: a\n{HEAD}    steps: [{{id: poem, when: [{{request: [poem]}}]}}, {{id: check, kind: static, run: [[test, -f, README.md]]}}]\n"
    );
    let second = format!("  - id: b\n{HEAD}    depends_on: [a]\n");
    let told = stage.run(&(first + &second), &[], 0);
    assert_eq!(stage.ends(), ["poem skipped", "check passed", "edit passed"]);
    assert_eq!(stage.reasons("workstream_skipped").len(), 1, "{}", told.stdout);
    assert!(stage.reasons("workstream_skipped")[0].starts_with("nothing was to be changed: "));
    assert_eq!(stage.repo.git(&["diff", "--name-only", "main", "orc/tour"]), "b.txt");
    stage.assert_sound();
}

#[test]
fn what_a_step_changes_does_not_make_its_own_check_not_due() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "mkdir -p docs; echo one word more >> docs/plan.md");
    let steps =
        "    steps:\n      - {id: plan, when: [{not: [{exists: docs/plan.md}]}], expects: [{words: 5, in: docs/plan.md}], fixes: 2}\n";
    stage.run(&format!("  - id: ws\n{HEAD}{steps}"), &[], 0);
    assert_eq!(stage.ends(), ["plan passed", "plan-check failed", "fix passed", "plan-check passed"]);
    stage.assert_sound();
}

#[test]
fn needs_that_are_not_met_end_the_work_with_a_reason_and_without_a_tool() {
    for (more, kind) in [("", "workstream_failed"), ("    on_exhausted: pause\n", "workstream_paused")] {
        let environment = TestEnvironment::in_memory();
        let stage = Stage::new(&environment, "echo x >> out.txt");
        let steps = "    retry: {max_attempts: 3, initial_delay_sec: 0}\n    steps:\n      - {id: first}\n      - {id: write, needs: [{exists: docs/plan.md}, {words: 9, in: README.md, severity: minor}, {exists: docs/more.md}]}\n";
        stage.run(&format!("  - id: ws\n{HEAD}{more}{steps}"), &[], if more.is_empty() { 1 } else { 3 });
        assert_eq!(stage.ends(), ["first passed", "write not_started"], "nobody tries again what can not go better");
        let why = "what it needs is not there: there is no file `docs/plan.md`, and 1 issue more";
        assert_eq!(stage.reasons(kind), [why]);
        assert_eq!(stage.calls(), ["writer"]);
        let ledger = stage.repo.ledger();
        let findings: Vec<_> = ledger.of_kind("step_finished")[1]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{} {} {}", one["source"].as_str().unwrap(), one["rule"].as_str().unwrap(), one["level"].as_str().unwrap()))
            .collect();
        assert_eq!(findings, ["phase missing_output error", "phase missing_output error", "phase insufficient_content note"]);
        stage.assert_sound();
    }
}
