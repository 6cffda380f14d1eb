//! A model behind an API.

use serde_json::{Value, json};

use super::server::{Server, answer, stream};
use super::{Bridged, assert_sound, bridge, plan, profiles, project};
use crate::harness::TestEnvironment;

const KEY: &str = "sk-very-secret-key";
const DIFF: &str = "Here it is:\n\n```diff\ndiff --git a/a/x.txt b/a/x.txt\n--- a/a/x.txt\n+++ b/a/x.txt\n@@ -1,3 +1,3 @@\n a 1\n-a 2\n+a TWO\n a 3\n```\nDone.\n";

fn words(text: &str) -> Value {
    json!({"id": "c-1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    let details = json!({"cached_tokens": 200});
    json!({"choices": [], "usage": {"prompt_tokens": 1200, "completion_tokens": 34, "prompt_tokens_details": details}})
}

/// The answer with the diff, in small pieces.
fn with_diff() -> Vec<u8> {
    let mut events: Vec<Value> = DIFF.as_bytes().chunks(7).map(|piece| words(std::str::from_utf8(piece).unwrap())).collect();
    events.extend([end("stop"), usage()]);
    stream(&events)
}

fn profile(url: &str) -> String {
    json!({"model-x": {"kind": "api", "base_url": url, "model": "m-1", "key_env": "X_KEY"}}).to_string()
}

#[test]
fn what_a_model_answers_is_merged() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let server = Server::start(vec![with_diff()]);
    profiles(&environment, &profile(&server.url()));
    let mut command = repo.command("git-orc");
    command.args(["run", &plan(&environment, "model-x", ""), "--progress", "plain"]).env("X_KEY", KEY);
    let outcome = crate::harness::run(&mut command).expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "a 1\na TWO\na 3");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line, "POST /v1/chat/completions HTTP/1.1");
    assert!(asked[0].head.contains(&format!("authorization: bearer {KEY}\r\n")), "{}", asked[0].head);
    let user = asked[0].body["messages"][1]["content"].as_str().unwrap();
    assert!(user.contains("say hello") && user.contains("`a/x.txt` (12 bytes)\n```\na 1\na 2\na 3\n```"), "{user}");
    assert!(!user.contains("b/x.txt"), "{user}");
    assert_eq!((&asked[0].body["model"], &asked[0].body["stream"]), (&json!("m-1"), &json!(true)));
    // The key is nowhere but in the request.
    let grep = environment.run("grep", &["-rF", KEY, "."]);
    assert!(grep.stdout.is_empty() && !format!("{outcome:?}").contains(KEY), "{grep:?} {outcome:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(super::step_file(&repo, "result.json")).unwrap()).unwrap();
    let tokens = json!({"input": 1000, "cached": 200, "cache_write": 0, "output": 34, "reasoning": 0});
    assert_eq!((&report["usage"], &report["model"], &report["session"]), (&tokens, &json!("m-1"), &json!("c-1")));
    assert_sound(&repo);
}

#[test]
fn all_kinds_work_in_the_tightest_sandbox_of_the_machine() {
    for level in ["auto", "landlock"] {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let server = Server::start(vec![with_diff()]);
        let program = format!("{}/fixtures/tools/acp.sh", env!("CARGO_MANIFEST_DIR"));
        let talker = json!({"kind": "acp", "binary": program, "args": ["edits"], "env": {"HEARD": "{run_dir}/heard"}});
        let asked = json!({"kind": "api", "base_url": server.url(), "model": "m-1"});
        profiles(&environment, &json!({"model-x": asked, "talker": talker}).to_string());
        for (tool, content) in [("model-x", "a 1\na TWO\na 3"), ("talker", "by acp")] {
            let mut command = repo.command("git-orc");
            command.args(["run", &plan(&environment, tool, "")]).env("ORC_SANDBOX", level);
            let outcome = crate::harness::run(&mut command);
            if level == "landlock" && outcome.stderr.contains("can not be had") {
                continue;
            }
            let outcome = outcome.expect_code(0);
            assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), content, "{level} {tool}: {outcome:?}");
        }
        assert_sound(&repo);
    }
}

