//! What a tool is told: its budget, its model, and nothing that is meant for another one.

use serde_json::json;

use super::stage::{Stage, WORK, paid, workstream};
use crate::harness::TestEnvironment;

/// Keeps its arguments and its prompt for the test, and does its work.
fn keeping() -> String {
    format!("printf '%s\\n' \"$@\" > \"$HOME/argv-$ORC_WORKSTREAM\"\ncp \"$1\" \"$HOME/prompt-$ORC_WORKSTREAM\"\n{WORK}")
}

#[test]
fn a_budget_stands_in_the_prompt_and_in_the_arguments() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    let more = json!({"args": ["{prompt_file}", "{budget_args}"], "budget_args": ["--most", "{budget_usd}"]});
    stage.tool("one", &format!("{}\n{}", paid("0.75", 500), keeping()), &more);
    let plan = [workstream("a", "tool: one"), workstream("b", "tool: one, budget: {attempt: {tokens: 2000}}")];
    stage.run(("max_workers: 1", &plan), &["--budget", "run.usd=1"], 0);
    let prompt = |id: &str| stage.lines(&format!("prompt-{id}")).join("\n");
    assert!(prompt("a").contains("Budget of this attempt: $1.00, "), "{}", prompt("a"));
    assert!(prompt("b").contains("Budget of this attempt: $0.25, 2000 tokens, "), "{}", prompt("b"));
    let argv = |id: &str| stage.lines(&format!("argv-{id}"))[1..].to_vec();
    assert_eq!(argv("a"), ["--most", "1.000000"]);
    assert_eq!(argv("b"), ["--most", "0.250000"], "what is left of the run");
}

#[test]
fn a_model_reaches_the_tool_that_it_is_meant_for_and_no_other() {
    let environment = TestEnvironment::new();
    let mut stage = Stage::new(&environment);
    for id in ["one", "two"] {
        stage.tool(id, &keeping(), &json!({}));
    }
    let head = "defaults: {tool: one, model: swift-1}";
    let plan = [
        workstream("a", "title: a"),
        workstream("b", "model: deep-2"),
        workstream("c", "tool: two"),
        workstream("d", "tool: two, model: other-3"),
    ];
    stage.run((head, &plan), &[], 0);
    let argv = |id: &str| stage.lines(&format!("argv-{id}"))[1..].join(" ");
    assert_eq!(["a", "b", "c", "d"].map(argv), ["--model swift-1", "--model deep-2", "", "--model other-3"]);
    assert_eq!(["a", "b", "c", "d"].map(|id| stage.who(id)), ["one", "one", "two", "two"]);
}
