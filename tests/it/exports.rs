//! Views of a run as files: their schemas, the vocabulary of their events, and what becomes of files that are there.

use std::fs;
use std::path::Path;

use git_orc::domain::report::views::{Form, View};
use git_orc::domain::report::vocabulary::table;
use serde_json::Value;

use crate::harness::{TestEnvironment, TestRepo, run};

const PLAN: &str = r#"
version: 1
name: tour
gates: { wave: [["test", "-f", "README"]] }
workstreams:
  - id: api
    files_scope: ["api/**"]
    files_create: ["api/**"]
    tool: command
    command: ["sh", "-c", "mkdir -p api && echo hello > api/x.txt"]
    static: [["grep", "-q", "hello", "api/x.txt"]]
  - id: ui
    files_scope: ["ui/**"]
    files_create: ["ui/**"]
    tool: command
    command: ["sh", "-c", "mkdir -p ui && echo hello > ui/y.txt"]
    runtime: [["false"]]
    retry: {max_attempts: 1}
    circuit_breaker: {max_fix_iterations: {runtime: 0}}
    depends_on: [api]
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blessed(path: &Path, fresh: &str) {
    if std::env::var_os("GIT_ORC_BLESS").is_some() {
        fs::write(path, fresh).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == fresh, "{} is stale; run `GIT_ORC_BLESS=1 cargo test --test it exports`", path.display());
}

#[test]
fn the_schemas_of_views_are_those_of_the_types() {
    for view in View::ALL {
        let Some(schema) = view.schema() else { continue };
        jsonschema::meta::validate(&schema).unwrap();
        let fresh = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        blessed(&root().join("schema").join(format!("{}.schema.json", view.name())), &fresh);
    }
}

#[test]
fn the_documented_vocabulary_is_that_of_the_code() {
    let path = root().join("docs/events.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- vocabulary -->\n", "<!-- end of the vocabulary -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    blessed(&path, &format!("{before}{begin}\n{}\n{end}{after}", table()));
}

/// Runs the plan, of which the second workstream fails.
fn ran<'a>(environment: &'a TestEnvironment) -> TestRepo<'a> {
    let repo = environment.repo("project");
    repo.write("README", "read me\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "read me"]);
    repo.write("plan.yaml", PLAN);
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(1);
    repo
}

fn documents(repo: &TestRepo<'_>, view: View) -> Vec<Value> {
    let text = repo.read(&format!("out/{}", view.file()));
    match view.form() {
        Form::Document => vec![serde_json::from_str(&text).unwrap()],
        Form::Lines => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    }
}

#[test]
fn a_run_is_exported_in_every_view() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let written = repo.orc(&["export", "tour", "--to", "out"]).expect_code(0).stdout;
    assert_eq!(written.lines().count(), View::ALL.len(), "{written}");
    for view in View::ALL {
        let all = documents(&repo, view);
        assert!(!all.is_empty() || view == View::Resilience, "{view:?}");
        let Some(schema) = view.schema() else { continue };
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for document in all {
            let complaints: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert_eq!(complaints, [""; 0], "{view:?}: {document}");
        }
    }
    let one = |view| documents(&repo, view).remove(0);
    let results = one(View::ExecutionResults);
    let told: Vec<_> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["task_id"].as_str().unwrap(), one["status"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("api/edit#1", "COMPLETED"), ("api/static#1", "COMPLETED"), ("ui/edit#1", "COMPLETED"), ("ui/runtime#1", "FAILED")]);
    let patches = documents(&repo, View::PatchLedger);
    assert_eq!((&patches[0]["state"], &patches[0]["files_modified"]), (&"merged".into(), &serde_json::json!(["api/x.txt"])));
    let commit = patches[0]["commit"].as_str().unwrap();
    assert_eq!(repo.git(&["show", "--format=", "--name-only", commit]).trim(), "api/x.txt");
    let stream: Vec<String> = documents(&repo, View::Executor).iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        (stream[0].as_str(), stream[1].as_str(), stream.last().unwrap().as_str()),
        ("TASK_STARTED", "TASK_COMPLETED", "EXECUTION_FINISHED")
    );
    assert!(stream.iter().any(|event| event == "TASK_FAILED"), "{stream:?}");
    let left = one(View::TaskQueue)["tasks"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"], &left[0]["action"]), (1, &"ui".into(), &"review".into()));
    assert_eq!((&left[0]["dependencies"], &left[0]["open_dependencies"]), (&serde_json::json!(["api"]), &serde_json::json!([])));
    let gate = one(View::GateResults)["gates"][0].clone();
    assert_eq!((&gate["gate"], &gate["verdict"], &gate["decision"]["passed"]), (&"wave-1".into(), &"passed".into(), &true.into()));
    let handoff = one(View::HandoffLog)["handoffs"][0].clone();
    assert_eq!((&handoff["id"], &handoff["status"]), (&"api->ui".into(), &"failed".into()));
    assert_eq!(handoff["inputs"][1], "api/**");
    let state = one(View::WorkflowState);
    assert_eq!((&state["state"], &state["history"][0]["to"]), (&"BLOCKED".into(), &"PLANNING".into()));
    assert_eq!(repo.git(&["status", "--porcelain", "--", "README"]), "");
}

