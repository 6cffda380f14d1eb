//! The whole pipeline: approved by a person twice, mended in its tests, killed and resumed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::stage::Stage;
use crate::harness::TestEnvironment;

const STATES: [&str; 9] = ["PLANNING", "AUDIT", "VALIDATION", "SYNTHESIS", "DEVELOPMENT", "TESTING", "DEPLOYMENT", "MONITORING", "IDLE"];

#[test]
fn roles_work_one_after_the_other_with_two_approvals_and_tests_that_are_mended() {
    let environment = TestEnvironment::in_memory();
    let stage =
        Stage::new(&environment, &[("qa", "if [ $k = 1 ]; then echo '{\"result\": \"FAIL\"}' > $d/test_results.json; else USUAL; fi")]);
    stage.run(3);
    let workflow = stage.workflow();
    assert_eq!((&workflow["state"], &workflow["paused"]), (&json!("PLANNING"), &json!(true)));
    assert_eq!(workflow["gates"][0], json!({"gate": "planning", "phase": "planning", "status": "passed"}));
    stage.approve("planning");
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "SYNTHESIS");
    stage.approve("synthesis");
    stage.resume(0);
    let mut expect = STATES.to_vec();
    expect.splice(6..6, ["DEVELOPMENT", "TESTING"]);
    assert_eq!(stage.states(), expect);
    let workflow = stage.workflow();
    assert!(workflow["gates"].as_array().unwrap().iter().all(|gate| gate["status"] == "passed"), "{workflow}");
    assert!(workflow["handoffs"].as_array().unwrap().iter().all(|one| one["status"] == "completed"), "{workflow}");
    let landed = |one: &Value| one["status"] == "landed";
    assert!(workflow["artifacts"].as_array().unwrap().iter().all(landed), "{workflow}");
    let run = workflow["run"].as_str().unwrap().to_lowercase();
    let file = stage.repo.git_dir().join("orc/runs").join(run).join("workflow_state.json");
    let written: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(written, workflow, "the driver wrote what is derived");
    assert_eq!(stage.repo.orc(&["export", "workflow_state"]).expect_code(0).json(), workflow, "what is exported is that of the roles");
    let handoffs = stage.repo.orc(&["export", "handoff_log"]).expect_code(0).json()["handoffs"].clone();
    let names = |all: &Value| all.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&handoffs), names(&workflow["handoffs"]));
    assert_eq!(stage.repo.git(&["show", "orc/tour:docs/greeting.md"]), "# Greeting");
    let told = stage.repo.orc(&["status", "tour"]).expect_code(0).stdout;
    assert!(told.contains("roles of r: IDLE") && told.contains("gates: planning passed, audit passed"), "{told}");
    stage.assert_sound();
}

#[test]
fn a_driver_that_is_killed_in_the_middle_is_followed_by_one_that_comes_to_the_same_end() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[("codegen", "if [ $k = 1 ]; then sleep 60; fi; USUAL")]);
    stage.run(3);
    stage.approve("planning");
    stage.resume(3);
    stage.approve("synthesis");
    let driver = stage.start_resume();
    let since = Instant::now();
    while stage.calls("codegen") == 0 {
        assert!(since.elapsed() < Duration::from_secs(60), "codegen never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    driver.kill();
    assert_eq!(stage.workflow()["state"], "DEVELOPMENT");
    stage.resume(0);
    assert_eq!(stage.states(), STATES);
    for role in ["product-owner", "planning", "auditor", "verification", "synthesis", "qa", "mlops"] {
        assert_eq!(stage.calls(role), 1, "{role} does nothing twice");
    }
    stage.assert_sound();
}

#[test]
fn what_roles_made_is_taken_back_and_the_record_stays_sound() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, &[]);
    stage.run(3);
    stage.approve("planning");
    stage.resume(3);
    stage.approve("synthesis");
    stage.resume(0);
    stage.repo.orc(&["rollback", "tour", "--reason", "it greets nobody"]).expect_code(0);
    assert_eq!(stage.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour"]), "README.md");
    let workflow = stage.workflow();
    let taken_back = |one: &Value| one["status"] == "taken_back";
    assert!(workflow["artifacts"].as_array().unwrap().iter().all(taken_back), "{workflow:#}");
    assert_eq!((&workflow["state"], &workflow["prev_state"]), (&json!("ROLLBACK"), &json!("IDLE")));
    stage.assert_sound();
}

#[test]
fn work_goes_on_after_a_rollback_and_a_run_that_is_done_again_goes_through_what_was_done() {
    let environment = TestEnvironment::in_memory();
    let failing = "printf '{\"result\": \"FAIL\", \"total\": 1, \"failed\": 1, \"coverage\": %s}' $k > $d/test_results.json";
    let stage = Stage::new(&environment, &[("qa", failing)]);
    stage.run(3);
    stage.approve("planning");
    stage.resume(3);
    stage.approve("synthesis");
    stage.resume(3);
    assert_eq!(stage.workflow()["state"], "BLOCKED");
    stage.repo.orc(&["rollback", "tour/r-documentation", "--reason", "it says nothing"]).expect_code(0);
    assert_eq!(stage.workflow()["state"], "ROLLBACK");
    stage.resume(3);
    let states = stage.states();
    let back = states.iter().position(|state| state == "ROLLBACK").unwrap();
    assert_eq!(states[back + 1..back + 8], ["IDLE", "PLANNING", "AUDIT", "VALIDATION", "SYNTHESIS", "DEVELOPMENT", "TESTING"]);
    assert_eq!(stage.workflow()["state"], "BLOCKED", "it was tried once more");
    stage.told("skip", "qa");
    stage.resume(1);
    stage.assert_sound();
    stage.act(&[]);
    stage.repo.orc(&["retry", "tour", "--reason", "the tests were mended"]).expect_code(0);
    assert_eq!(stage.states(), STATES);
    let workflow = stage.workflow();
    assert!(workflow["gates"].as_array().unwrap().iter().all(|gate| gate["status"] == "passed"), "{workflow}");
    stage.assert_sound();
}
