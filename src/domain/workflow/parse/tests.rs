//! Each thing that can be wrong with a workflow, and the original's own file.

use super::parse;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::SourceFile;
use crate::domain::workflow::model::Workflow;

/// A workflow of two roles that nothing is wrong with.
const SOUND: &str = r#"
phases:
  - {id: plan, role: planner, state: PLANNING, gate: planned, artifacts: [{name: draft, path: draft.md}]}
  - {id: code, role: coder, state: CODING, artifacts: [{name: program, path: "src/**"}]}
states:
  IDLE: {next: [PLANNING]}
  PLANNING: {roles: [planner], next: [CODING, BLOCKED]}
  CODING: {roles: [coder], next: [IDLE, BLOCKED]}
  BLOCKED: {next: [previous, IDLE]}
  PAUSED: {next: [previous]}
handoffs:
  - {from: planner, to: coder, artifact: draft}
gates:
  planned: {requires: [draft]}
"#;

fn read(text: &str) -> Result<Workflow, Vec<Diagnostic>> {
    parse(&SourceFile::new("p.yaml", text)).map(|found| found.expect("it has a workflow"))
}

/// Replaces a part of the sound workflow, and compares what is then said.
fn check(from: &str, to: &str, expect: &[&str]) {
    assert!(SOUND.contains(from), "{from}");
    let said: Vec<String> =
        read(&SOUND.replacen(from, to, 1)).map(|_| Vec::new()).unwrap_or_else(|all| all.iter().map(ToString::to_string).collect());
    assert_eq!(said, expect, "{from} -> {to}");
}

#[test]
fn nothing_is_wrong_with_a_sound_one() {
    check("{id: plan", "{id: plan", &[]);
    let workflow = read(SOUND).unwrap();
    assert!(workflow.allows("BLOCKED", "CODING", Some("CODING")) && !workflow.allows("BLOCKED", "CODING", Some("PLANNING")));
    assert_eq!(parse(&SourceFile::new("p.yaml", "phases: []")).map(|found| found.is_none()), Ok(true), "no workflow is no error");
}

#[test]
fn every_state_is_reached_and_left() {
    check(
        "next: [PLANNING]",
        "next: [CODING]",
        &[
            "p.yaml:3:38: the pipeline begins in `PLANNING`, but `IDLE` does not lead to it [bad-transition]",
            "p.yaml:7:3: `PLANNING` can not be reached from `IDLE` [unreachable-state]",
        ],
    );
    check(
        "next: [CODING, BLOCKED]",
        "next: [BLOCKED]",
        &[
            "p.yaml:8:3: `CODING` can not be reached from `IDLE` [unreachable-state]",
            "p.yaml:12:25: `planner` hands over to `coder`, but no state of the one (PLANNING) leads to one of the other (CODING) [bad-transition]",
        ],
    );
    check(
        "next: [IDLE, BLOCKED]}\n  BLOCKED: {next: [previous, IDLE]}",
        "next: [BLOCKED]}\n  BLOCKED: {next: [previous]}",
        &[
            "p.yaml:7:3: nothing leads from `PLANNING` back to `IDLE` [dead-end]",
            "p.yaml:8:3: nothing leads from `CODING` back to `IDLE` [dead-end]",
            "p.yaml:9:3: nothing leads from `BLOCKED` back to `IDLE` [dead-end]",
        ],
    );
    check(
        "  PAUSED: {next: [previous]}\n",
        "",
        &["p.yaml:6:3: there is no state `PAUSED`: a run can be paused and has no state for it [missing-state]"],
    );
}

#[test]
fn every_name_has_something_behind_it() {
    check("next: [CODING, BLOCKED]", "next: [CODING, BLOKED, BLOCKED]", &["p.yaml:7:47: no state has the name `BLOKED` [unknown-id]"]);
    check("gate: planned", "gate: planed", &["p.yaml:3:54: no gate has the name `planed` [unknown-id]"]);
    check("to: coder", "to: codr", &["p.yaml:12:25: no role has the name `codr` [unknown-id]"]);
    check(
        "role: coder, state: CODING",
        "role: coder, state: PLANNING",
        &["p.yaml:4:22: `coder` is not at work in `PLANNING` [bad-transition]"],
    );
    check(
        "gates:\n",
        "errors:\n  audit_failure: {action: BLOCK, on: [planed]}\ngates:\n",
        &["p.yaml:14:39: no gate and no condition has the name `planed` [unknown-id]"],
    );
    let on = "errors:\n  audit_failure: {action: BLOCK, on: [planned, missing_draft, missing_output, mine, audit_failure]}\n";
    let mine = "gates:\n  other: {rules: [{exists: x, condition: mine}]}\n";
    check("gates:\n", &format!("{on}{mine}"), &[]);
    check("requires: [draft]", "requires: [drafts]", &["p.yaml:14:24: nobody makes `drafts` [no-producer]"]);
    check(
        "requires: [draft]",
        "requires: [program]",
        &["p.yaml:14:24: `program` is not made before `plan`, whose gate `planned` needs it [no-producer]"],
    );
}

