//! The whole way: EDIT, a failing test, FIX, merge.

use super::profiles::Model;
use super::stage::{EDITED, FIXED, Run, Stage, environment};
use crate::model_server::{Behaviour, USAGE, Usage};

/// Returns what the steps of a run used: tokens read, found in a cache, written, thought.
fn told_tokens(run: &Run) -> [u64; 4] {
    let of = |key: &str| run.steps.iter().map(|step| step["usage"]["tokens"][key].as_u64().unwrap_or_default()).sum();
    ["input", "cached", "output", "reasoning"].map(of)
}

/// Returns what they must have used in so many requests, of which each answer tells the same.
fn expected_tokens(tool: &str, run: &Run, requests: usize) -> [u64; 4] {
    let Usage { input, cached, output, reasoning } = USAGE;
    let each = match tool {
        // It does not tell apart what was cached, and nothing of reasoning.
        "aider" => [input, 0, output, 0],
        // The protocol of Gemini does not count what was thought as a part of what was written.
        "gemini" => [input - cached, cached, output + reasoning, reasoning],
        "qwen" => [input - cached, cached, output, 0],
        _ => [input - cached, cached, output, reasoning],
    };
    // It asks for a title once in every session, and tells nothing of that.
    let untold = if tool == "opencode" { run.steps.len() } else { 0 };
    each.map(|tokens| tokens * (requests - untold) as u64)
}

/// Returns what a step cost, in millionths of a dollar, and who says so.
fn expected_cost(tool: &str) -> (Option<u64>, Option<&'static str>) {
    match tool {
        // It has prices of its own for gpt-4o, and knows what was cached: 2.50 and 1.25 for a million read, 10 for a million written.
        "aider" => (Some(3090), Some("reported")),
        // Three requests of gpt-5: 1.25, 0.125 and 10.
        "copilot" => (Some(4845), Some("list_price")),
        // They do not say which model it was, or it has no price.
        _ => (None, None),
    }
}

fn assert_edits_and_fixes(tool: &'static str) {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Ok)) else { return };
    let before = stage.repo.fingerprint("orc/tour");
    let run = stage.run("");
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", FIXED);
    let steps: Vec<(&str, &str)> =
        run.steps.iter().map(|step| (step["step"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect();
    assert_eq!(steps, [("edit", "passed"), ("fix", "passed")], "{}", stage.told(&run));
    let ledger = stage.repo.ledger();
    let checks = ledger.of_kind("step_finished");
    let outcomes: Vec<&str> =
        checks.iter().filter(|step| step["step"] == "runtime").map(|step| step["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "passed"]);
    let patches = ledger.of_kind("patch_created");
    let contents: Vec<String> =
        patches.iter().map(|patch| stage.repo.git(&["show", &format!("{}:calc.sh", patch["commit"].as_str().unwrap())]) + "\n").collect();
    assert_eq!(contents, [EDITED, FIXED]);
    assert_eq!(ledger.of_kind("workstream_merged").len(), 1);
    // It was told what the test found.
    let requests = stage.server.requests();
    assert!(requests.iter().any(|request| request.body.contains("add 2 3 is 1, not 5")), "{} requests", requests.len());
    for step in &run.steps {
        let cost = &step["usage"]["cost"];
        assert_eq!((cost["micro_usd"].as_u64(), cost["source"].as_str()), expected_cost(tool), "{}", stage.told(&run));
    }
    assert_eq!(told_tokens(&run), expected_tokens(tool, &run, requests.len()), "{}", stage.told(&run));
    assert!(stage.changes_since(&before).is_empty(), "{:?}", stage.changes_since(&before));
    assert_eq!(stage.repo.worktrees().len(), 1, "{:?}", stage.repo.worktrees());
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_edits_and_fixes() {
    assert_edits_and_fixes("codex");
}

#[test]
#[ignore = "needs gemini, which the suites install"]
fn gemini_edits_and_fixes() {
    assert_edits_and_fixes("gemini");
}

#[test]
#[ignore = "needs aider, which the suites install"]
fn aider_edits_and_fixes() {
    assert_edits_and_fixes("aider");
}

#[test]
#[ignore = "needs opencode, which the suites install"]
fn opencode_edits_and_fixes() {
    assert_edits_and_fixes("opencode");
}

#[test]
#[ignore = "needs copilot; installed by hand"]
fn copilot_edits_and_fixes() {
    assert_edits_and_fixes("copilot");
}

#[test]
#[ignore = "needs qwen and node 22; installed by hand"]
fn qwen_edits_and_fixes() {
    assert_edits_and_fixes("qwen");
}
