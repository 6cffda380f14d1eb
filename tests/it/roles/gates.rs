//! A gate of each kind that does not pass: the right state, the right policy, the right exit code; and a person who lets it go on.

use serde_json::json;

use super::stage::Stage;
use crate::harness::TestEnvironment;

/// Brings the work to the point where the plan is approved.
fn planned(stage: &Stage<'_>) {
    stage.run(3);
    stage.approve("planning");
}

#[test]
fn an_audit_that_does_not_pass_blocks_until_somebody_looks() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(
        &environment,
        &[("auditor", "printf 'No risks found.\\n\\nVerdict: perhaps\\n' > $d/Summary_Report.md; echo $k >> $d/notes.md")],
    );
    planned(&stage);
    stage.resume(3);
    let workflow = stage.workflow();
    assert_eq!((&workflow["state"], &workflow["prev_state"], &workflow["paused"]), (&json!("BLOCKED"), &json!("AUDIT"), &json!(true)));
    assert_eq!(workflow["gates"][1], json!({"gate": "audit", "phase": "auditor", "status": "blocked"}));
    assert_eq!(stage.escalations(), [json!(["audit_failure", "block", ["planning_ai", "principal_engineer_ai"]])]);
    assert_eq!(workflow["handoffs"][2]["target_role"], json!(null), "nobody is handed anything by who is blocked");
    stage.act(&[]);
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "SYNTHESIS", "it went on to the next approval");
    stage.assert_sound();
}

#[test]
fn a_conflict_between_audit_and_review_calls_a_person_at_once() {
    let environment = TestEnvironment::in_memory();
    let challenge = "printf 'R-001 CHALLENGE: somebody is always there\\n\\nDecision: NO-GO\\n' > $d/Validation_Report.md";
    let stage = Stage::new(&environment, &[("verification", challenge)]);
    planned(&stage);
    stage.resume(3);
    assert_eq!(stage.calls("verification"), 1, "nobody tries to mend it");
    assert_eq!(stage.escalations(), [json!(["verification_conflict", "escalate", ["human_operator"]])]);
    assert_eq!(stage.workflow()["prev_state"], "VALIDATION");
    stage.told("override", "verification");
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "SYNTHESIS", "a person answers for it");
    assert_eq!(stage.calls("verification"), 1, "nothing is done again");
    stage.assert_sound();
}

#[test]
fn a_gate_is_tried_three_times_with_waits_that_grow_and_then_blocks() {
    let environment = TestEnvironment::in_memory();
    let stage =
        Stage::new(&environment, &[("planning", "USUAL\necho '# Architecture' > $d/technical_plan.md; echo $k >> $d/technical_plan.md")]);
    stage.run(3);
    assert_eq!(stage.escalations(), [json!(["gate_failure", "block", ["planning_ai"]])]);
    let ledger = stage.repo.ledger();
    let policies: Vec<_> = ledger.of_kind("workstream_retrying").iter().map(|entry| entry["policy"].clone()).collect();
    assert_eq!(policies, ["gate_failure", "gate_failure"]);
    assert_eq!(stage.states(), ["PLANNING", "BLOCKED"]);
    stage.act(&[]);
    stage.resume(3);
    assert_eq!(stage.states(), ["PLANNING", "BLOCKED", "PLANNING"]);
    stage.assert_sound();
}

#[test]
fn a_synthesis_is_tried_again_for_a_time_and_then_blocks() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[("synthesis", "printf 'greet %s\\n' $k > $d/Final_Implementation_Plan.md")]);
    stage.pipeline(&[("on: [synthesis], max_min: 30, every_sec: 60", "on: [synthesis], max_min: 0.02, every_sec: 0.5")]);
    planned(&stage);
    stage.resume(3);
    assert_eq!(stage.escalations(), [json!(["synthesis_incomplete", "block", ["principal_engineer_ai"]])]);
    assert!(!stage.repo.ledger().of_kind("workstream_retrying").is_empty(), "it was tried again");
    assert_eq!(stage.workflow()["prev_state"], "SYNTHESIS");
    stage.act(&[]);
    stage.told("retry", "synthesis");
    stage.resume(3);
    stage.approve("synthesis");
    stage.resume(0);
    assert_eq!(stage.workflow()["state"], "IDLE");
    stage.assert_sound();
}

/// Brings the work to the point where the auditor needs a file that the planner never wrote; it is waited for so many minutes.
fn without_action_plan<'e>(environment: &'e TestEnvironment, max_min: &str) -> Stage<'e> {
    let stage = Stage::new(environment, &[("planning", "USUAL\nrm $d/Action_Plan.md")]);
    stage.pipeline(&[
        ("requires: [product_backlog, technical_plan, task_breakdown, action_plan, acceptance_criteria]", "requires: [product_backlog]"),
        ("max_min: 60, every_sec: 60", &format!("max_min: {max_min}, every_sec: 0.5")),
    ]);
    planned(&stage);
    stage
}

