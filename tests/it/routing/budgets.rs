//! What may be spent: a run stops before more is, loses nothing, and goes on when somebody allows more.

use serde_json::{Value, json};

use super::stage::{Stage, WORK, bill, paid, workstream, writing};
use crate::harness::TestEnvironment;

/// Returns why the newest run waits.
fn reason(stage: &Stage<'_>) -> String {
    let status = stage.repo.orc(&["status", "--json"]).expect_code(0).json();
    assert_eq!(status["state"], "paused", "{status:#}");
    status["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_that_comes_to_its_budget_waits_and_goes_on_with_more() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", &paid("0.45", 1000), &json!({}));
    stage.registry(&["one", "ghost"], "fixed");
    let more = [writing("b", ", depends_on: [a]"), writing("c", ", depends_on: [a]"), writing("d", ", depends_on: [a]")];
    let plan = [&[writing("a", "")][..], &more].concat();
    let told = stage.run(("max_workers: 1", &plan), &["--budget", "run.usd=1"], 3);
    assert!(told.stdout.contains(" --budget KEY=AMOUNT  # go on with more to spend"), "{}", told.stdout);
    assert_eq!(reason(&stage), "d: the budget of the run is used up: $1.35 of $1.00");
    assert_eq!(stage.calls(), ["one a", "one b", "one c"]);
    assert_eq!(["a", "b", "c"].map(|id| stage.who(id)), ["one"; 3], "what is done is merged before the run waits");
    assert_eq!(stage.count("patch_created"), 3);
    stage.assert_sound();
    let log = stage.log();
    for line in ["budget warned run: $0.90 of $1.00", "escalated d: the budget of the run is used up: $1.35 of $1.00", "run paused d: the"]
    {
        assert!(log.contains(line), "no `{line}` in\n{log}");
    }
    assert_eq!(stage.escalated(), ["budget_spent : d: the budget of the run is used up: $1.35 of $1.00"]);

    stage.resume(&[], 3);
    assert_eq!((stage.calls().len(), stage.count("run_paused"), stage.count("budget_warned")), (3, 2, 1), "a resume alone changes nothing");
    stage.resume(&["--budget", "run.usd=10"], 0);
    assert_eq!(stage.calls(), ["one a", "one b", "one c", "one d"], "nothing is done twice");
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["one"; 4]);
    assert!(stage.log().contains("budget set run.usd=10 by "), "{}", stage.log());
    stage.assert_sound();
}

#[test]
fn costs_and_decisions_are_those_of_the_ledger() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", &paid("0.25", 700), &json!({}));
    stage.tool("two", &paid("0.5", 90), &json!({}));
    stage.registry(&["one", "two"], "round_robin");
    stage.run(("", &[writing("a", ""), writing("b", ""), writing("c", "")]), &[], 0);
    let ledger = stage.repo.ledger();
    let usage: Vec<&Value> =
        ledger.of_kind("step_finished").into_iter().map(|entry| &entry["usage"]).filter(|usage| !usage.is_null()).collect();
    let sum = |path: &str| usage.iter().map(|usage| usage.pointer(path).and_then(Value::as_u64).unwrap()).sum::<u64>();
    let cost = stage.repo.orc(&["cost", "--json"]).expect_code(0).json();
    let total = &cost["total"];
    assert_eq!((total["micro_usd"].as_u64(), total["tokens"]["input"].as_u64()), (Some(1_000_000), Some(1_490)), "{cost:#}");
    assert_eq!((sum("/cost/micro_usd"), sum("/tokens/input")), (1_000_000, 1_490), "{usage:#?}");
    assert!(stage.repo.orc(&["cost", "--by", "tool"]).expect_code(0).stdout.contains("$0.50"));
    assert_eq!(stage.repo.orc(&["status", "--json"]).json()["cost"]["micro_usd"], 1_000_000);

    stage.repo.orc(&["export", "--to", "out", "routing_decisions.json"]).expect_code(0);
    let exported: Value = serde_json::from_str(&stage.repo.read("out/routing_decisions.json")).unwrap();
    let decisions = exported["decisions"].as_array().unwrap();
    let routed = ledger.of_kind("tool_routed");
    assert_eq!(decisions.len(), routed.len());
    for (decision, entry) in decisions.iter().zip(routed) {
        assert!(decision.to_string().contains(entry["routing"]["reason"].as_str().unwrap()), "{decision:#}");
        let tools: Vec<_> = entry["routing"]["candidates"].as_array().unwrap().iter().map(|one| one["tool"].to_string()).collect();
        assert!(tools.iter().all(|tool| decision.to_string().contains(tool)) && tools.len() == 2, "{decision:#}");
    }
}

