//! Plans that are taken apart, and plans of the original systems that become ours.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{TestEnvironment, TestRepo};

const PLAN: &str = "\
version: 1
# a comment
workstreams:
  - id: big
    files_scope: [\"src/**\"]
    tool: command
    command: [sh, -c, \"for f in $(git ls-files src); do echo more >> $f; done\"]
    allow_empty: true
  - id: after
    files_create: [done]
    tool: command
    command: [touch, done]
    depends_on: [big]
";

/// Returns a repository with twelve files in two folders.
fn project<'a>(environment: &'a TestEnvironment) -> TestRepo<'a> {
    let repo = environment.repo("project");
    for number in 0..6 {
        repo.write(&format!("src/a/{number}.rs"), "one\n");
        repo.write(&format!("src/b/{number}.rs"), "one\n");
    }
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "files"]);
    repo.write("plan.yaml", PLAN);
    repo
}

#[test]
fn a_plan_is_taken_apart_and_runs() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let told = repo.orc(&["plan", "split", "plan.yaml", "--check"]).expect_code(1).stdout;
    assert!(told.contains("big: 12 files of at most 10"), "{told}");
    let printed = repo.orc(&["plan", "split", "plan.yaml"]).expect_code(0);
    assert!(
        printed.stdout.contains("id: big-1") && printed.stderr.contains("big is taken apart: big-1 (6 files), big-2 (6 files)"),
        "{printed:?}"
    );
    assert_eq!(repo.read("plan.yaml"), PLAN);
    repo.orc(&["plan", "split", "plan.yaml", "--output", "parts.yaml"]).expect_code(0);
    repo.orc(&["plan", "split", "plan.yaml", "--output", "parts.yaml"]).expect_code(128);
    repo.orc(&["plan", "split", "parts.yaml", "--check"]).expect_code(0);
    let shown = repo.orc(&["plan", "show", "parts.yaml", "--json"]).expect_code(0).json();
    assert_eq!(shown["waves"].as_array().unwrap().len(), 3, "{shown:#}");
    let again = repo.orc(&["plan", "split", "parts.yaml", "--write"]).expect_code(0).stdout;
    assert!(again.contains("Nothing is to be changed."), "{again}");
}

#[test]
fn rules_are_laid_over_each_other() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let parts = |extra: &[&str]| {
        let document = repo.orc(&[&["plan", "split", "plan.yaml", "--json"], extra].concat()).expect_code(0).json();
        document["split"]["taken"].as_array().unwrap().first().map_or(0, |one| one["parts"].as_array().unwrap().len())
    };
    assert_eq!(parts(&[]), 2);
    fs::create_dir_all(environment.root().join("config/git-orc")).unwrap();
    fs::write(environment.root().join("config/git-orc/decomposition_rules.yaml"), "workstream_limits: {max_files: 20}\n").unwrap();
    assert_eq!(parts(&[]), 0);
    repo.write(".git-orc/decomposition_rules.yaml", "workstream_limits: {max_files: 4}\n");
    assert_eq!(parts(&[]), 4);
    repo.write(
        "rules.yaml",
        "workstream_limits: {max_files: 3}\ndependency_inference: [{if_files_changed: [\"src/b/**\"], then_depends_on: [\"src/a/**\"]}]\n",
    );
    let document = repo.orc(&["plan", "split", "plan.yaml", "--rules", "rules.yaml", "--json"]).expect_code(0).json();
    assert!(!document["split"]["inferred"].as_array().unwrap().is_empty(), "{document:#}");
    repo.write("rules.yaml", "workstream_limit: {}\n");
    let refused = repo.orc(&["plan", "split", "plan.yaml", "--rules", "rules.yaml"]).expect_code(1).stderr;
    assert!(refused.contains("rules.yaml:1:1") && refused.contains("Did you mean `workstream_limits`?"), "{refused}");
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imports").join(name).display().to_string()
}

/// Returns the keys that have this fate.
fn keys(document: &Value, fate: &str) -> Vec<String> {
    let losses = document["losses"].as_array().unwrap().iter();
    losses.filter(|one| one["fate"] == fate).map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_original_format_becomes_a_plan_that_is_valid() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    for (name, format, lost) in [
        ("bundles", "bundles", &[][..]),
        ("steps.json", "json_plan", &["steps.FMT", "steps.GEN", "steps.SUM", "version"]),
        ("phases", "phase_plan", &["completion_gate.rules", "dag_and_dependencies.depends_on", "pre_flight_checks[0].success_pattern"]),
    ] {
        let document = repo.orc(&["plan", "import", &fixture(name), "--json", "--allow-shell"]).expect_code(0).json();
        assert_eq!(
            (&document["format"], &document["valid"], &document["refused"]),
            (&json!(format), &json!(true), &json!(false)),
            "{document:#}"
        );
        let mut found = keys(&document, "lost");
        found.sort();
        assert_eq!(found, lost, "{document:#}");
        let output = format!("{}.yaml", name.trim_end_matches(".json"));
        repo.orc(&["plan", "import", &fixture(name), "--output", &output, "--allow-shell"]).expect_code(0);
        repo.orc(&["validate", &output]).expect_code(0);
    }
    let document = repo.orc(&["plan", "import", &fixture("bundles"), "--json"]).expect_code(0).json();
    assert_eq!(keys(&document, "kept"), ["_comment_purpose", "circuit_breaker.cooldown_seconds", "saga", "priority_hint"]);
    let place = &document["losses"][0];
    assert_eq!((&place["line"], &place["column"]), (&json!(2), &json!(3)));
}

#[test]
fn what_needs_a_shell_is_not_written() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let refused = repo.orc(&["plan", "import", &fixture("steps.json"), "--output", "plan.yaml"]).expect_code(1).stderr;
    assert!(refused.contains("refused steps.SUM.command") && refused.contains("`--allow-shell`"), "{refused}");
    assert!(!repo.path().join("plan.yaml").exists());
    repo.write("broken.json", "{");
    repo.orc(&["plan", "import", "broken.json"]).expect_code(1);
}
