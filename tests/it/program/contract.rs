//! What scripts and other programs rely on: the plan format, the document of `--json`, the ledger as lines of JSON, notes, subjects, exit codes.

use serde_json::Value;

use super::{assert_sound, plan, project};
use crate::harness::TestEnvironment;

/// The plan that users are shown, with a second and a third workstream.
const TOUR: &str = r#"
version: 1
name: tour
base: HEAD                 # commit-ish; pinned at start
target: orc/tour           # integration branch refs/heads/orc/tour
max_workers: 2
gates: { wave: [["test", "-f", "README"]] }
workstreams:
  - id: ws-a
    files_scope: ["a/**"]  # globs this workstream may write
    tool: command
    command: ["sh", "-c", "echo hello >> a/x.txt"]
    static: [["grep", "-q", "hello", "a/x.txt"]]
    runtime: ["test -s a/x.txt"]
    depends_on: []
  - id: ws-b
    files_scope: ["b/**"]
    tool: command
    command: ["sh", "-c", "echo hello >> b/x.txt"]
  - id: ws-c
    files_scope: ["c/**"]
    tool: command
    command: ["sh", "-c", "tail -n 1 a/x.txt > c/y.txt"]
    depends_on: [ws-a, ws-b]
"#;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text in {value}"))
}

#[test]
fn the_document_of_a_run_says_what_git_says() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let base = repo.git(&["rev-parse", "HEAD"]);
    let plan = plan(&environment, "tour.yaml", TOUR);
    let outcome = repo.orc(&["run", &plan, "--json"]).expect_code(0);
    let document = outcome.json();
    assert_eq!(document["schema_version"], 1);
    for (key, expect) in [("state", "completed"), ("target", "orc/tour"), ("base", &*base), ("tip", &*repo.git(&["rev-parse", "orc/tour"]))]
    {
        assert_eq!(text(&document, key), expect, "{key}");
    }
    assert_eq!(text(&document, "run").len(), 26);
    assert_eq!(document["waves"], serde_json::json!([["ws-a", "ws-b"], ["ws-c"]]));
    assert!(document["elapsed_seconds"].as_f64().unwrap() > 0.0);
    let workstreams = document["workstreams"].as_array().unwrap();
    assert_eq!(workstreams.iter().map(|w| text(w, "id")).collect::<Vec<_>>(), ["ws-a", "ws-b", "ws-c"]);
    for (workstream, (wave, attempts)) in workstreams.iter().zip([(1, 3), (1, 1), (2, 1)]) {
        assert_eq!(
            (text(workstream, "state"), workstream["wave"].as_u64(), workstream["attempts"].as_u64()),
            ("merged", Some(wave), Some(attempts))
        );
        let patches = workstream["patches"].as_array().unwrap();
        assert_eq!(patches.len(), 1, "{workstream}");
        assert_eq!((text(&patches[0], "id").len(), text(&patches[0], "state")), (26, "merged"));
        let (commit, id) = (text(&patches[0], "commit"), text(workstream, "id"));
        repo.git(&["merge-base", "--is-ancestor", commit, "orc/tour"]);
        let body = repo.git(&["show", "--no-patch", "--format=%(trailers)", commit]);
        for trailer in [
            format!("Orc-Run: {}", text(&document, "run")),
            format!("Orc-Workstream: {id}"),
            format!("Orc-Patch: {}", text(&patches[0], "id")),
        ] {
            assert!(body.contains(&trailer), "no `{trailer}` in {body}");
        }
        let subjects = repo.git(&["log", "--merges", "--first-parent", "--format=%s", "orc/tour"]);
        assert_eq!(subjects.lines().filter(|line| line.contains(id)).count(), 1, "{subjects}");
        let note = repo.git(&["log", "-1", "--no-patch", "--notes=orc", "--format=%N", commit]);
        assert!(note.contains(id), "no note of {id} on its patch: {note:?}");
    }
    let merges = repo.git(&["log", "--merges", "--first-parent", "--notes=orc", "--format=%H %N", "orc/tour"]);
    assert!(merges.matches("ws-").count() >= 3, "the merges have notes: {merges}");
    repo.assert_untouched(&before);
    assert_sound(&environment, &repo);
}

