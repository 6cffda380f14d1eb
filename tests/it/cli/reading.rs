//! The reading verbs on a ledger that a real run has written.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{TestEnvironment, TestRepo, run};

/// One workstream is merged, one fails a check, one leaves its scope, one waits for the one that failed. What tools leave behind tries to
/// move the cursor.
const PLAN: &str = r#"
version: 1
name: tour
workstreams:
  - id: good
    files_scope: ["good/**"]
    tool: command
    command: [sh, -c, "mkdir good && printf 'one\n\\033[2Jtwo\n' > good/x.txt"]
  - id: broken
    files_scope: ["broken.txt"]
    tool: command
    command: [sh, -c, "echo x > broken.txt"]
    retry: {max_attempts: 1}
    circuit_breaker: {max_fix_iterations: {static: 0}}
    static: [[sh, -c, "printf 'src/x.rs:3:1: error: \\033[31mnope\n'; exit 1"]]
  - id: stray
    files_scope: ["stray.txt"]
    tool: command
    command: [sh, -c, "echo x > elsewhere.txt"]
    retry: {max_attempts: 1}
  - id: later
    depends_on: [broken]
    files_scope: ["later.txt"]
    tool: command
    command: [sh, -c, "echo x > later.txt"]
"#;

fn ran(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    repo.commit("a plan");
    let outcome = repo.orc(&["run", "--trust", "plan.yaml", "--progress=none"]);
    assert!(matches!(outcome.code(), 1 | 3), "{outcome:#?}");
    repo
}

fn text(repo: &TestRepo<'_>, arguments: &[&str]) -> String {
    let outcome = repo.orc(arguments).expect_code(0);
    assert!(outcome.stderr.is_empty(), "{arguments:?}: {}", outcome.stderr);
    assert!(!outcome.stdout.contains('\u{1b}'), "{arguments:?} lets an escape through:\n{}", outcome.stdout);
    outcome.stdout
}

fn json(repo: &TestRepo<'_>, arguments: &[&str]) -> Value {
    let value = repo.orc(arguments).expect_code(0).json();
    assert_eq!(value["schema_version"], 1, "{arguments:?}");
    value
}

#[test]
fn every_form_of_the_status_says_the_same() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let document = json(&repo, &["status", "--json"]);
    let states: Vec<(String, String)> = document["workstreams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["state"].as_str().unwrap().to_owned(), one["id"].as_str().unwrap().to_owned()))
        .collect();
    let expect = [("merged", "good"), ("failed", "broken"), ("quarantined", "stray"), ("blocked", "later")];
    assert_eq!(states, expect.map(|(state, id)| (state.to_owned(), id.to_owned())));
    let lines = text(&repo, &["status", "--porcelain=v1"]);
    let of_lines: Vec<(String, String)> =
        lines.lines().map(|line| line.split(' ').collect::<Vec<_>>()).map(|fields| (fields[0].to_owned(), fields[1].to_owned())).collect();
    assert_eq!(of_lines, states);
    assert_eq!(text(&repo, &["status", "--porcelain=v1", "-z"]).replace('\0', "\n"), lines);
    let human = text(&repo, &["status"]);
    for (state, id) in &states {
        assert!(human.lines().any(|line| line.starts_with(id.as_str()) && line.contains(state.as_str())), "{id} {state} in\n{human}");
    }
    assert_eq!(document["tip"].as_str().unwrap(), repo.git(&["rev-parse", "orc/tour"]));
    let run = document["run"].as_str().unwrap();
    for name in ["tour", run, &run[..12], &run.to_ascii_lowercase()] {
        assert_eq!(json(&repo, &["status", "--json", name])["run"], run, "{name}");
    }
    assert_eq!(json(&repo, &["list", "--json"])["runs"][0]["run"], run);
    assert!(text(&repo, &["list"]).contains(run));
}

#[test]
fn the_log_is_the_ledger() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let told = repo.git(&["log", "--format=%(trailers:key=Orc-Entry,valueonly,separator=)", "refs/orc/ledger"]);
    let told: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let logged = text(&repo, &["log", "--json"]);
    assert_eq!(logged.lines().collect::<Vec<_>>(), told);
    assert_eq!(text(&repo, &["log"]).lines().count(), told.len());
    assert_eq!(text(&repo, &["log", "-n", "3"]).lines().count(), 3);
    assert_eq!(text(&repo, &["log", "-n", "0"]), "");
    let of_stray = text(&repo, &["log", "tour/stray"]);
    assert_eq!(of_stray, text(&repo, &["log", "stray"]));
    assert!(of_stray.contains("patch quarantined") && !of_stray.contains("good"), "{of_stray}");
    let with_patch = text(&repo, &["log", "good", "-p"]);
    assert!(with_patch.contains("\n+one\n+\\u{1b}[2Jtwo\n"), "{with_patch}");
}

