//! The server itself, asked over plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Behaviour, ModelServer};

/// An answer, with the chunks of its body joined.
#[derive(Debug)]
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the events of a stream.
    fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|line| *line != "[DONE]");
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

fn connect(server: &ModelServer) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Returns the same request for a stream.
fn streamed(mut request: Value) -> Value {
    request["stream"] = json!(true);
    request
}

fn post(server: &ModelServer, behaviour: Behaviour, path: &str, body: &Value) -> Answered {
    let mut stream = connect(server);
    let body = body.to_string();
    let head =
        format!("POST /{}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", behaviour.name(), body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut text = Vec::new();
    // The server keeps connections; the end of an answer is told by its length.
    let mut chunk = [0; 64 << 10];
    while !is_whole(&text) {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => text.extend_from_slice(&chunk[..count]),
            Err(error) => panic!("{behaviour:?}: {error}"),
        }
    }
    parse(&String::from_utf8(text).unwrap())
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map(|length| length.parse().unwrap())
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    match length(&String::from_utf8_lossy(&bytes[..end])) {
        Some(length) => bytes.len() >= end + 4 + length,
        None => bytes.ends_with(b"\r\n0\r\n\r\n"),
    }
}

fn parse(text: &str) -> Answered {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).unwrap_or("0").parse().unwrap();
    let mut body = String::new();
    if length(head).is_some() {
        body.push_str(rest);
    } else {
        let mut rest = rest;
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            body.push_str(&after[..size]);
            rest = after[size..].trim_start_matches("\r\n");
        }
    }
    Answered { status, head: head.to_owned(), body }
}

const PROMPT: &str = "- FAKE-WRITE a.txt <<<new\\n>>>\n- FAKE-OLD a.txt <<<old\\n>>>\n- FAKE-FIX a.txt <<<mended\\n>>>";

/// Returns a chat in which the model has a tool to read and one to write, and in which that many calls were answered.
fn chat(prompt: &str, results: usize) -> Value {
    let tool = |name: &str, arguments: Value| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": arguments}}});
    let text = json!({"type": "string"});
    let mut messages = vec![
        json!({"role": "system", "content": "You are at work.\nCurrent working directory: /srv/wt\n"}),
        json!({"role": "user", "content": [{"type": "text", "text": prompt}]}),
    ];
    messages.extend((0..results).map(|call| json!({"role": "tool", "tool_call_id": format!("call_{call}"), "content": "fine"})));
    json!({"model": "m", "messages": messages, "tools": [
        tool("read_file", json!({"filePath": text})),
        tool("write_file", json!({"filePath": text, "content": text})),
    ]})
}

