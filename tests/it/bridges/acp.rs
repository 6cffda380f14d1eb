//! A program that speaks the Agent Client Protocol.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{Bridged, assert_sound, bridge, plan, profiles, project, step_file};
use crate::harness::TestEnvironment;

fn script() -> String {
    format!("{}/fixtures/tools/acp.sh", env!("CARGO_MANIFEST_DIR"))
}

fn profile(behaviour: &str) -> String {
    json!({"talker": {"kind": "acp", "binary": script(), "args": [behaviour]}}).to_string()
}

#[test]
fn what_a_program_edits_with_leave_is_merged() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    profiles(&environment, &profile("edits"));
    repo.orc(&["run", &plan(&environment, "talker", "")]).expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "by acp");
    assert_eq!(repo.git(&["show", "orc/tour:b/x.txt"]), "b 1\nb 2\nb 3");
    assert!(!environment.home().join("executed").exists());
    let heard = std::fs::read_to_string(environment.home().join("heard")).unwrap();
    let heard: Vec<Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let methods: Vec<&str> = heard.iter().filter_map(|one| one["method"].as_str()).collect();
    assert_eq!(methods, ["initialize", "session/new", "session/prompt"]);
    assert!(heard[2]["params"]["prompt"][0]["text"].as_str().unwrap().contains("say hello"));
    assert_eq!(heard[3]["error"]["code"], -32601);
    let chosen: Vec<&str> = heard.iter().filter_map(|one| one["result"]["outcome"]["optionId"].as_str()).collect();
    assert_eq!(chosen, ["go", "stop", "stop"]);
    let report: Value = serde_json::from_slice(&std::fs::read(step_file(&repo, "result.json")).unwrap()).unwrap();
    assert_eq!((report["usage"]["input"].as_u64(), report["session"].as_str()), (Some(60), Some("s-1")));
    let log = std::fs::read_to_string(step_file(&repo, "edit-1.log")).unwrap();
    assert!(log.contains("Let me see.\n[edit] Edit a/x.txt\n[allowed] edit "), "{log}");
    assert!(log.contains("[rejected] execute "), "{log}");
    assert_sound(&repo);
}

#[test]
fn every_failure_has_its_class_and_its_exit_code() {
    let environment = TestEnvironment::new();
    let order = json!({"kind": "acp", "scope": {"write": ["a/**"], "create": [], "forbid": []}});
    for (behaviour, class, code) in [
        ("auth", "auth", 20),
        ("limit", "rate_limit", 21),
        ("refusal", "refusal", 25),
        ("max_tokens", "turn_limit", 26),
        ("max_turn_requests", "turn_limit", 26),
        ("crash", "crashed", 31),
        ("flood", "crashed", 31),
    ] {
        let Bridged { outcome, report } = bridge(&environment, &order, (&[], &[&script(), behaviour]));
        assert_eq!((report["class"].as_str(), outcome.code()), (Some(class), code), "{behaviour}: {report} {outcome:?}");
    }
    let Bridged { report, .. } = bridge(&environment, &order, (&[], &["/no/such/program"]));
    assert_eq!(report["class"], "missing");
    // What it prints besides the protocol, and an end in the middle, disturb nobody.
    let Bridged { report, .. } = bridge(&environment, &order, (&[], &["sh", "-c", "echo 'Oops!'; echo '{\"id\":1'; exit 9"]));
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("ended with exit code 9 before it answered `initialize`"), "{report}");
}

#[test]
fn a_run_that_is_stopped_cancels_the_turn() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    profiles(&environment, &profile("hang"));
    let running = repo.start_orc(&["run", &plan(&environment, "talker", "")]);
    let start = Instant::now();
    while !environment.home().join("hangs").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill(Pid::from_raw(i32::try_from(running.pid()).unwrap()), Signal::SIGTERM).unwrap();
    running.finish().expect_code(143);
    let report: Value = serde_json::from_slice(&std::fs::read(step_file(&repo, "result.json")).unwrap()).unwrap();
    assert_eq!((report["status"].as_str(), report["message"].as_str()), (Some("failed"), Some("it was asked to end")), "{report}");
    let heard = std::fs::read_to_string(environment.home().join("heard")).unwrap();
    assert!(heard.lines().last().unwrap().contains("session/cancel"), "{heard}");
}
