//! Tests of reading the original formats.

use serde_json::{Value as Json, json};

use super::super::losses::Fate;
use super::*;
use crate::domain::plan::input::{Known, PlanDefaults, PlanInput};
use crate::domain::plan::parse::parse_plan;

fn read(files: &[(&str, Json)], shell: Shell) -> Imported {
    let files: Vec<SourceFile> = files.iter().map(|(path, value)| SourceFile::new(*path, value.to_string())).collect();
    import(&files, shell).unwrap()
}

/// What was imported is a plan that can run.
fn assert_sound(imported: &Imported) {
    let text = imported.records.text(crate::domain::document::source::Format::Yaml).unwrap();
    let files = [SourceFile::new("plan.yaml", text.clone())];
    let defaults = PlanDefaults::default();
    let found = parse_plan(&PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() });
    assert!(found.is_ok(), "{found:#?}\n{text}");
}

fn fate(imported: &Imported, key: &str) -> Option<Fate> {
    imported.losses.iter().find(|one| one.key == key).map(|one| one.fate)
}

#[test]
fn annotated_bundles_keep_everything() {
    let bundle = json!({
        "_comment_1": "about it", "id": "ws-a", "files_scope": ["a"], "tool": "aider", "tasks": ["t"], "metadata": {"owner": "me"},
        "steps": [{"id": "one", "tasks": ["x"], "compensation": {"enabled": true, "action": "undo it"}, "color": "red"}],
        "execution": {"parallel": false, "max_workers": 3, "timeout_per_step": 60},
        "retry": {"enabled": true, "strategy": "exponential", "initial_delay": 1, "max_delay": 60, "jitter": true},
        "error_handling": {"on_failure": {"action": "escalate"}, "on_recovery": {}},
        "circuit_breaker": {"max_attempts": 3, "cooldown_seconds": 30},
        "saga": {"strategy": "orchestration"},
    });
    let found = read(&[("a.json", bundle)], Shell::Refuse);
    assert_sound(&found);
    assert_eq!((found.kind, found.is_refused), (Kind::Bundles, false));
    let record = &found.records.workstreams[0];
    assert_eq!(
        (&record["parallel_ok"], &record["timeout_sec"], &found.records.frame["max_workers"]),
        (&json!(false), &json!(60), &json!(3))
    );
    assert_eq!(record["compensation_actions"], json!(["undo it"]));
    assert_eq!(record["circuit_breaker"], json!({"on_exhausted": "pause", "max_attempts": 3}));
    assert_eq!(record["metadata"]["owner"], "me");
    for key in ["_comment_1", "saga", "circuit_breaker.cooldown_seconds", "steps[0].color", "error_handling.on_recovery"] {
        assert_eq!(fate(&found, key), Some(Fate::Kept), "{key}");
        assert!(!record["metadata"]["imported"][key].is_null(), "{key}");
    }
    assert_eq!(fate(&found, "execution.parallel"), Some(Fate::Mapped));
    assert!(found.losses.iter().all(|one| one.file == "a.json" && one.line == 1 && one.column > 1));
}

#[test]
fn steps_of_a_json_plan_become_workstreams() {
    let plan = json!({
        "plan_id": "Test Plan", "version": "1.0", "globals": {"max_concurrency": 2, "default_timeout_sec": 30, "env": {"A": "1"}},
        "steps": [
            {"id": "S1", "name": "first", "command": "python", "args": ["-c", "print(1); print(2)"], "retries": 2, "retry_delay_sec": 5},
            {"id": "S2", "name": "second", "command": "pytest -q", "depends_on": ["S1"], "on_failure": "abort", "env": {"B": 2}, "tags": ["x"]},
        ],
    });
    let found = read(&[("p.json", plan)], Shell::Refuse);
    assert_sound(&found);
    let [first, second] = found.records.workstreams.as_slice() else { panic!("{found:?}") };
    assert_eq!(first["command"], json!(["env", "A=1", "python", "-c", "print(1); print(2)"]));
    assert_eq!((&first["retry"]["max_attempts"], &first["timeout_sec"]), (&json!(3), &json!(30)));
    assert_eq!((&second["command"], &second["depends_on"]), (&json!(["env", "A=1", "B=2", "pytest", "-q"]), &json!(["s1"])));
    assert_eq!((&found.records.frame["name"], &found.records.frame["fail_fast"]), (&json!("test-plan"), &json!(true)));
    assert_eq!((fate(&found, "version"), fate(&found, "steps.S2.tags")), (Some(Fate::Lost), Some(Fate::Kept)));
}

