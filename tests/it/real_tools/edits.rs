//! The whole way: EDIT, a failing test, FIX, merge.

use super::profiles::Model;
use super::stage::{EDITED, FIXED, Stage, environment};
use crate::model_server::Behaviour;

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
