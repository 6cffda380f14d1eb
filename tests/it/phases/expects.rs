//! What a phase must leave, the reasons in the prompt of a FIX step, and artifacts that a person approves.

use super::stage::Stage;
use crate::harness::TestEnvironment;

const HEAD: &str = "    files_scope: [\"**\"]\n    files_create: [\"**\"]\n    tool: writer\n    prompt: write a plan\n";

fn steps(fixes: u32) -> String {
    let expects = "{exists: docs/plan.md, severity: critical}, {words: 9, in: docs/plan.md, issue: insufficient_detail, message: \"say more than 8 words\"}, {mentions: [owner], in: docs/plan.md, severity: minor}";
    format!("    steps:\n      - {{id: plan, expects: [{expects}], static: [[test, -s, docs/plan.md]], fixes: {fixes}}}\n")
}

/// Writes something else first, then a text that gets longer with each call.
const SLOW: &str = "mkdir -p docs; case $n in 0) echo x > other.txt;; 1) echo one two three > docs/plan.md;; *) echo four five six seven eight nine >> docs/plan.md;; esac";

#[test]
fn a_check_that_fails_twice_is_mended_with_the_reasons_in_the_prompt() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, SLOW);
    stage.run(&format!("  - id: ws\n{HEAD}{}", steps(3)), &[], 0);
    assert_eq!(stage.ends(), ["plan passed", "plan-check failed", "fix passed", "plan-check failed", "fix passed", "plan-check passed"]);
    let prompts = stage.prompts();
    assert!(prompts[1].contains("there is no file `docs/plan.md`"), "{}", prompts[1]);
    assert!(prompts[2].contains("say more than 8 words") && prompts[2].contains("docs/plan.md"), "{}", prompts[2]);
    let ledger = stage.repo.ledger();
    let last = ledger.of_kind("step_finished").last().unwrap()["findings"].clone();
    assert_eq!(last[0]["message"], "`docs/plan.md` does not say `owner`", "what is minor is told and holds nothing up");
    stage.assert_sound();
}

#[test]
fn a_step_has_as_many_fixes_as_it_says() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "mkdir -p docs; echo word >> docs/plan.md");
    let told = stage.run(&format!("  - id: ws\n{HEAD}{}", steps(1)), &[], 1);
    // One FIX step, then one with reduced context; there is no other tool.
    assert_eq!(stage.ends().iter().filter(|end| *end == "fix passed").count(), 2, "{:#?}", stage.steps());
    assert!(stage.reasons("workstream_failed")[0].contains("say more than 8 words"), "{}", told.stdout);
    stage.assert_sound();
}

#[test]
fn an_artifact_is_approved_before_it_lands_and_only_as_it_was_then() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "mkdir -p docs; echo $ORC_WORKSTREAM > docs/$ORC_WORKSTREAM.md");
    let artifact = |path: &str| format!("    steps: [{{id: plan, artifacts: [{{name: plan, path: {path}, approval: true}}]}}]\n");
    let own = |id: &str| HEAD.replace("**", &format!("docs/{id}.md"));
    let plan = format!("  - id: a\n{}{}  - id: b\n{}{}", own("a"), artifact("docs/a.md"), own("b"), artifact("docs/other.md"));
    stage.run(&plan, &[], 3);
    assert_eq!(stage.repo.git(&["diff", "--name-only", "main", "orc/tour"]), "docs/b.md");
    let paused = stage.reasons("run_paused");
    assert_eq!(paused, ["a person must look at a: `docs/a.md` is the artifact `plan`, which a person approves"]);
    stage.repo.orc(&["decide", "tour", "a", "approve", "--reason", "read it"]).expect_code(0);
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    assert_eq!(stage.repo.git(&["diff", "--name-only", "main", "orc/tour"]), "docs/a.md\ndocs/b.md");
    assert_eq!(stage.calls().len(), 2, "nothing is done again");
    stage.assert_sound();
}