#[test]
fn what_needs_a_shell_is_refused_or_told() {
    let check = |step: Json, expect: Json| {
        let plan = json!({"plan_id": "p", "version": "1", "globals": {}, "steps": [step]});
        assert!(read(&[("p.json", plan.clone())], Shell::Refuse).is_refused, "{plan}");
        let found = read(&[("p.json", plan)], Shell::Allow);
        assert_sound(&found);
        assert_eq!(found.records.workstreams[0]["command"], expect);
        assert!(found.losses.iter().any(|one| one.note.contains("a shell runs it")), "{found:?}");
    };
    check(json!({"id": "a", "command": "a && b"}), json!(["sh", "-c", "a && b"]));
    check(json!({"id": "a", "command": "echo", "args": ["x"], "shell": true}), json!(["sh", "-c", "echo x"]));
    let inside = json!(["sh", "-c", "cd -- \"$1\" && shift && exec \"$@\"", "sh", "sub", "make", "x"]);
    check(json!({"id": "a", "command": "make", "args": ["x"], "cwd": "sub"}), inside);
}

#[test]
fn phases_become_workstreams_that_wait_for_each_other() {
    let phase = |id: &str, on: &[&str]| {
        json!({
            "phase_identity": {"phase_id": id, "workstream_id": format!("WS-{id}"), "title": "T", "objective": "O", "estimate_hours": 2},
            "dag_and_dependencies": {"depends_on": on, "is_critical_path": true},
            "scope_and_modules": {"file_scope": {"modify": [format!("src/{id}/**")], "create": [format!("new/{id}")], "forbidden_paths": ["x"], "read_only": ["y"]},
                "worktree_strategy": {"mode": "per_workstream", "base_branch": "main"}},
            "environment_and_tools": {"ai_operators": {"primary": "Aider", "secondary": "codex"}},
            "execution_profile": {"max_runtime_minutes": 2, "retry_policy": {"max_attempts": 4}},
            "pre_flight_checks": [{"id": "p", "command": "git --version", "success_pattern": "git"}],
            "execution_plan": {"steps": [{"id": "s1", "operation_kind": "code_edit", "inputs": ["a"], "expected_outputs": ["b"], "requires_human_confirmation": true}]},
            "fix_loop_and_circuit_breakers": {"defaults": {"max_fix_attempts_per_step": 2}},
            "acceptance_tests": [{"id": "t", "command": "pytest -q", "must_pass": true}, {"id": "u", "command": "ruff check", "must_pass": false}],
            "completion_gate": {"rules": ["dependencies_done", "required_artifacts_present"]},
            "governance": {"anti_patterns_blocked": []},
        })
    };
    let found = read(&[("1.json", phase("PH-1", &[])), ("2.json", phase("PH-2", &["PH-1", "PH-9"]))], Shell::Refuse);
    assert_sound(&found);
    let [first, second] = found.records.workstreams.as_slice() else { panic!("{found:?}") };
    assert_eq!((&first["id"], &second["depends_on"], &first["tool"]), (&json!("ws-ph-1"), &json!(["ws-ph-1"]), &json!("aider")));
    assert_eq!(
        (&first["files_forbid"], &first["timeout_sec"], &first["setup"]),
        (&json!(["x", "y"]), &json!(120), &json!([["git", "--version"]]))
    );
    assert_eq!((&first["runtime"], &first["acceptance_tests"]), (&json!([["pytest", "-q"]]), &json!(["ruff check"])));
    assert_eq!(first["tasks"], json!(["O", "s1: code edit from a, so that there are b"]));
    assert_eq!(found.records.frame["base"], "main");
    assert_eq!(fate(&found, "dag_and_dependencies.depends_on"), Some(Fate::Lost));
    assert_eq!(fate(&found, "completion_gate.rules"), Some(Fate::Lost));
    assert_eq!(fate(&found, "governance"), Some(Fate::Kept));
}

/// Returns the keys that somebody must decide about, or that are kept, in their order.
fn told(imported: &Imported, fate: Fate) -> Vec<&str> {
    imported.losses.iter().filter(|one| one.fate == fate).map(|one| one.key.as_str()).collect()
}

