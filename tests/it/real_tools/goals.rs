//! A goal that a real AI tool brings nearer in a round of improvement, in the middle of which the driver is killed.

use super::profiles::Model;
use super::stage::{BEFORE, EDITED, FIXED, Stage, environment, has_started};
use crate::model_server::Behaviour;

fn assert_improves(tool: &'static str) {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Ok)) else { return };
    stage.write(
        "config/git-orc/prompts/strategies/own.md.j2",
        "### Fix what is missing for {{ goal }}\n\nNow it is {{ value }} of {{ target }}.\n",
    );
    let line = |name: &str, content: &str| format!("      FAKE-{name} calc.sh <<<{}>>>\n", content.replace('\n', "\\n"));
    let (old, edited, fixed) = (line("OLD", BEFORE), line("WRITE", EDITED), line("FIX", FIXED));
    let goals = "    goals: [{id: sums, command: [sh, -c, './test.sh >/dev/null && echo 1 || echo 0'], at_least: 1, strategies: [own]}]\n";
    let head = "version: 1\nname: tour\nworkstreams:\n  - id: adder\n    files_scope: [calc.sh]\n";
    let plan = format!("{head}    {}\n{goals}    prompt: |\n      Let the function add.\n{old}{edited}{fixed}", stage.who);
    stage.write("tour.yaml", &plan);
    let path = environment.root().join("tour.yaml");
    stage.kill_when(&["run", path.to_str().unwrap()], |ledger| has_started(ledger, "improve"));
    let run = stage.resume(&[]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", FIXED);
    let told = stage.repo.orc(&["goals", "--json"]).expect_code(0).json();
    let values = &told["workstreams"][0]["goals"][0]["values"];
    assert_eq!((values[0]["value"].as_u64(), values[1]["value"].as_u64()), (Some(0), Some(1)), "{told:#}");
    assert!(stage.server.requests().iter().any(|request| request.body.contains("Fix what is missing for sums")));
    stage.repo.ledger().assert_sound();
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_brings_a_goal_nearer() {
    assert_improves("codex");
}

#[test]
#[ignore = "needs gemini, which the suites install"]
fn gemini_brings_a_goal_nearer() {
    assert_improves("gemini");
}