/// What one attempt costs that fails, what is allowed, and why the run then waits.
fn waits(budget: &str, script: &str, why: &str) {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", script, &json!({}));
    let patient = workstream("a", "tool: one, retry: {max_attempts: 9, initial_delay_sec: 0}");
    stage.run(("", &[patient]), &["--budget", budget], 3);
    let (found, calls) = (reason(&stage), stage.calls().len());
    assert!(found.starts_with(&format!("a: {why}")), "{budget}: {found}");
    assert_eq!(stage.count("patch_created"), calls, "{budget}: what was changed is kept");
    assert_eq!(stage.count("workstream_failed"), 0);
    stage.assert_sound();
    stage.resume(&[], 3);
    assert_eq!(stage.calls().len(), calls, "{budget}: a resume alone pays for nothing more");
    let key = budget.split('=').next().unwrap();
    stage.program("one", &paid("0.1", 10));
    stage.resume(&["--budget", &format!("{key}=none")], 0);
    assert_eq!((stage.who("a"), stage.calls().len()), ("one".to_owned(), calls + 1));
    stage.assert_sound();
}

/// Uses this, changes something, and fails.
fn wasted(usd: &str, tokens: u64) -> String {
    format!("{}\necho \"$$\" > a/draft.txt; exit 42", bill(usd, tokens))
}

#[test]
fn money_of_an_attempt_is_bounded() {
    waits("attempt.usd=0.2", &wasted("0.3", 10), "the last attempt came to its budget: $0.30 of $0.20");
}

#[test]
fn money_of_a_workstream_is_bounded() {
    waits("workstream.usd=0.5", &wasted("0.3", 10), "the budget of the workstream is used up: $0.60 of $0.50");
}

#[test]
fn tokens_of_an_attempt_are_bounded() {
    waits("attempt.tokens=1k", &wasted("0.3", 1500), "the last attempt came to its budget: 1,500 of 1,000 tokens");
}

#[test]
fn tokens_of_a_run_are_bounded() {
    waits("run.tokens=2k", &wasted("0.3", 1500), "the budget of the run is used up: 3,000 of 2,000 tokens");
}

#[test]
fn minutes_end_an_attempt_that_is_under_way() {
    waits("attempt.minutes=1s", &format!("{WORK}; sleep 30"), "the last attempt came to its budget: ");
}

#[test]
fn minutes_of_a_run_end_what_is_under_way() {
    waits("run.minutes=1s", &format!("{WORK}; sleep 30"), "the budget of the run is used up: ");
}

#[test]
fn a_workstream_without_means_does_not_hold_up_the_others() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    stage.tool("one", &format!("test \"$ORC_WORKSTREAM\" = b || {{ {}; }}\n{}", wasted("0.3", 1), paid("0.3", 1)), &json!({}));
    let own = "tool: one, budget: {workstream: {usd: 0.2}}, retry: {max_attempts: 5, initial_delay_sec: 0}";
    stage.run(("max_workers: 1", &[workstream("a", own), workstream("b", "tool: one")]), &[], 3);
    assert_eq!(stage.calls(), ["one a", "one b"]);
    assert_eq!(reason(&stage), "a: the budget of the workstream is used up: $0.30 of $0.20");
    assert_eq!((stage.count("workstream_verified"), stage.who("b")), (1, "one".to_owned()));
    assert!(stage.log().contains("budget warned workstream a: $0.30 of $0.20"), "{}", stage.log());
}

/// Spends the budget of a day in one run, and returns what another one came to, unless midnight came between.
fn day_of_two_runs() -> bool {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    let today = || jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let before = today();
    stage.tool("one", &paid("0.6", 100), &json!({}));
    stage.user_file("config.yaml", "budget: {day: {usd: 1}, warn_at: 50}\n");
    stage.run(("max_workers: 1", &[workstream("a", "tool: one"), workstream("b", "tool: one")]), &[], 0);
    assert_eq!(stage.count("budget_warned"), 1);
    stage.run(("target: orc/again", &[workstream("a", "tool: one")]), &[], 3);
    let (calls, why) = (stage.calls(), reason(&stage));
    if before != today() {
        return false;
    }
    assert_eq!(calls, ["one a", "one b"], "the second run begins nothing");
    assert_eq!(why, "a: the budget of the day is used up: $1.20 of $1.00");
    // What somebody sets for the day counts what other runs spent.
    stage.repo.orc(&["resume", "--progress=none", "--budget", "day.usd=1.1"]).expect_code(3);
    assert_eq!((stage.calls().len(), reason(&stage)), (2, "a: the budget of the day is used up: $1.20 of $1.10".to_owned()));
    // What costs nothing may run.
    let free = "  - {id: c, files_scope: [\"c/**\"], tool: command, command: [touch, c/new]}\n".to_owned();
    stage.run(("target: orc/free", &[free]), &[], 0);
    stage.repo.orc(&["resume", "--progress=none", "--budget", "day.usd=2"]).expect_code(0);
    assert_eq!(stage.repo.git(&["show", "orc/again:a/who.txt"]), "one");
    stage.assert_sound();
    true
}

#[test]
fn the_runs_of_a_day_share_its_budget() {
    assert!(day_of_two_runs() || day_of_two_runs(), "midnight comes once a day");
}