#[test]
fn chats_read_write_and_end() {
    let server = ModelServer::start();
    let ask = |prompt: &str, results| post(&server, Behaviour::Ok, "/v1/chat/completions", &chat(prompt, results)).json();
    let called = |answer: &Value| -> (String, Value) {
        let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
        (call["name"].as_str().unwrap().to_owned(), serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap())
    };
    let check = |prompt: &str, results, name: &str, arguments: Value| {
        assert_eq!(called(&ask(prompt, results)), (name.to_owned(), arguments), "{prompt}");
    };
    check(PROMPT, 0, "read_file", json!({"filePath": "/srv/wt/a.txt"}));
    check(PROMPT, 1, "write_file", json!({"filePath": "/srv/wt/a.txt", "content": "new\n"}));
    check(
        &format!("{PROMPT}\n\n# What to mend\n\nThe step fails."),
        1,
        "write_file",
        json!({"filePath": "/srv/wt/a.txt", "content": "mended\n"}),
    );
    let last = ask(PROMPT, 2);
    assert_eq!(last["choices"][0]["message"]["content"], "The change is made.");
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    let usage = &last["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(1200), &json!(34)));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 200);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 7);
    assert_eq!(server.requests().len(), 4);
    assert_eq!(server.requests()[0].path, "/ok/v1/chat/completions");
}

#[test]
fn chats_are_streamed() {
    let server = ModelServer::start();
    let answer = post(&server, Behaviour::Ok, "/v1/chat/completions", &streamed(chat(PROMPT, 1)));
    assert!(answer.head.contains("text/event-stream") && answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    let events = answer.events();
    assert_eq!(events[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"], "write_file");
    assert_eq!(events[1]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(events[2]["usage"]["total_tokens"], 1234);
}

#[test]
fn responses_are_streamed() {
    let server = ModelServer::start();
    let ask = |input: Value| {
        let tools = json!([{"type": "custom", "name": "apply_patch"}]);
        post(
            &server,
            Behaviour::Ok,
            "/v1/responses",
            &json!({"model": "m", "stream": true, "instructions": "", "input": input, "tools": tools}),
        )
    };
    let user = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": PROMPT}]});
    let events = ask(json!([user])).events();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["response.created", "response.output_item.added", "response.output_item.done", "response.completed"]);
    assert_eq!(events[2]["item"]["input"], "*** Begin Patch\n*** Add File: a.txt\n+new\n*** End Patch\n");
    let usage = &events[3]["response"]["usage"];
    assert_eq!(usage["output_tokens_details"]["reasoning_tokens"], 7);
    let said = ask(json!([user, {"type": "custom_tool_call_output", "call_id": "call_0", "output": "fine"}])).events();
    assert!(said.iter().any(|event| event["delta"] == "The change is made."), "{said:?}");
}

#[test]
fn gemini_is_answered_both_ways() {
    let server = ModelServer::start();
    let ask = |path: &str| {
        let tools = json!([{"functionDeclarations": [{"name": "write_file", "parametersJsonSchema": {"properties": {"file_path": {"type": "string"}}}}]}]);
        let body = json!({"contents": [{"role": "user", "parts": [{"text": PROMPT}]}], "tools": tools});
        post(&server, Behaviour::Ok, path, &body)
    };
    let events = ask("/v1beta/models/m:streamGenerateContent?alt=sse").events();
    let whole = ask("/v1beta/models/m:generateContent").json();
    assert_eq!(events, std::slice::from_ref(&whole));
    let call = &whole["candidates"][0]["content"]["parts"][0]["functionCall"];
    assert_eq!(call, &json!({"name": "write_file", "args": {"file_path": "a.txt", "content": "new\n"}}));
    assert_eq!(whole["usageMetadata"]["thoughtsTokenCount"], 7);
}

#[test]
fn clients_without_tools_get_text() {
    let server = ModelServer::start();
    let ask = |behaviour, system: &str| {
        let body = json!({"model": "m", "messages": [{"role": "system", "content": system}, {"role": "user", "content": PROMPT}]});
        let answer = post(&server, behaviour, "/v1/chat/completions", &body).json();
        answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    let blocks = "a.txt\n```\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n\n";
    assert_eq!(ask(Behaviour::Ok, "Write SEARCH/REPLACE blocks."), blocks);
    assert_eq!(ask(Behaviour::Ok, "Write whole files."), "a.txt\n```\nnew\n```\n\n");
    let diff = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-old\n+new\n";
    assert_eq!(ask(Behaviour::Diff, ""), format!("Here is the change.\n\n```diff\n{diff}```\n"));
    assert!(ask(Behaviour::Refuse, "").starts_with("I'm sorry"));
    assert!(ask(Behaviour::NoChange, "").starts_with("Nothing"));
    assert!(ask(Behaviour::Huge, "").len() > 7 << 20);
}

#[test]
fn failures_are_those_of_the_services() {
    let server = ModelServer::start();
    let ask = |behaviour| post(&server, behaviour, "/v1/chat/completions", &chat(PROMPT, 0));
    let code = |answer: &Answered| answer.json()["error"]["code"].clone();
    for (behaviour, status, expected) in [
        (Behaviour::ServerError, 500, "server_error"),
        (Behaviour::Unauthorized, 401, "invalid_api_key"),
        (Behaviour::RateLimited, 429, "rate_limit_exceeded"),
        (Behaviour::ContextLength, 400, "context_length_exceeded"),
    ] {
        let answer = ask(behaviour);
        assert_eq!((answer.status, code(&answer)), (status, json!(expected)), "{behaviour:?}");
        assert_eq!(answer.head.contains("Retry-After: 7"), status == 429, "{answer:?}");
    }
    assert!(ask(Behaviour::Garbage).body.starts_with("<!DOCTYPE html>"));
    let google = post(&server, Behaviour::RateLimited, "/v1beta/models/m:generateContent", &json!({})).json();
    assert_eq!(google["error"]["status"], "RESOURCE_EXHAUSTED");
}

#[test]
fn some_fail_before_and_some_after() {
    let server = ModelServer::start();
    let status = |behaviour, results| post(&server, behaviour, "/v1/chat/completions", &chat(PROMPT, results)).status;
    assert_eq!([0, 0, 0, 1].map(|results| status(Behaviour::Flaky, results)), [500, 500, 200, 200]);
    assert_eq!([0, 0, 0, 1].map(|results| status(Behaviour::Limited, results)), [429, 429, 200, 200]);
    assert_eq!([0, 1, 2].map(|results| status(Behaviour::Partial, results)), [200, 200, 500]);
    let cut = post(&server, Behaviour::Drop, "/v1/chat/completions", &streamed(chat(PROMPT, 0)));
    assert!(cut.status == 200, "{cut:?}");
}

#[test]
fn a_hanging_answer_ends_with_the_server() {
    let server = ModelServer::start();
    let mut stream = connect(&server);
    let head = "POST /hang/v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(head.as_bytes()).unwrap();
    while server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut byte = [0];
    assert!(stream.read(&mut byte).is_err(), "it answered");
    drop(server);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(stream.read(&mut byte).unwrap(), 0);
}

#[test]
fn bodies_in_chunks_and_connections_that_stay_are_read() {
    let server = ModelServer::start();
    let mut stream = connect(&server);
    let request = "POST /e401/v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    for round in 1..=2 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = vec![0; 64 << 10];
        let count = stream.read(&mut bytes).unwrap();
        assert!(String::from_utf8_lossy(&bytes[..count]).starts_with("HTTP/1.1 401"), "round {round}");
    }
    assert_eq!(server.requests().iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(), ["{}", "{}"]);
}