#[test]
fn everything_can_be_shown() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let stray = json(&repo, &["show", "stray", "--json"]);
    assert_eq!((stray["kind"].as_str(), stray["state"].as_str()), (Some("workstream"), Some("quarantined")));
    let (patch, commit) = (stray["patches"][0]["id"].as_str().unwrap(), stray["patches"][0]["commit"].as_str().unwrap());
    for name in [patch, &patch.to_ascii_lowercase(), commit, &commit[..10]] {
        let shown = json(&repo, &["show", name, "--json"]);
        assert_eq!((shown["kind"].as_str(), shown["id"].as_str()), (Some("patch"), Some(patch)), "{name}");
        assert_eq!(shown["history"].as_array().unwrap().last().unwrap()["state"], "quarantined");
    }
    let human = text(&repo, &["show", patch]);
    assert!(human.contains("elsewhere.txt | 1 +") && human.contains("outside the scope"), "{human}");
    let broken = text(&repo, &["show", "broken"]);
    assert!(broken.contains("src/x.rs:3:1: error: nope"), "{broken}");
    let output = broken.lines().find_map(|line| line.split_once("output of static #1: ")).unwrap().1;
    assert!(std::fs::read_to_string(output).unwrap().contains("nope"));
    assert_eq!(text(&repo, &["show"]), text(&repo, &["status"]));
    let drawn = text(&repo, &["graph", "--run", "tour"]);
    assert!(drawn.lines().any(|line| line.contains("✗") && line.contains("broken")), "{drawn}");
}

#[test]
fn what_does_not_exist_is_said_with_what_may_be_meant() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let check = |arguments: &[&str], code: i32, expect: &str| {
        let outcome = repo.orc(arguments).expect_code(code);
        assert!(outcome.stdout.is_empty() && outcome.stderr.starts_with("error: "), "{arguments:?}: {outcome:#?}");
        assert!(outcome.stderr.contains(expect), "{arguments:?}: {}", outcome.stderr);
    };
    check(&["status", "toor"], 128, "hint: Did you mean `tour`?");
    check(&["show", "gode"], 128, "there is no run, workstream or patch `gode`");
    check(&["show", "tour/gode"], 128, "there is no workstream `gode`");
    check(&["resume", "tour"], 128, "which is final");
    check(&["nonsense"], 129, "unrecognized subcommand");
    check(&["-C", "nowhere", "list"], 128, "change to `nowhere`");
    let empty = environment.repo("empty");
    let outcome = empty.orc(&["status"]).expect_code(128);
    assert!(outcome.stderr.contains("there is no run in this repository\nhint: "), "{}", outcome.stderr);
    assert_eq!(empty.orc(&["list"]).expect_code(0).stdout, "");
    let nowhere = environment.run("git-orc", &["list"]).expect_code(128);
    assert!(nowhere.stderr.contains("is not inside a git repository\nhint: "), "{}", nowhere.stderr);
}

#[test]
fn nobody_who_reads_is_no_error() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let many: String = (0..3000).map(|n| format!("  - {{id: w{n}, files_scope: [f{n}], tool: command, command: [\"true\"]}}\n")).collect();
    repo.write("plan.yaml", format!("name: many\nworkstreams:\n{many}"));
    let mut command = repo.command("git-orc");
    let mut child = command.args(["plan", "show", "--json", "plan.yaml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(141), ""));
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let environment = TestEnvironment::new();
    let repo = ran(&environment);
    let coloured = |arguments: &[&str]| repo.orc(arguments).expect_code(0).stdout.contains("\u{1b}[");
    assert!(!coloured(&["status"]));
    assert!(coloured(&["status", "--color", "always"]));
    repo.git(&["config", "color.ui", "always"]);
    assert!(coloured(&["status"]));
    assert!(!coloured(&["status", "--color=never"]));
    let outcome = run(repo.command("git-orc").arg("status").env("NO_COLOR", "1"));
    assert!(!outcome.stdout.contains('\u{1b}'));
}

#[test]
fn a_dry_run_touches_nothing() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    repo.commit("a plan");
    let before = repo.git(&["for-each-ref"]);
    let human = repo.orc(&["run", "--dry-run", "plan.yaml"]).expect_code(0);
    assert!(human.stdout.contains("broken\n    edit     command: sh -c 'echo x > broken.txt'\n"), "{}", human.stdout);
    let document = json(&repo, &["run", "--dry-run", "plan.yaml", "--json"]);
    assert_eq!((document["dry_run"].as_bool(), document["waves"].as_array().map(Vec::len)), (Some(true), Some(2)));
    let by_environment = run(repo.command("git-orc").args(["run", "plan.yaml"]).env("PIPELINE_DRY_RUN", "1"));
    assert_eq!(by_environment.stdout, human.stdout);
    assert_eq!(repo.git(&["for-each-ref"]), before);
    assert!(!repo.git_dir().join("orc").exists());
}

