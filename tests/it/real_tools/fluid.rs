//! A real AI tool in a fluid run: its step is checked though the plan does not say so, and the reasons of an expectation reach it,
//! although the driver is killed while it mends.

use super::profiles::Model;
use super::stage::{EDITED, FIXED, Stage, environment, has_started};
use crate::model_server::Behaviour;

fn assert_checked_and_told(tool: &'static str) {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Ok)) else { return };
    let run = stage.run_steps("[{id: implement}]", &["--fluid"]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", EDITED);
    let ended = |from: usize| {
        let ledger = stage.repo.ledger();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        ledger
            .of_kind("step_finished")
            .iter()
            .skip(from)
            .filter(|e| e["outcome"] != "interrupted")
            .map(|e| format!("{} {}", text(&e["step"]), text(&e["outcome"])))
            .collect::<Vec<_>>()
    };
    assert_eq!(ended(0), ["implement passed", "implement-check passed"]);

    let expects = "[{id: implement, expects: [{mentions: [\"$1 + $2\"], in: calc.sh, issue: no_code_detected}]}]";
    let plan = stage.plan_of_steps(expects);
    stage.kill_when(&["run", &plan, "--fluid", "--target", "orc/second"], |ledger| has_started(ledger, "fix"));
    let run = stage.resume(&[]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/second:calc.sh"]) + "\n", FIXED);
    assert_eq!(ended(2), ["implement passed", "implement-check failed", "fix passed", "implement-check passed"]);
    let requests = stage.server.requests();
    let is_told = requests.iter().any(|request| request.body.contains("does not say"));
    assert!(is_told, "{} requests", requests.len());
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_is_checked_and_told_the_reasons() {
    assert_checked_and_told("codex");
}

#[test]
#[ignore = "needs aider, which the suites install"]
fn aider_is_checked_and_told_the_reasons() {
    assert_checked_and_told("aider");
}