#[test]
fn the_ledger_is_exported_by_one_line_of_plain_git() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", TOUR);
    let run = text(&repo.orc(&["run", &plan, "--json"]).expect_code(0).json(), "run").to_owned();
    let export = repo.git(&["log", "--reverse", "--format=%(trailers:key=Orc-Entry,valueonly)", "refs/orc/ledger"]);
    let lines: Vec<&str> = export.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len().to_string(), repo.git(&["rev-list", "--count", "refs/orc/ledger"]), "one entry is one commit is one line");
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!((entry["v"].as_u64(), text(&entry, "run"), text(&entry, "ulid").len()), (Some(1), &*run, 26));
        text(&entry, "ts").parse::<jiff::Timestamp>().unwrap();
        let kind = text(&entry, "kind");
        seen.insert(kind.to_owned());
        let expect: &[&str] = match kind.split('_').next().unwrap() {
            "patch" => &["workstream", "step", "attempt", "patch", "commit", "tool"],
            "step" => &["workstream", "step", "attempt"],
            "workstream" => &["workstream"],
            _ => &[],
        };
        for key in expect {
            assert!(!entry[*key].is_null(), "no `{key}` in {line}");
        }
    }
    for kind in [
        "run_planned",
        "run_started",
        "patch_created",
        "patch_validated",
        "patch_applied",
        "patch_verified",
        "patch_merged",
        "run_completed",
    ] {
        assert!(seen.contains(kind), "no {kind} among {seen:?}");
    }
    // Filtering by plain git: by workstream, by tool.
    let of_b = repo.git(&["log", "--grep=Orc-Workstream: ws-b", "--format=%s", "refs/orc/ledger"]);
    assert!(of_b.lines().count() > 3 && of_b.lines().all(|line| line.contains("ws-b")), "{of_b}");
    assert!(!repo.git(&["log", "--author=command", "--format=%s", "refs/orc/ledger"]).is_empty());
    repo.git(&["cat-file", "-e", &format!("refs/orc/ledger:runs/{}/plan.yaml", run.to_lowercase())]);
    // The readers of the program agree with it.
    let status = repo.orc(&["status", "--json"]).expect_code(0).json();
    assert_eq!((text(&status, "run"), text(&status, "state")), (&*run, "completed"));
    for command in [
        &["log"][..],
        &["log", "ws-b"],
        &["log", "--json"],
        &["log", "-p"],
        &["show", "ws-a"],
        &["show", &run],
        &["list"],
        &["status", "--porcelain=v1", "-z"],
    ] {
        let outcome = repo.orc(command).expect_code(0);
        assert!(!outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{command:?}: {outcome:#?}");
    }
}

#[test]
fn a_ledger_is_resumed_in_another_clone() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let text = TOUR.replace("echo hello >> b/x.txt", "test -e $HOME/ready && echo hello >> b/x.txt");
    let text = text
        .replace("target: orc/tour ", "target: orc/tour\ndefaults: {circuit_breaker: {on_exhausted: pause}, retry: {max_attempts: 1}}\n#");
    let plan = plan(&environment, "tour.yaml", &text);
    let first = repo.orc(&["run", &plan, "--json"]).expect_code(3).json();
    assert_eq!(first["state"], "paused");
    environment.run("git", &["clone", "--quiet", "project", "clone"]).expect_code(0);
    let clone = environment.open("clone");
    clone.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    std::fs::write(environment.home().join("ready"), "").unwrap();
    let before = clone.fingerprint("orc/tour");
    let document = clone.orc(&["resume", "--json", "--trust"]).expect_code(0).json();
    assert_eq!((&document["state"], &document["run"]), (&Value::from("completed"), &first["run"]));
    assert_eq!(clone.git(&["show", "orc/tour:c/y.txt"]), "hello");
    clone.assert_untouched(&before);
    clone.assert_sound();
    clone.ledger().assert_sound();
    assert_eq!(clone.worktrees().len(), 1);
}

#[test]
fn exit_codes_say_how_it_went() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let with = |line: &str, more: &str| {
        format!(
            "version: 1\nname: {{}}\nworkstreams:\n  - id: a\n    files_scope: [a/**]\n    tool: command\n    command: [sh, -c, {line:?}]\n    retry: {{max_attempts: 1}}\n{more}"
        )
    };
    for (name, text, code, state) in [
        ("good", with("echo x >a/x.txt", ""), 0, "completed"),
        ("fails", with("exit 1", ""), 1, "failed"),
        ("waits", with("exit 1", "    circuit_breaker: {on_exhausted: pause}\n"), 3, "paused"),
    ] {
        let plan = plan(&environment, &format!("{name}.yaml"), &text.replace("{}", name));
        let document = repo.orc(&["run", &plan, "--json"]).expect_code(code).json();
        assert_eq!(document["state"], state);
    }
    let broken = plan(&environment, "broken.yaml", "version: 1\nworkstreams: [{id: a, files_scop: [a]}]\n");
    let outcome = repo.orc(&["run", &broken]).expect_code(1);
    assert!(outcome.stderr.contains("broken.yaml:2:") && outcome.stderr.contains("files_scope"), "{}", outcome.stderr);
    repo.orc(&["run"]).expect_code(129);
    repo.orc(&["run", "--no-such-option", &broken]).expect_code(129);
    repo.orc(&["run", "no-such-plan.yaml"]).expect_code(128);
    repo.orc(&["resume", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]).expect_code(128);
    let nowhere = environment.run("git-orc", &["run", &broken]);
    assert_eq!(nowhere.code(), 128, "{nowhere:#?}");
    assert_sound(&environment, &repo);
}