#[test]
fn plans_with_mistakes_are_told_in_full() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("bad.yaml", "name: bad\nworkstreams:\n  - id: a\n    files_scop: [x]\n  - id: a\n    depends_on: [zz]\n");
    let outcome = repo.orc(&["validate", "bad.yaml"]).expect_code(1);
    for expect in ["unknown-key", "duplicate-id", "unknown-id", "bad.yaml:4:5", "invalid bad.yaml: "] {
        assert!(outcome.stdout.contains(expect), "{expect} in\n{}", outcome.stdout);
    }
    let document = repo.orc(&["validate", "--json", "bad.yaml"]).expect_code(1).json();
    assert_eq!((document["valid"].as_bool(), document["plans"][0]["path"].as_str()), (Some(false), Some("bad.yaml")));
    let run = repo.orc(&["run", "bad.yaml"]).expect_code(1);
    assert!(run.stdout.is_empty() && run.stderr.contains("duplicate-id"), "{run:#?}");
    assert!(repo.orc(&["plan", "show", "bad.yaml"]).expect_code(1).stderr.contains("unknown-key"));
}

#[test]
fn a_run_whose_driver_died_is_interrupted() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let step = "{id: slow, files_scope: [x], tool: command, command: [sh, -c, \"echo x > x; exec sleep 5\"]}";
    repo.write("plan.yaml", format!("name: tour\nworkstreams:\n  - {step}\n"));
    let running = repo.start_orc(&["run", "--trust", "plan.yaml", "--progress=none"]);
    let status = loop {
        let outcome = repo.orc(&["status", "--json"]);
        if outcome.status.success() && outcome.json()["workstreams"][0]["state"] == "in_progress" {
            break outcome.json();
        }
    };
    assert_eq!((status["interrupted"].as_bool(), status["driver"].as_u64()), (Some(false), Some(u64::from(running.pid()))));
    let busy = repo.orc(&["resume", "tour"]).expect_code(4);
    assert!(busy.stderr.contains(&format!("is locked by process {}", running.pid())), "{}", busy.stderr);
    running.kill();
    let status = json(&repo, &["status", "--json"]);
    assert_eq!((status["state"].as_str(), status["interrupted"].as_bool()), (Some("running"), Some(true)));
    let human = text(&repo, &["status"]);
    assert!(human.contains("\ninterrupted: ") && human.contains("\n  git orc resume "), "{human}");
    assert!(text(&repo, &["list"]).contains("  interrupted  "));
}

#[test]
fn fixers_are_told_of_before_and_after_they_worked() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let workstream = "  - id: one\n    files_scope: [one.txt]\n    tool: command\n    command: [sh, -c, 'echo bad >one.txt']\n    static: [[grep, -q, good, one.txt]]\n    fixers: [[sed, -i, s/bad/good/, one.txt]]\n";
    repo.write("plan.yaml", format!("version: 1\nname: tour\nworkstreams:\n{workstream}"));
    repo.commit("a plan");
    let before = repo.orc(&["run", "--dry-run", "plan.yaml"]).expect_code(0).stdout;
    assert!(before.contains("\n    fixers   sed -i s/bad/good/ one.txt\n"), "{before}");
    let document = json(&repo, &["run", "--dry-run", "plan.yaml", "--json"]);
    assert_eq!(document["steps"][0]["fixers"][0][0], "sed");
    repo.orc(&["run", "--trust", "plan.yaml", "--progress=none"]).expect_code(0);
    let shown = text(&repo, &["show", "one"]);
    assert!(shown.lines().any(|line| line.contains("fix #1 of static") && line.contains("fixers")), "{shown}");
    let log = text(&repo, &["log"]);
    assert!(log.lines().any(|line| line.contains("patch merged") && line.contains("fixers")), "{log}");
    repo.orc(&["verify"]).expect_code(0);
}
