//! Conversations, as they should go and as they should not.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::acp::permission::Standing;
use crate::domain::policy::scope::Scope;

fn with_session<T>(work: impl FnOnce(&mut Session<'_>) -> T) -> T {
    let scope = Scope::new(&["src/**".to_owned()], &[], &[]).unwrap();
    let ground = Ground { worktree: Path::new("/w"), scope: &scope, standing: &|_| Standing::Taken };
    let (mut session, first) = Session::begin("/w", "do it", ground);
    assert!(first.contains(r#""id":1,"method":"initialize""#), "{first}");
    work(&mut session)
}

fn say(session: &mut Session<'_>, line: &Value) -> Vec<Deed> {
    session.hear(line.to_string().as_bytes())
}

fn update(kind: &str, more: &Value) -> Value {
    let mut update = json!({"sessionUpdate": kind});
    for (key, value) in more.as_object().unwrap() {
        update[key] = value.clone();
    }
    json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": update}})
}

fn sent(deeds: &[Deed]) -> Value {
    match deeds {
        [Deed::Send(line)] => serde_json::from_str(line).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn open(session: &mut Session<'_>) {
    let asked = sent(&say(session, &json!({"id": 1, "result": {"protocolVersion": 1, "agentCapabilities": {}}})));
    assert_eq!((&asked["method"], &asked["params"]["cwd"]), (&json!("session/new"), &json!("/w")));
    assert_eq!(session.cancel(), None);
    let asked = sent(&say(session, &json!({"id": 2, "result": {"sessionId": "s"}})));
    assert_eq!(asked["params"], json!({"sessionId": "s", "prompt": [{"type": "text", "text": "do it"}]}));
    assert_eq!(session.cancel().unwrap(), r#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s"}}"#);
}

#[test]
fn a_conversation_goes_to_its_end() {
    with_session(|session| {
        open(session);
        let mut text = String::new();
        for line in [
            update("agent_thought_chunk", &json!({"content": {"type": "text", "text": "hm"}})),
            update("agent_message_chunk", &json!({"content": {"type": "text", "text": "Of "}})),
            update("agent_message_chunk", &json!({"content": {"type": "text", "text": "course."}})),
            update("tool_call", &json!({"toolCallId": "1", "title": "Write x\n", "kind": "edit", "status": "pending"})),
            update("tool_call_update", &json!({"toolCallId": "1", "title": "Write x", "status": "failed"})),
            update("plan", &json!({"entries": []})),
            update("usage_update", &json!({"used": 1})),
        ] {
            for deed in say(session, &line) {
                let Deed::Show(shown) = deed else { panic!("{deed:?}") };
                text.push_str(&shown);
            }
        }
        assert_eq!(text, "[thinks] hm\nOf course.\n[edit] Write x\\n\n[failed] Write x\n");
        let usage = json!({"inputTokens": 9, "outputTokens": 2});
        let deeds = say(session, &json!({"id": 3, "result": {"stopReason": "end_turn", "usage": usage}}));
        let [Deed::End(report)] = deeds.as_slice() else { panic!("{deeds:?}") };
        assert_eq!((report.exit_code(), report.usage.unwrap().input, report.session.as_deref()), (0, 9, Some("s")));
        assert_eq!(session.cancel(), None);
        assert_eq!(say(session, &json!({"id": 3, "result": {}})), []);
    });
}

#[test]
fn what_is_asked_is_answered() {
    with_session(|session| {
        open(session);
        let ask = |kind: &str, path: &str| {
            let call = json!({"title": "t", "kind": kind, "locations": [{"path": path}]});
            let options = json!([{"optionId": "yes", "kind": "allow_once"}, {"optionId": "no", "kind": "reject_once"}]);
            json!({"id": 7, "method": "session/request_permission", "params": {"toolCall": call, "options": options}})
        };
        for (kind, path, answer, told) in [
            ("edit", "/w/src/a", "yes", "[allowed] t\n"),
            ("edit", "/w/b", "no", "[rejected] t: `b` is outside the scope: neither `files_scope` nor `files_create` covers it\n"),
            ("execute", "/w/src/a", "no", "[rejected] t: `execute` is not allowed\n"),
        ] {
            let deeds = say(session, &ask(kind, path));
            assert_eq!(deeds[0], Deed::Show(told.to_owned()));
            let answered = sent(&deeds[1..]);
            assert_eq!((&answered["id"], &answered["result"]["outcome"]["optionId"]), (&json!(7), &json!(answer)), "{kind} {path}");
        }
        let refused = sent(&say(session, &json!({"id": "x", "method": "fs/write_text_file", "params": {"path": "/w/src/a"}})));
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("x"), &json!(METHOD_NOT_FOUND)));
        let refused = sent(&say(session, &json!({"id": 1, "method": "session/request_permission", "params": {"options": 3}})));
        assert_eq!(refused["error"]["code"], json!(INVALID_PARAMS));
    });
}

#[test]
fn failures_end_it() {
    let check = |lines: &[Value], class: FailureClass| {
        with_session(|session| {
            let deeds: Vec<Deed> = lines.iter().flat_map(|line| say(session, line)).collect();
            let Some(Deed::End(report)) = deeds.last() else { panic!("{deeds:?}") };
            assert_eq!(report.class, Some(class), "{lines:?}");
        });
    };
    let (first, second) = (json!({"id": 1, "result": {"protocolVersion": 1}}), json!({"id": 2, "result": {"sessionId": "s"}}));
    check(&[json!({"id": 1, "result": {"protocolVersion": 2}})], FailureClass::Config);
    check(&[json!({"id": 1, "result": null})], FailureClass::Config);
    check(&[first.clone(), json!({"id": 2, "error": {"code": -32000, "message": "Authentication required"}})], FailureClass::Auth);
    check(&[first.clone(), json!({"id": 2, "result": {}})], FailureClass::Crashed);
    check(&[first.clone(), second.clone(), json!({"id": 3, "error": {"code": 429, "message": "slow"}})], FailureClass::RateLimit);
    check(&[first, second, json!({"id": 3, "result": {"stopReason": "refusal"}})], FailureClass::Refusal);
    with_session(|session| assert_eq!(session.broken("ended").class, Some(FailureClass::Crashed)));
}

/// Something like a document of the protocol.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        prop_oneof![Just("session/update"), Just("session/request_permission"), Just("edit"), Just("tool_call"), Just("/w/src/x")]
            .prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("id"),
        Just("method"),
        Just("params"),
        Just("result"),
        Just("error"),
        Just("update"),
        Just("sessionUpdate"),
        Just("toolCall"),
        Just("kind"),
        Just("locations"),
        Just("path"),
        Just("options"),
        Just("content"),
        Just("text"),
        Just("usage"),
        Just("protocolVersion")
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
        ]
    })
}

proptest! {
    #[test]
    fn nothing_is_too_strange(lines in proptest::collection::vec(document(), 0..6), noise in proptest::collection::vec(any::<u8>(), 0..60)) {
        with_session(|session| {
            session.hear(&noise);
            open(session);
            let mut ends = 0;
            for line in &lines {
                let deeds = say(session, line);
                ends += deeds.iter().filter(|deed| matches!(deed, Deed::End(_))).count();
                for deed in &deeds {
                    if let Deed::Send(sent) = deed {
                        assert!(!sent.contains('\n') && serde_json::from_str::<Value>(sent).is_ok());
                    }
                }
            }
            assert!(ends <= 1);
        });
    }
}
