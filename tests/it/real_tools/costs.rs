//! What real tools used, to the token, and what follows from what that costs.

use super::profiles::Model;
use super::stage::{EDITED, FIXED, Stage, environment};
use crate::model_server::Behaviour;

/// Prices at which a step of codex costs about a quarter of a dollar.
const DEAR: &str = "prices: {gpt-5.1-codex: {input: 100, output: 100}}\n";

#[test]
#[ignore = "needs codex, which the suites install"]
fn a_budget_pauses_the_run_and_a_larger_one_lets_it_go_on() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Ok)) else { return };
    stage.write("config/git-orc/config.yaml", DEAR);
    let run = stage.run_with("    model: gpt-5.1-codex\n", &["--budget", "run.usd=0.1"]);
    assert_eq!(run.outcome.code(), 3, "{}", stage.told(&run));
    assert_eq!(run.steps.len(), 1, "{}", stage.told(&run));
    // Two requests, of which each one tells 1200 tokens read and 34 written; what was cached costs as much here.
    assert_eq!(run.steps[0]["usage"]["cost"]["micro_usd"], 2 * (1200 + 34) * 100, "{}", stage.told(&run));
    let ledger = stage.repo.ledger();
    assert_eq!(ledger.of_kind("run_paused").len(), 1, "{}", stage.told(&run));
    let patches = ledger.of_kind("patch_created");
    let contents: Vec<String> =
        patches.iter().map(|patch| stage.repo.git(&["show", &format!("{}:calc.sh", patch["commit"].as_str().unwrap())]) + "\n").collect();
    assert_eq!(contents, [EDITED], "{}", stage.told(&run));
    let run = stage.resume(&["--budget", "run.usd=5"]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(run.steps.len(), 2, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", FIXED);
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn what_a_known_model_costs_is_computed_from_its_list_price() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Ok)) else { return };
    let run = stage.run("    model: gpt-5.1-codex\n");
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    for step in &run.steps {
        // 1.25, 0.125 and 10 dollars for a million tokens read, read from a cache, and written.
        let cost = &step["usage"]["cost"];
        assert_eq!((&cost["micro_usd"], &cost["source"]), (&(2 * (1250 + 25 + 340)).into(), &"list_price".into()), "{}", stage.told(&run));
    }
}
