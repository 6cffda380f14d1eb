//! Budgets as settings, costs as the ledger tells them, and views of a run as files.

use std::fs;

use git_orc::domain::ledger::codec;
use git_orc::domain::ledger::entry::{Body, Entry};
use git_orc::domain::run::event::Event;
use git_orc::domain::tool::usage::{Tokens, Usage};
use serde_json::Value;

use crate::harness::{TestEnvironment, TestRepo, run};

const PLAN: &str = "\
version: 1
name: tour
budget: {run: {usd: 4, tokens: 1000}}
workstreams:
- {id: a, files_scope: [a.txt], files_create: [a.txt], tool: command, command: [touch, a.txt], budget: {attempt: {minutes: 2}, workstream: {usd: 1}}}
";

/// Returns the settings about budgets as `key=value layer`.
fn budgets(document: &Value) -> Vec<String> {
    let rows = document["settings"].as_array().unwrap().iter();
    let text = |row: &Value, part: &str| row[part].as_str().unwrap().to_owned();
    let told = rows.filter(|row| row["key"].as_str().unwrap().starts_with("budget."));
    told.map(|row| format!("{}={} {}", &text(row, "key")[7..], text(row, "value"), text(row, "layer"))).collect()
}

#[test]
fn a_person_sets_budgets_and_a_repository_lowers_them() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    fs::create_dir_all(environment.root().join("config/git-orc")).unwrap();
    let config = "budget: {run: {usd: 9, minutes: 60}, day: {usd: 20}, attempt: {tokens: 5000}}\n";
    fs::write(environment.root().join("config/git-orc/config.yaml"), config).unwrap();
    repo.git(&["config", "--add", "orc.budget", "day.usd=25"]);
    repo.git(&["config", "--add", "orc.budget", "attempt.tokens=none"]);
    repo.write("PROJECT_PROFILE.yaml", "settings: {budget: {run: {usd: 100}, day: {usd: 22}, workstream: {minutes: 5}, warn_at: 60}}\n");
    let shown = run(repo.command("git-orc").args(["config", "--json"]).env("ORC_BUDGET_RUN_MINUTES", "2h")).expect_code(0).json();
    assert_eq!(
        budgets(&shown),
        [
            "attempt.tokens=none git config",
            "workstream.minutes=5 repository",
            "run.usd=9 user",
            "run.minutes=120 environment",
            "day.usd=22 repository",
            "warn_at=60 repository",
        ]
    );
    let refused = run(repo.command("git-orc").args(["config"]).env("ORC_BUDGET_RUN_USD", "lots")).expect_code(128).stderr;
    assert!(refused.contains("ORC_BUDGET_RUN_USD: `lots` is no amount of US dollars"), "{refused}");
    repo.write("plan.yaml", PLAN);
    let refused = repo.orc(&["run", "plan.yaml", "--budget", "week.usd=1"]).expect_code(129).stderr;
    assert!(refused.contains("there is no budget for `week`"), "{refused}");
}

#[test]
fn what_the_command_line_sets_the_plan_no_longer_bounds() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    repo.orc(&["run", "plan.yaml", "--progress=none", "--budget", "run.usd=7", "--budget", "workstream.usd=3"]).expect_code(0);
    let id = repo.orc(&["list", "--json"]).json()["runs"][0]["run"].as_str().unwrap().to_lowercase();
    let frozen: Value = serde_json::from_str(&repo.git(&["show", &format!("refs/orc/ledger:runs/{id}/config.json")])).unwrap();
    let lifted = &frozen["overrides"]["budgets"];
    assert_eq!(lifted, &serde_json::json!([{"scope": "run", "measure": "usd"}, {"scope": "workstream", "measure": "usd"}]));
}

/// Appends an entry of plain git to the ledger, as another clone would.
fn append(repo: &TestRepo<'_>, entry: &Entry) {
    repo.write("message", codec::to_message(entry).unwrap());
    let commit = repo.git(&["commit-tree", "refs/orc/ledger^{tree}", "-p", "refs/orc/ledger", "-F", "message"]);
    repo.git(&["update-ref", "refs/orc/ledger", commit.trim()]);
}