#[test]
fn a_gate_can_block_and_nothing_goes_around_it() {
    check(
        "next: [CODING, BLOCKED]",
        "next: [CODING]",
        &["p.yaml:7:3: `PLANNING` can not enter `BLOCKED`, though the gate `planned` can block it [can-not-block]"],
    );
    check(
        "next: [IDLE, BLOCKED]",
        "next: [IDLE]",
        &["p.yaml:8:3: `CODING` can not enter `BLOCKED`, though the work of `code` can come to a halt there [can-not-block]"],
    );
    check(
        "gates:\n",
        "  - {from: coder, to: critic}\n  - {from: planner, to: critic}\ngates:\n",
        &["p.yaml:13:23: no role has the name `critic` [unknown-id]", "p.yaml:14:25: no role has the name `critic` [unknown-id]"],
    );
    let states = "  CODING: {roles: [coder], next: [IDLE, BLOCKED]}";
    let shared = "  CODING: {roles: [coder, critic], next: [IDLE, BLOCKED]}";
    let text =
        SOUND.replacen(states, shared, 1).replacen("gate: planned, ", "", 1).replacen("state: CODING", "state: CODING, gate: planned", 1);
    let text = text.replacen("gates:\n", "  - {from: coder, to: critic}\n  - {from: planner, to: critic}\ngates:\n", 1);
    let said: Vec<String> = read(&text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["p.yaml:14:25: `planner` hands over to `critic` around `coder`, whose gate is then bypassed [gate-bypass]"]);
}

#[test]
fn what_may_run_at_once_is_in_one_state() {
    let other = "  - {id: test, role: coder, state: CODING, depends_on: []}\nstates:\n";
    check(
        "states:\n",
        other,
        &[
            "p.yaml:5:36: the pipeline begins in `CODING`, but `IDLE` does not lead to it [bad-transition]",
            "p.yaml:5:36: this may run in `CODING` while another phase runs in `PLANNING` [bad-transition]",
        ],
    );
}

#[test]
fn a_handoff_leads_from_the_state_of_the_one_phase_to_that_of_the_other() {
    let text = SOUND.replacen("state: CODING", "state: TRYING", 1);
    let text = text.replacen("next: [IDLE, BLOCKED]}", "next: [TRYING, BLOCKED]}\n  TRYING: {roles: [coder], next: [IDLE, BLOCKED]}", 1);
    let said: Vec<String> = read(&text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["p.yaml:4:36: `TRYING` follows `PLANNING`, but does not come after it in `states` [bad-transition]"]);
}

#[test]
fn the_original_is_refused_with_exactly_its_faults() {
    let text = include_str!("../../../../fixtures/workflows/invalid/original.yaml");
    let found = parse(&SourceFile::new("original.yaml", text)).unwrap_err();
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    original.yaml:52:3: there is no state `PAUSED`: a run can be paused and has no state for it [missing-state]
    original.yaml:54:3: `AUDIT` can not be reached from `IDLE` [unreachable-state]
    original.yaml:55:3: `VALIDATION` can not be reached from `IDLE` [unreachable-state]
    original.yaml:56:3: `SYNTHESIS` can not be reached from `IDLE` [unreachable-state]
    original.yaml:59:3: `DEPLOYMENT` can not enter `BLOCKED`, though the gate `deployment` can block it [can-not-block]
    original.yaml:60:3: `MONITORING` can not enter `BLOCKED`, though the work of `observability` can come to a halt there [can-not-block]
    original.yaml:60:68: no state has the name `MAINTENANCE` [unknown-id]
    original.yaml:65:29: `planning_ai` hands over to `codegen_ai` around `auditor_ai`, whose gate is then bypassed [gate-bypass]
    original.yaml:68:29: `planning_ai` hands over to `auditor_ai`, but no state of the one (PLANNING) leads to one of the other (AUDIT) [bad-transition]
    original.yaml:77:29: nobody makes `acceptance_criteria` [no-producer]
    original.yaml:80:27: nobody makes `validated_code` [no-producer]
    original.yaml:83:32: nobody makes `action_plan` [no-producer]
    original.yaml:96:3: `critical_error` takes back what was merged, but these can not enter `ROLLBACK`: `PLANNING`, `AUDIT`, `VALIDATION`, `SYNTHESIS`, `DEVELOPMENT`, `TESTING`, `MONITORING` [no-rollback]
    ");
}