#[test]
fn exports_of_ours_are_replaced_and_what_others_wrote_stays() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    repo.orc(&["export", "--to", "out"]).expect_code(0);
    // The same again, over its own files.
    repo.orc(&["export", "--to", "out"]).expect_code(0);
    let original = "{\"tasks\": [{\"id\": \"T-1\"}]}\n";
    repo.write("out/task_queue.json", original);
    fs::remove_file(repo.path().join("out/cost.json")).unwrap();
    let refused = repo.orc(&["export", "--to", "out"]).expect_code(128).stderr;
    assert!(refused.contains("task_queue.json` is there already, and is no export of git-orc"), "{refused}");
    assert!(!repo.path().join("out/cost.json").exists() && repo.read("out/task_queue.json") == original);
    // A link leads nowhere out of the folder: with `--force` it is replaced, and what it leads to stays.
    repo.write("elsewhere", "mine\n");
    fs::remove_file(repo.path().join("out/task_queue.json")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", repo.path().join("out/task_queue.json")).unwrap();
    repo.orc(&["export", "--to", "out", "task_queue"]).expect_code(128);
    repo.orc(&["export", "--to", "out", "task_queue", "--force"]).expect_code(0);
    assert_eq!(repo.read("elsewhere"), "mine\n");
    assert!(repo.path().join("out/task_queue.json").symlink_metadata().unwrap().is_file());
}

#[test]
fn one_view_is_printed() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let printed = repo.orc(&["export", "workflow_state", "tour"]).expect_code(0).json();
    assert_eq!((&printed["schema_version"], &printed["state"]), (&1.into(), &"BLOCKED".into()));
    for wrong in [&["export"][..], &["export", "cost", "executor"], &["export", "tour", "other", "--to", "out"]] {
        run(repo.command("git-orc").args(wrong)).expect_code(129);
    }
}

#[test]
fn a_rollback_that_came_to_nothing_and_one_that_did_are_told_as_they_are() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("README", "read me\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "read me"]);
    let red = repo.path().join("red");
    let shell = |id: &str, more: &str| format!("  - {{id: {id}, files_create: [{id}], tool: command, command: [touch, {id}]{more}}}\n");
    let gate = format!("gates: {{ wave: [[\"test\", \"!\", \"-e\", {red:?}]] }}");
    let plan = format!("name: tour\n{gate}\nworkstreams:\n{}{}", shell("api", ""), shell("ui", ", depends_on: [api]"));
    repo.write("plan.yaml", plan);
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    let view = |name: &str| repo.orc(&["export", name]).expect_code(0).json();
    fs::write(&red, "").unwrap();
    repo.orc(&["rollback", "tour", "--reason", "no"]).expect_code(1);
    fs::remove_file(&red).unwrap();
    // The run is as over as it was, and the gate is told to be that of a rollback.
    assert_eq!(view("workflow_state")["state"], "IDLE");
    let gates = view("gate_results")["gates"].as_array().unwrap().clone();
    let told: Vec<_> = gates.iter().map(|gate| (gate["verdict"].as_str().unwrap(), gate["rollback"].is_u64())).collect();
    assert_eq!(told, [("passed", false), ("passed", false), ("failed", true)]);

    let elapsed = || repo.orc(&["status", "--json"]).expect_code(0).json()["elapsed_seconds"].as_f64().unwrap();
    let time = |kind: &str| repo.ledger().of_kind(kind)[0]["ts"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let took = time("run_completed").duration_since(time("run_planned")).as_secs_f64();
    assert_eq!(elapsed(), took);
    repo.orc(&["rollback", "tour/ui", "--reason", "no"]).expect_code(0);
    assert_eq!(elapsed(), took, "what is undone later does not make a run longer");
    assert_eq!(view("workflow_state")["state"], "ROLLBACK");
    let left = view("task_queue")["tasks"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["state"], &left[0]["action"]), (1, &"reverted".into(), &"review".into()));
    assert_eq!(view("handoff_log")["handoffs"][0]["status"], "reverted");
    assert_eq!(view("cost"), repo.orc(&["cost", "--json"]).expect_code(0).json());
    assert_eq!(view("cost")["reverted"], serde_json::json!(["ui"]));
    repo.orc(&["export", "--to", "out"]).expect_code(0);
    for view in View::ALL {
        let Some(schema) = view.schema() else { continue };
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        assert!(documents(&repo, view).iter().all(|document| validator.is_valid(document)), "{view:?}");
    }
}