#[test]
fn a_refused_key_fails_the_step_with_the_reason() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let server = Server::start(vec![answer("401 Unauthorized", "", &format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#))]);
    profiles(&environment, &profile(&server.url()));
    let mut command = repo.command("git-orc");
    command.args(["run", &plan(&environment, "model-x", "")]).env("X_KEY", KEY);
    let outcome = crate::harness::run(&mut command);
    assert_ne!(outcome.code(), 0);
    let ledger = repo.ledger();
    let finished = ledger.of_kind("step_finished")[0];
    assert_eq!(finished["exit_code"], 20, "{finished}");
    assert!(finished["message"].as_str().unwrap().contains("status 401: bad key ***"), "{finished}");
    assert!(environment.run("grep", &["-rF", KEY, "."]).stdout.is_empty() && !format!("{outcome:?}").contains(KEY));
    assert_sound(&repo);
}

fn ask(answers: Vec<Vec<u8>>) -> (Bridged, Server) {
    let environment = TestEnvironment::new();
    let server = Server::start(answers);
    (ask_at(&environment, &server.url(), &[("X_KEY", KEY)]), server)
}

fn ask_at(environment: &TestEnvironment, url: &str, variables: &[(&str, &str)]) -> Bridged {
    let scope = json!({"write": ["**"], "create": [], "forbid": []});
    let order = json!({"kind": "api", "base_url": url, "model": "m", "key_env": "X_KEY", "context_window": null, "scope": scope});
    bridge(environment, &order, (variables, &[]))
}

#[test]
fn every_failure_has_its_class_and_its_exit_code() {
    let json_head = "Content-Type: application/json\r\n";
    let cases: Vec<(&str, Vec<u8>, &str, i32)> = vec![
        ("forbidden", answer("403 Forbidden", "", "{}"), "auth", 20),
        ("rate", answer("429 Too Many Requests", "Retry-After: 7\r\n", "{}"), "rate_limit", 21),
        ("too long", answer("400 Bad Request", json_head, r#"{"error":{"code":"context_length_exceeded"}}"#), "context_too_long", 22),
        ("server", answer("503 Service Unavailable", "Retry-After: 3\r\n", "busy"), "server", 24),
        ("page", answer("200 OK", "Content-Type: text/html\r\n", "<html><body>Log in</body></html>"), "server", 24),
        ("refusal", stream(&[json!({"choices": [{"delta": {"refusal": "no"}}]}), end("stop")]), "refusal", 25),
        ("filter", stream(&[words("x"), end("content_filter")]), "refusal", 25),
        ("length", stream(&[words("x"), end("length")]), "turn_limit", 26),
        ("cut", answer("200 OK", "Content-Type: text/event-stream\r\n", &format!("data: {}\n\n", words("x"))), "network", 23),
        ("short", answer("200 OK", "Content-Length: 1000\r\n", &format!("data: {}\n\n", words("x"))), "network", 23),
        ("cut json", answer("200 OK", json_head, r#"{"choices":[{"message":{"cont"#), "network", 23),
        ("nothing", answer("200 OK", "", ""), "network", 23),
        ("no model", answer("404 Not Found", json_head, r#"{"error":{"message":"no such model"}}"#), "config", 28),
        ("in the middle", stream(&[words("x"), json!({"error": {"message": "Overloaded", "code": 529}})]), "server", 24),
        ("no HTTP", b"SSH-2.0-OpenSSH\r\n".to_vec(), "network", 23),
    ];
    for (name, given, class, code) in cases {
        let (Bridged { outcome, report }, _) = ask(vec![given]);
        assert_eq!((report["status"].as_str(), report["class"].as_str()), (Some("failed"), Some(class)), "{name}: {report}");
        assert_eq!(outcome.code(), code, "{name}: {outcome:?}");
        let last = outcome.stderr.lines().last().unwrap_or_default();
        assert!(last.contains(report["message"].as_str().unwrap()), "{name}: {outcome:?}");
        match name {
            "rate" => {
                assert!(last.ends_with("(retry after 7s)") && report["retry_after_sec"] == 7 && report["http_status"] == 429, "{report}");
            }
            "server" => assert_eq!(report["retry_after_sec"], 3),
            _ => assert_eq!(report["retry_after_sec"], Value::Null, "{name}"),
        }
    }
}

#[test]
fn servers_that_know_less_are_understood() {
    let (done, server) = ask(vec![answer("400 Bad Request", "", r#"{"error":"unknown field `stream_options`"}"#), with_diff()]);
    assert_eq!((done.outcome.code(), server.asked().len()), (0, 2), "{:?}", done.outcome);
    assert!(server.asked()[1].body.get("stream_options").is_none());
    let whole = json!({"choices": [{"message": {"role": "assistant", "content": DIFF}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 2}});
    let (done, _) = ask(vec![answer("200 OK", "Content-Type: application/json\r\n", &whole.to_string())]);
    assert_eq!(done.outcome.expect_code(0).stdout.trim(), DIFF.trim());
    assert_eq!(done.report["usage"]["input"], 5);
}

#[test]
fn a_key_goes_to_nobody_else_and_is_told_nowhere() {
    let thief = Server::start(vec![with_diff()]);
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (Bridged { outcome, report }, _) = ask(vec![answer(status, &format!("Location: {}\r\n", thief.url()), "")]);
        assert_eq!((report["class"].as_str(), outcome.code()), (Some("config"), 28), "{status}: {report}");
        assert!(report["message"].as_str().unwrap().contains(&thief.url()), "{report}");
    }
    assert!(thief.asked().is_empty());
    // A server that sends back what it was sent, in pieces.
    let events = [words("the key is sk-very-"), words("secret-key, is it not"), end("stop")];
    let (done, server) = ask(vec![stream(&events)]);
    assert_eq!(done.outcome.stdout, "the key is ***, is it not\n");
    assert!(server.asked()[0].head.contains(KEY));
}

#[test]
fn what_can_not_be_asked_is_told_clearly() {
    let environment = TestEnvironment::new();
    let check = |done: Bridged, class: &str, words: &str| {
        let message = done.report["message"].as_str().unwrap();
        assert!(done.report["class"] == class && message.contains(words), "{}", done.report);
    };
    check(ask_at(&environment, "http://127.0.0.1:1/v1", &[("X_KEY", KEY)]), "network", "can not be reached");
    check(ask_at(&environment, "http://127.0.0.1:1/v1", &[]), "auth", "`X_KEY`");
    check(ask_at(&environment, "http://127.0.0.1:1/v1", &[("X_KEY", "a\nb-secret-c")]), "config", "can not be used");
    let order = json!({"kind": "api", "base_url": "http://127.0.0.1:1", "model": null, "key_env": null, "context_window": null, "scope": {"write": [], "create": [], "forbid": []}});
    check(bridge(&environment, &order, (&[], &[])), "config", "no model is named");
    let server = Server::start(vec![with_diff()]);
    let https = server.url().replace("http:", "https:");
    check(ask_at(&environment, &https, &[("X_KEY", KEY)]), "network", "can not be reached");
    check(ask_at(&environment, &https, &[("X_KEY", KEY), ("SSL_CERT_FILE", "/dev/null")]), "config", "certificates");
}
