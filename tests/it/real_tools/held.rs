//! Real tools in the sandbox that is the default.

use super::profiles::Model;
use super::stage::{FIXED, Stage, environment};
use crate::model_server::Behaviour;

fn assert_works_held(tool: &'static str) {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Ok)) else { return };
    let before = stage.repo.fingerprint("orc/tour");
    let run = stage.run_with("", &["--sandbox", "auto"]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", FIXED);
    let ledger = stage.repo.ledger();
    let levels: Vec<&str> = ledger.of_kind("step_started").iter().filter_map(|step| step["sandbox"].as_str()).collect();
    assert!(!levels.is_empty() && !levels.contains(&"none"), "{levels:?}: {}", stage.told(&run));
    // Held, none of them reaches the repository's own files.
    stage.repo.assert_untouched(&before);
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_works_in_the_sandbox() {
    assert_works_held("codex");
}

#[test]
#[ignore = "needs gemini, which the suites install"]
fn gemini_works_in_the_sandbox() {
    assert_works_held("gemini");
}

#[test]
#[ignore = "needs aider, which the suites install"]
fn aider_works_in_the_sandbox() {
    assert_works_held("aider");
}

#[test]
#[ignore = "needs opencode, which the suites install"]
fn opencode_works_in_the_sandbox() {
    assert_works_held("opencode");
}

#[test]
#[ignore = "needs copilot; installed by hand"]
fn copilot_works_in_the_sandbox() {
    assert_works_held("copilot");
}

#[test]
#[ignore = "needs qwen and node 22; installed by hand"]
fn qwen_works_in_the_sandbox() {
    assert_works_held("qwen");
}