#[test]
fn what_a_terminal_acts_on_is_escaped_in_files_as_well() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("README", "read me\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "read me"]);
    let title = "\u{202e}right\u{9b}2J\u{7f}";
    repo.write(
        "plan.json",
        serde_json::json!({"name": "tour", "workstreams": [
        {"id": "a", "title": title, "files_create": ["*"], "tool": "command", "command": ["touch", "b"], "runtime": [["false"]],
            "retry": {"max_attempts": 1}, "circuit_breaker": {"max_fix_iterations": {"runtime": 0}}}]})
        .to_string(),
    );
    repo.orc(&["run", "plan.json", "--progress=none"]).expect_code(1);
    repo.orc(&["export", "--to", "out"]).expect_code(0);
    for view in View::ALL {
        let text = repo.read(&format!("out/{}", view.file()));
        assert!(text.chars().all(|c| c == '\n' || !git_orc::domain::text::is_unsafe(c)), "{view:?} {text:?}");
        assert_eq!(text, repo.orc(&["export", view.name()]).expect_code(0).stdout, "{view:?}");
    }
    assert_eq!(documents(&repo, View::TaskQueue)[0]["tasks"][0]["params"]["title"], title);
}

#[test]
fn a_folder_in_the_place_of_a_file_stays_and_nothing_is_written() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    repo.write("out/workflow_state.json/mine", "mine\n");
    for force in [&[][..], &["--force"]] {
        repo.orc(&[&["export", "--to", "out"][..], force].concat()).expect_code(128);
        assert_eq!(fs::read_dir(repo.path().join("out")).unwrap().count(), 1);
    }
    let written = repo.orc(&["export", "--to", "other", "cost", "cost.json"]).expect_code(0).stdout;
    assert_eq!(written.lines().count(), 1, "{written}");
}

#[test]
fn a_patch_whose_commit_is_gone_is_told_from_the_ledger() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("README", "read me\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-q", "-m", "read me"]);
    repo.write("plan.yaml", "name: tour\nworkstreams: [{id: a, files_create: [good], tool: command, command: [touch, bad]}]\n");
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(3);
    let patch = repo.orc(&["show", "a", "--json"]).expect_code(0).json()["patches"][0]["id"].as_str().unwrap().to_owned();
    repo.orc(&["gc", "--drop", &patch, "--reason", "no"]).expect_code(0);
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "--quiet", "--prune=now"]);
    let shown = repo.orc(&["show", &patch]).expect_code(0).stdout;
    assert!(
        shown.contains("Its commit is no longer there.") && shown.contains("outside the scope") && !shown.contains("  git show "),
        "{shown}"
    );
    repo.orc(&["show", &patch, "--json"]).expect_code(0).json();
    let log = repo.orc(&["log", "-p"]).expect_code(0).stdout;
    assert!(log.contains("Its commit is no longer there.") && log.contains("run planned"), "{log}");
}