#[test]
fn costs_are_added_up_and_exported() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let none = repo.orc(&["cost"]).expect_code(128).stderr;
    assert!(none.contains("there is no run"), "{none}");
    assert!(repo.orc(&["cost", "--all"]).expect_code(0).stdout.contains("no attempt of a tool has ended"));
    repo.write("plan.yaml", PLAN);
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    let told = repo.orc(&["cost"]).expect_code(0).stdout;
    assert!(told.contains("? 1 attempt told no usage"), "{told}");
    assert!(repo.orc(&["status", "--json"]).expect_code(0).json()["cost"].is_null());

    let ledger = repo.git(&["log", "--format=%(trailers:key=Orc-Entry,valueonly,separator=)", "refs/orc/ledger"]);
    let mut entry = codec::from_json(ledger.lines().find(|line| line.contains("\"step_finished\"")).unwrap()).unwrap();
    let Body::Known(event) = &mut entry.body else { panic!("{entry:?}") };
    let Event::StepFinished(ended) = event.as_mut() else { panic!("{event:?}") };
    ended.attempt = 2;
    let tokens = Tokens { input: 1_000_000, ..Tokens::default() };
    ended.usage = Some(Usage { tokens, model: Some("openai/gpt-5.1-codex".to_owned()), ..Usage::default() });
    append(&repo, &entry);
    let document = repo.orc(&["cost", "tour", "--by", "model", "--json"]).expect_code(0).json();
    assert_eq!((document["total"]["attempts"].as_u64(), document["total"]["listed_micro_usd"].as_u64()), (Some(2), Some(1_250_000)));
    assert_eq!(document["rows"][0]["name"], "openai/gpt-5.1-codex");
    assert!(repo.orc(&["cost", "--all", "--by", "tool"]).expect_code(0).stdout.contains("~$1.25+"));
    assert!(repo.orc(&["cost", "--since", "2999-01-01"]).expect_code(0).stdout.contains("no attempt"));

    // The price of the user wins.
    fs::create_dir_all(environment.root().join("config/git-orc")).unwrap();
    let prices = "prices: {gpt-5.1-codex: {input: 2, output: 3}}\n";
    fs::write(environment.root().join("config/git-orc/config.yaml"), prices).unwrap();
    assert_eq!(repo.orc(&["cost", "--json"]).expect_code(0).json()["total"]["micro_usd"], 2_000_000);
    let shown = repo.orc(&["cost", "--prices", "openai/gpt-5.1-codex", "gpt-99"]).expect_code(0).stdout;
    assert!(shown.contains("$2.00") && shown.contains("your own `gpt-5.1-codex`") && shown.contains("not known"), "{shown}");

    // The entry above is none that a run would write: what needs no state can be had all the same.
    let written = repo.orc(&["export", "--to", "out", "routing_decisions", "execution", "cost"]).expect_code(0).stdout;
    assert_eq!(written.lines().count(), 3, "{written}");
    let lines: Vec<Value> = repo.read("out/execution.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), ledger.lines().filter(|line| !line.is_empty()).count() + 1);
    assert!(lines.iter().any(|line| line["task_id"] == "a/edit#1" && line["status"] == "step_finished"), "{lines:#?}");
    let routing: Value = serde_json::from_str(&repo.read("out/routing_decisions.json")).unwrap();
    assert!(routing["decisions"].is_array() && routing["run_id"].is_string());
    // What others wrote stays, unless it is wished otherwise; and then nothing at all is written.
    fs::remove_file(repo.path().join("out/execution.jsonl")).unwrap();
    repo.write("out/cost.json", "mine\n");
    let refused = repo.orc(&["export", "--to", "out", "execution", "cost.json"]).expect_code(128).stderr;
    assert!(refused.contains("cost.json` is there already, and is no export of git-orc"), "{refused}");
    assert!(!repo.path().join("out/execution.jsonl").exists());
    assert_eq!(repo.read("out/cost.json"), "mine\n");
    repo.orc(&["export", "--to", "out", "--force", "--run", "tour", "cost.json"]).expect_code(0);
    assert_eq!(serde_json::from_str::<Value>(&repo.read("out/cost.json")).unwrap()["total"]["micro_usd"], 2_000_000);
}
