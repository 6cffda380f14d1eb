//! `git orc pipeline` and `git orc create`, without a run.

use super::stage::Stage;
use crate::harness::TestEnvironment;

#[test]
fn what_is_written_new_can_be_used() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "");
    let new = |arguments: &[&str]| stage.repo.orc(&[&["pipeline", "new"], arguments].concat());
    new(&["ours"]).expect_code(0);
    new(&["copy", "--from", "code", "--repository"]).expect_code(0);
    new(&["mine", "--from", "fiction", "--user"]).expect_code(0);
    assert!(new(&["ours"]).expect_code(128).stderr.contains("is there already"));
    assert!(new(&["../x"]).expect_code(129).stderr.contains("can not be the name of a pipeline"));
    assert!(new(&["x", "--from", "cod"]).expect_code(129).stderr.contains("did you mean `code`?"));
    assert!(stage.repo.path().join(".git-orc/pipelines/ours.yaml").is_file());
    let looked = stage.repo.orc(&["pipeline", "validate", "--json"]).expect_code(0).json();
    let names: Vec<&str> = looked["pipelines"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in ["code", "copy", "docs", "edit-static-runtime", "fiction", "mine", "ours"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for one in looked["pipelines"].as_array().unwrap() {
        assert_eq!(one["diagnostics"].as_array().unwrap().len(), 0, "{one:#}");
    }
    let listed = stage.repo.orc(&["pipeline", "list", "--json"]).expect_code(0).json();
    let ours = listed["pipelines"].as_array().unwrap().iter().find(|one| one["name"] == "ours").unwrap().clone();
    assert_eq!((ours["layer"].as_str(), ours["phases"][1].as_str()), (Some("repository"), Some("change")));
}

#[test]
fn every_mistake_of_a_pipeline_is_told_at_once() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "");
    let text = "version: 1\nphases:\n  - id: one\n    template: analisis\n    capability: magic\n    expects: [{words: 3}]\n  - id: two\n    needs: [{exists: nowhere.md}]\n    when: [{step: {one: skipped}}, {step: {three: passed}}]\n";
    std::fs::write(environment.root().join("odd.yaml"), text).unwrap();
    let path = environment.root().join("odd.yaml");
    let told = stage.repo.orc(&["pipeline", "validate", path.to_str().unwrap(), "--json"]).expect_code(1).json();
    let mut codes: Vec<&str> =
        told["pipelines"][0]["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    let expect = ["incomplete-rule", "unfulfilled", "unknown-capability", "unknown-id", "unknown-template", "unreachable"];
    assert_eq!(codes, expect, "{told:#}");
    let human = stage.repo.orc(&["pipeline", "validate", path.to_str().unwrap()]).expect_code(1);
    assert!(human.stdout.contains("odd.yaml:4:15"), "{}", human.stdout);
    let shown = stage.repo.orc(&["pipeline", "show", "code"]).expect_code(0);
    assert!(shown.stdout.contains("implementation") && shown.stdout.contains("docs/plan.md"), "{}", shown.stdout);
    stage.repo.orc(&["pipeline", "show", "cde"]).expect_code(129);
}

#[test]
fn a_plan_is_made_from_a_request() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "");
    let create = |arguments: &[&str]| stage.repo.orc(&[&["create"], arguments].concat());
    let printed = create(&["code", "Add a REST api\nwith tests", "--print", "--scope", "src/**"]).expect_code(0).stdout;
    let plan: serde_json::Value = serde_yaml::from_str(&printed).unwrap();
    let one = &plan["workstreams"][0];
    let name = plan["name"].as_str().unwrap();
    assert!(name.starts_with("add-a-rest-api-with-tests-") && name.len() == "add-a-rest-api-with-tests-".len() + 6, "{name}");
    assert_eq!((one["title"].as_str(), one["prompt"].as_str()), (Some("Add a REST api"), Some("Add a REST api\nwith tests")));
    assert_eq!((one["pipeline"].as_str(), one["files_scope"][0].as_str()), (Some("code"), Some("src/**")));
    let plans = stage.repo.git_dir().join("orc/plans");
    assert!(!plans.exists(), "nothing is written to print a plan");
    let path = environment.root().join("made.yaml");
    create(&["docs", "Explain it", "--print", "--output", path.to_str().unwrap()]).expect_code(0);
    stage.repo.orc(&["validate", path.to_str().unwrap()]).expect_code(0);
    assert!(create(&["docs", "Explain it", "--print", "--output", path.to_str().unwrap()]).code() != 0, "no file is written over");
    let rehearsed = create(&["code", "Add it", "--tool", "writer", "--dry-run"]).expect_code(0);
    assert!(rehearsed.stdout.contains("add-it-"), "{}", rehearsed.stdout);
    assert_eq!(std::fs::read_dir(&plans).map_or(0, Iterator::count), 0, "a rehearsal leaves no plan");
    assert!(create(&["cod", "x"]).expect_code(129).stderr.contains("did you mean `code`?"));
    assert!(create(&["code", "  "]).expect_code(129).stderr.contains("the request is empty"));
}
