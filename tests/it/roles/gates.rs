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