#[test]
fn what_is_written_otherwise_than_expected_is_never_dropped_in_silence() {
    let refused = |file: Json| {
        let found = read(&[("p.json", file)], Shell::Allow);
        assert!(found.is_refused, "{found:?}");
        told(&found, Fate::Refused).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let step = |more: Json| {
        let mut step = json!({"id": "a", "command": "echo"}).as_object().unwrap().clone();
        step.extend(more.as_object().unwrap().clone());
        refused(json!({"plan_id": "p", "globals": {}, "steps": [step]}))
    };
    assert_eq!(step(json!({"args": ["-n", true]})), ["steps.a.args"]);
    assert_eq!(step(json!({"args": "all"})), ["steps.a.args"]);
    assert_eq!(step(json!({"depends_on": "b"})), ["steps.a.depends_on"]);
    assert_eq!(step(json!({"env": "A=1", "shell": "true", "cwd": 5})), ["steps.a.env", "steps.a.shell", "steps.a.cwd"]);
    assert_eq!(step(json!({"timeout_sec": 1.5, "retries": "3"})), ["steps.a.timeout_sec", "steps.a.retries"]);
    assert_eq!(refused(json!({"plan_id": "p", "globals": {"env": ["A=1"]}, "steps": {"a": {}}})), ["globals.env", "steps"]);
    assert_eq!(refused(json!([{"id": "a"}, "b"])), ["workstream"]);
    let phase = |section: &str, value: Json| {
        let mut phase = json!({"phase_identity": {"phase_id": "p"}}).as_object().unwrap().clone();
        phase.insert(section.to_owned(), value);
        refused(Json::Object(phase))
    };
    assert_eq!(phase("dag_and_dependencies", json!({"depends_on": "q"})), ["dag_and_dependencies.depends_on"]);
    assert_eq!(phase("scope_and_modules", json!({"file_scope": {"modify": "src/**"}})), ["scope_and_modules.file_scope.modify"]);
    assert_eq!(phase("execution_profile", json!("slow")), ["execution_profile"]);
    assert_eq!(phase("pre_flight_checks", json!([{"id": "x", "cmd": "make"}, "make"])), ["pre_flight_checks[0]", "pre_flight_checks[1]"]);
    assert_eq!(phase("acceptance_tests", json!({"command": "make"})), ["acceptance_tests"]);
}

#[test]
fn null_says_nothing_and_numbers_are_words() {
    let step = json!({"id": "a", "command": "head", "args": ["-n", 5], "depends_on": null, "env": null, "cwd": null, "retries": null});
    let found = read(&[("p.json", json!({"plan_id": "p", "steps": [step]}))], Shell::Refuse);
    assert_sound(&found);
    assert_eq!((found.is_refused, &found.records.workstreams[0]["command"]), (false, &json!(["head", "-n", "5"])));
}

#[test]
fn what_a_bundle_says_otherwise_is_kept_or_left_to_the_reader() {
    let bundle =
        json!({"id": "w", "files_scope": ["a"], "tool": "aider", "execution": "parallel", "error_handling": ["x"], "steps": {"one": {}}});
    let found = read(&[("a.json", bundle)], Shell::Refuse);
    assert_eq!(told(&found, Fate::Kept), ["execution", "error_handling"]);
    assert_eq!(found.records.workstreams[0]["steps"], json!({"one": {}}));
}

#[test]
fn variables_and_lines_need_a_shell() {
    let check = |line: &str, is_refused: bool| {
        let plan = json!({"plan_id": "p", "steps": [{"id": "a", "command": line}]});
        assert_eq!(read(&[("p.json", plan)], Shell::Refuse).is_refused, is_refused, "{line}");
    };
    check("echo $HOME", true);
    check("CI=1 make", true);
    check("make\ntest", true);
    check("make CI=1 --price 5$", false);
}

#[test]
fn one_base_of_several_is_that_of_the_first_phase() {
    let phase = |id: &str, base: &str| {
        let strategy = json!({"worktree_strategy": {"base_branch": base}});
        json!({"phase_identity": {"phase_id": id}, "scope_and_modules": strategy})
    };
    let found = read(&[("1.json", phase("p", "main")), ("2.json", phase("q", "next"))], Shell::Refuse);
    let fates: Vec<_> =
        found.losses.iter().filter(|one| one.key.ends_with("base_branch")).map(|one| (one.file.as_str(), one.fate)).collect();
    assert_eq!((fates, &found.records.frame["base"]), (vec![("1.json", Fate::Mapped), ("2.json", Fate::Lost)], &json!("main")));
}