#[test]
fn what_a_role_needs_is_waited_for_and_then_blocks_until_a_person_brings_it() {
    let environment = TestEnvironment::in_memory();
    let stage = without_action_plan(&environment, "0.02");
    stage.resume(3);
    assert_eq!(stage.escalations(), [json!(["dependency_failure", "block", ["auditor_ai"]])]);
    assert_eq!((stage.calls("auditor"), stage.workflow()["state"].clone()), (0, json!("BLOCKED")));
    stage.land("docs/roles/Action_Plan.md", "1. greet\n");
    stage.resume(3);
    assert_eq!((stage.calls("auditor"), stage.workflow()["state"].clone()), (1, json!("SYNTHESIS")));
    stage.approve("synthesis");
    stage.resume(0);
    assert_eq!(stage.repo.git(&["show", "orc/tour:docs/roles/Action_Plan.md"]), "1. greet", "nothing of it is lost");
    stage.assert_sound();
}

#[test]
fn what_lands_while_a_role_waits_for_it_lets_the_role_begin() {
    let environment = TestEnvironment::in_memory();
    let stage = without_action_plan(&environment, "5");
    let driver = stage.start_resume();
    while stage.repo.ledger().of_kind("workstream_retrying").is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    stage.land("docs/roles/notes.md", "still thinking\n");
    stage.land("docs/roles/Action_Plan.md", "1. greet\n");
    driver.finish().expect_code(3);
    let ledger = stage.repo.ledger();
    assert_eq!(ledger.of_kind("start_moved").len(), 1, "only when everything is there");
    assert_eq!((stage.escalations(), stage.calls("auditor"), stage.workflow()["state"].clone()), (vec![], 1, json!("SYNTHESIS")));
    stage.assert_sound();
}

#[test]
fn a_role_that_takes_too_long_calls_a_person() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[("auditor", "sleep 60")]);
    stage.pipeline(&[("after_min: 30", "after_min: 0.15")]);
    planned(&stage);
    stage.resume(3);
    assert_eq!(stage.escalations(), [json!(["role_timeout", "escalate", ["human_operator"]])]);
    assert_eq!((stage.calls("auditor"), stage.workflow()["prev_state"].clone()), (1, json!("AUDIT")));
    stage.act(&[]);
    stage.told("retry", "auditor");
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "SYNTHESIS");
    stage.assert_sound();
}

#[test]
fn a_critical_error_halts_the_whole_and_a_resume_goes_on_when_it_is_mended() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[("auditor", "echo nothing > $d/notes.md")]);
    let critical = "{exists: docs/roles/Summary_Report.md, condition: critical_error}";
    stage.pipeline(&[("{exists: docs/roles/Summary_Report.md}", critical)]);
    planned(&stage);
    let told = stage.resume(3);
    assert_eq!(stage.escalations(), [json!(["critical_error", "halt", ["all"]])]);
    let workflow = stage.workflow();
    assert_eq!((&workflow["state"], &workflow["halted"]), (&json!("BLOCKED"), &json!(true)));
    let reason = stage.repo.ledger().of_kind("run_halted")[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("git orc rollback"), "{reason}: {}", told.stdout);
    stage.act(&[]);
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "SYNTHESIS");
    stage.assert_sound();
}

/// A gate behind the approvals fails in one role, blocks, and is answered for by a person.
fn assert_blocks_and_is_released((role, does): (&str, &str), (gate, state): (&str, &str)) {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[(role, does)]);
    planned(&stage);
    stage.resume(3);
    stage.approve("synthesis");
    stage.resume(3);
    let workflow = stage.workflow();
    let gates = workflow["gates"].as_array().unwrap();
    let found = gates.iter().find(|one| one["gate"] == gate).unwrap_or_else(|| panic!("{gate} in {workflow:#}"));
    assert_eq!((&found["status"], &workflow["state"], &workflow["prev_state"]), (&json!("blocked"), &json!("BLOCKED"), &json!(state)));
    assert_eq!(stage.escalations().last().unwrap()[0], "gate_failure");
    let calls = stage.calls(role);
    stage.told("override", role);
    stage.resume(0);
    assert_eq!((stage.workflow()["state"].clone(), stage.calls(role)), (json!("IDLE"), calls), "what was done stays as it is");
    stage.assert_sound();
}

#[test]
fn code_without_tests_blocks() {
    let role = ("codegen", "mkdir -p src; echo 'def greet(): pass' > src/greet.py; echo \"# $k\" >> src/greet.py");
    assert_blocks_and_is_released(role, ("code_generation", "DEVELOPMENT"));
}

#[test]
fn tests_that_fail_block() {
    let failing = "printf '{\"result\": \"FAIL\", \"total\": 1, \"failed\": 1, \"coverage\": %s, \"benchmarks\": {\"degraded\": 0}}' $k > $d/test_results.json";
    assert_blocks_and_is_released(("qa", failing), ("quality_assurance", "TESTING"));
}

#[test]
fn a_deployment_without_monitoring_blocks() {
    let role = ("mlops", "printf 'health_checks: [ping]\\nrollback: [stop]\\n# %s\\n' $k > $d/deployment_config.yaml");
    assert_blocks_and_is_released(role, ("deployment", "DEPLOYMENT"));
}
