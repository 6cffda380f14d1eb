//! What tools say of their own work: failures and usage in the ledger, and files that they leave for themselves.

use git_orc::domain::run::state::RunStatus;
use serde_json::{Value, json};

use super::rig::{Rig, assert_states, plan, with_tool};
use crate::harness::TestEnvironment;

/// Finds `usage.jsonl`, which the arguments name, then does what its workstream is for.
const AIDER: &str = r#"#!/bin/sh
set -eu
while [ $# -gt 0 ]; do if [ "$1" = --analytics-log ]; then usage=$2; fi; shift; done
mkdir -p .aider.tags.cache.v4
echo cached >.aider.tags.cache.v4/x
echo talk >.aider.chat.history.md
case $ORC_WORKSTREAM in
ws-a)
  printf 'litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect \nAPI key \033[31mprovided\033[0m: test.\n\n'
  ;;
ws-b)
  printf 'litellm.RateLimitError: RateLimitError: slow down\nRetrying in 0.2 seconds...\nApplied edit to b/x.txt\n'
  echo new >>b/x.txt
  echo '{"event": "message_send", "properties": {"prompt_tokens": 1200, "completion_tokens": 34, "cost": 0.00309}}' >>"$usage"
  echo '{"event": "message_send", "properties": {"prompt_tokens": 800, "completion_tokens": 6, "cost": 0.001}}' >>"$usage"
  ;;
ws-c)
  ln -s /etc/passwd "$usage"
  echo 'a line of thirty bytes, or so.' >>c/x.txt
  ;;
esac
"#;

fn finished<'l>(entries: &'l [&'l Value], id: &str) -> &'l Value {
    let of = |entry: &&&Value| entry.to_string().contains(&format!("\"workstream\":\"{id}\""));
    entries.iter().find(of).unwrap_or_else(|| panic!("{id} did not finish: {entries:?}"))
}

/// Returns what stands under a key, however deep.
fn deep<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(key).or_else(|| fields.values().find_map(|below| deep(below, key))),
        Value::Array(items) => items.iter().find_map(|below| deep(below, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[test]
fn failures_and_usage_are_told_and_leftovers_are_put_aside() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.program("pretender", AIDER);
    rig.settings("tool_profiles.json", r#"{"pretender": {"extends": "aider", "binary": "pretender"}}"#);
    let state = rig.run(&plan(
        "",
        &[
            with_tool("ws-a", "a/**", "tool: pretender", ""),
            with_tool("ws-b", "b/**", "tool: pretender", ""),
            with_tool("ws-c", "c/**", "tool: pretender", ""),
        ],
    ));
    assert_states(&state, RunStatus::Halted, &[("ws-a", "in_progress"), ("ws-b", "merged"), ("ws-c", "merged")]);
    let ledger = rig.repo.ledger();
    let entries: Vec<&Value> = ledger.of_kind("step_finished");

    let a = finished(&entries, "ws-a");
    assert_eq!(deep(a, "class"), Some(&json!("auth")), "{a}");
    assert_eq!(
        deep(a, "message"),
        Some(&json!(
            "pretender is not logged in or its key was refused: litellm.AuthenticationError: AuthenticationError: OpenAIException - \
             Incorrect API key provided: test."
        ))
    );
    assert_eq!(deep(a, "usage"), None, "nobody answered");

    let b = finished(&entries, "ws-b");
    assert_eq!(deep(b, "failure"), None, "{b}");
    let tokens = json!({"input": 2000, "cached": 0, "cache_write": 0, "output": 40, "reasoning": 0});
    assert_eq!(deep(b, "tokens"), Some(&tokens), "{b}");
    assert_eq!(deep(b, "cost"), Some(&json!({"micro_usd": 4090, "source": "reported"})), "{b}");
    let notes = deep(b, "notes").unwrap().to_string();
    assert!(notes.contains("pretender got over an error: litellm.RateLimitError"), "{notes}");
    assert!(notes.contains("`.aider.chat.history.md`, which pretender keeps for itself, was put aside as `ws-b/"), "{notes}");

    let c = finished(&entries, "ws-c");
    assert_eq!(deep(c, "estimated"), Some(&json!(true)), "what a link leads to is no usage: {c}");
    let estimated = deep(deep(c, "usage").unwrap(), "tokens").unwrap();
    assert_eq!(estimated["output"], json!(9), "{c}");
    assert!(estimated["input"].as_u64().unwrap() > 20, "{c}");

    assert_eq!(rig.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour"]), "README\na/x.txt\nb/x.txt\nc/x.txt");
    let runs = rig.repo.path().join(".git/orc/runs");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let kept = |path: &str| std::fs::read_to_string(run.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert_eq!(kept("ws-b/edit-1/left/.aider.chat.history.md"), "talk\n");
    assert_eq!(kept("ws-b/edit-1/left/.aider.tags.cache.v4/x"), "cached\n");
    rig.assert_sound();
}

/// A program of one's own, by the shipped profile `generic`: it gets the prompt and may write what came of it.
#[test]
fn a_program_of_ones_own_tells_its_result_in_a_file() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let script = r#"#!/bin/sh
set -eu
grep -q 'say hello' "$1"
cmp -s "$1" "$ORC_PROMPT_FILE"
if [ $ORC_WORKSTREAM = ws-a ]; then
  echo hello >>a/x.txt
  echo '{"usage": {"input": 50, "output": 5}, "cost_usd": 0.25, "model": "mine"}' >"$GIT_ORC_RESULT_FILE"
else
  echo '{"error": {"class": "permission", "message": "may not write"}}' >"$GIT_ORC_RESULT_FILE"
  exit 1
fi
"#;
    rig.program("own", script);
    rig.settings("tool_profiles.json", r#"{"own": {"extends": "generic", "binary": "own"}}"#);
    let state = rig.run(&plan("", &[with_tool("ws-a", "a/**", "tool: own", ""), with_tool("ws-b", "b/**", "tool: own", "")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "merged"), ("ws-b", "failed")]);
    let ledger = rig.repo.ledger();
    let entries: Vec<&Value> = ledger.of_kind("step_finished");
    let a = deep(finished(&entries, "ws-a"), "usage").unwrap();
    assert_eq!((&a["tokens"]["input"], &a["cost"]["micro_usd"], &a["model"]), (&json!(50), &json!(250_000), &json!("mine")));
    let b = finished(&entries, "ws-b");
    assert_eq!(deep(b, "message"), Some(&json!("own was not allowed what it needs: may not write")));
    rig.assert_sound();
}

#[test]
fn a_key_that_a_tool_prints_is_told_to_nobody() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.program("leaky", "#!/bin/sh\necho \"the key $LEAKY_API_KEY was refused at $LEAKY_URL\" >&2\nexit 1\n");
    rig.settings("tool_profiles.json", r#"{"leaky": {"binary": "leaky", "args": ["{prompt}"], "env_allow": ["LEAKY_*"]}}"#);
    let path = environment.root().join("plan.yaml");
    std::fs::write(&path, plan("", &[with_tool("ws-a", "a/**", "tool: leaky", "")])).unwrap();
    let mut command = rig.repo.command("git-orc");
    command.arg("run").arg(&path).env("LEAKY_API_KEY", "open-sesame").env("LEAKY_URL", "https://example.org");
    let outcome = crate::harness::run(&mut command);
    let ledger = rig.repo.git(&["log", "--format=%B", "refs/orc/ledger"]);
    assert!(ledger.contains("the key *** was refused at https://example.org"), "{ledger}");
    assert!(!ledger.contains("open-sesame") && !format!("{outcome:?}").contains("open-sesame"));
    rig.assert_sound();
}
