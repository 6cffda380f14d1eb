//! What the shipped pipeline of roles comes to as a plan.

use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::phase::expectation::Expectation;
use crate::domain::plan::input::{Known, PlanDefaults, PlanInput};
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::plan::parse::parse_plan;
use crate::domain::run::handling::{Cause, Patience, Response};

fn plan() -> CheckedPlan {
    let text = "version: 1\nname: p\nworkstreams:\n  - {id: r, pipeline: roles, tool: command, command: [x], static: [[lint]], runtime: [[tests]]}\n";
    let files = [SourceFile::new("p.yaml", text)];
    let input =
        PlanInput { files: &files, shape: Shape::File, defaults: &PlanDefaults::default(), known: Known { tools: &[], capabilities: &[] } };
    match parse_plan(&input) {
        Ok((plan, _)) => plan,
        Err(all) => panic!("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn named<'a>(plan: &'a CheckedPlan, phase: &str) -> &'a Workstream {
    plan.workstreams.iter().find(|one| one.id.as_str() == format!("r-{phase}")).unwrap()
}

fn conditions(all: &[Expectation]) -> Vec<&str> {
    all.iter().filter_map(|one| one.condition.as_deref()).collect()
}

#[test]
fn every_role_is_a_workstream_behind_those_before_it() {
    let plan = plan();
    let depends_on = |phase: &str| named(&plan, phase).depends_on.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(plan.workstreams.len(), 12);
    assert_eq!(depends_on("auditor"), ["r-planning"]);
    assert_eq!(depends_on("qa"), ["r-codegen", "r-security"]);
    assert_eq!(depends_on("analyst"), ["r-mlops"]);
    assert_eq!((plan.workflows.len(), plan.workflows[0].0.as_str()), (1, "roles"));
}

#[test]
fn a_gate_becomes_the_needs_and_the_checks_of_its_phase() {
    let plan = plan();
    let steps: Vec<&str> = named(&plan, "auditor").steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["auditor", "auditor-check"]);
    let auditor = named(&plan, "auditor");
    assert_eq!(conditions(&auditor.steps[0].rules.needs), ["missing_technical_plan", "missing_action_plan"]);
    let blocking = ["missing_Summary_Report", "untraceable_findings", "untraceable_findings", "ambiguous_verdict"];
    assert_eq!(conditions(&auditor.steps[1].rules.expects), blocking);
    // What a phase makes itself is looked for at its end.
    assert!(conditions(&named(&plan, "planning").steps[1].rules.expects).contains(&"missing_technical_plan"));
    let qa: Vec<&str> = named(&plan, "qa").steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(qa, ["qa", "qa-check", "qa-test"]);
}

#[test]
fn every_gate_has_the_policy_that_is_for_it() {
    let plan = plan();
    let last = |phase: &str| named(&plan, phase).handling.last().unwrap().clone();
    for (phase, name) in
        [("planning", "gate_failure"), ("auditor", "audit_failure"), ("synthesis", "synthesis_incomplete"), ("qa", "gate_failure")]
    {
        assert_eq!(
            (last(phase).name.as_str(), last(phase).cause, last(phase).response),
            (name, Cause::Unmended, Response::Block),
            "{phase}"
        );
    }
    assert_eq!(last("planning").patience, Patience::Rounds { most: 3, first_wait_sec: 1.0, factor: 2.0 });
    assert_eq!(last("planning").notify, ["planning_ai"], "the role whose work it is");
    assert_eq!(last("synthesis").patience, Patience::Until { most_sec: 1_800.0, every_sec: 60.0 });
    assert_eq!(last("auditor").patience, Patience::None);
    let names = |phase: &str| named(&plan, phase).handling.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let all = ["critical_error", "verification_conflict", "role_timeout", "dependency_failure", "gate_failure"];
    assert_eq!(names("verification"), all);
    assert_eq!(named(&plan, "mlops").steps[0].timeout_sec, Some(1_800));
}
