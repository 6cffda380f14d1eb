//! `git orc tools check --try` with a real tool.

use super::profiles::Model;
use super::stage::{Stage, environment};
use crate::harness::run;
use crate::model_server::Behaviour;

#[test]
#[ignore = "needs codex, which the suites install"]
fn a_tool_is_tried_in_the_default_sandbox() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Ok)) else { return };
    // What the scripted model is to do stands in the tool's own instructions, since the task of a trial is always the same.
    stage.write("home/.codex/AGENTS.md", "FAKE-WRITE hello.txt <<<hello\\n>>>\n");
    let mut command = stage.command(&["tools", "check", "codex", "--try", "--json"]);
    let told = run(command.env("ORC_SANDBOX", "auto")).expect_code(0).json();
    let trial = &told["tools"][0]["trial"];
    assert_eq!((&trial["is_done"], &trial["changes"]), (&true.into(), &serde_json::json!(["A hello.txt"])), "{told:#}");
    assert_eq!(trial["usage"]["tokens"]["cached"], 400, "{told:#}");
}
