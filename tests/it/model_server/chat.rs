//! Chat completions of OpenAI, which most tools speak to any server.

use serde_json::{Value, json};

use super::USAGE;
use super::http::Answer;
use super::turn::{Move, Tool, Turn, text_of};

/// Reads a request.
pub(super) fn read(body: &Value) -> Turn {
    let mut turn = Turn::default();
    for message in body["messages"].as_array().into_iter().flatten() {
        let text = text_of(&message["content"]);
        match message["role"].as_str().unwrap_or_default() {
            "system" | "developer" => turn.system.push_str(&text),
            "user" => turn.users.push(text),
            "tool" => turn.results += 1,
            _ => {}
        }
    }
    let tools = body["tools"].as_array().into_iter().flatten().map(|tool| &tool["function"]);
    turn.tools = tools.filter_map(|tool| Some(Tool::new(tool["name"].as_str()?, &tool["parameters"]))).collect();
    turn
}

fn usage() -> Value {
    json!({
        "prompt_tokens": USAGE.input, "completion_tokens": USAGE.output, "total_tokens": USAGE.input + USAGE.output,
        "prompt_tokens_details": {"cached_tokens": USAGE.cached}, "completion_tokens_details": {"reasoning_tokens": USAGE.reasoning}
    })
}

/// Writes an answer, as a stream where one was asked for.
pub(super) fn write(body: &Value, turn: &Turn, made: &Move) -> Answer {
    let (mut message, finish) = match made {
        Move::Say(text) => (json!({"role": "assistant", "content": text}), "stop"),
        Move::Call(name, arguments) => (called(turn, name, &arguments.to_string()), "tool_calls"),
        Move::CallWithText(name, text) => (called(turn, name, text), "tool_calls"),
    };
    let model = body["model"].as_str().unwrap_or("scripted");
    let common =
        |object: &str, choices: Value| json!({"id": "chatcmpl-1", "object": object, "created": 1, "model": model, "choices": choices});
    if body["stream"] != true {
        let mut whole = common("chat.completion", json!([{"index": 0, "message": message, "finish_reason": finish}]));
        whole["usage"] = usage();
        return Answer::json(200, &whole);
    }
    if let Some(calls) = message["tool_calls"].as_array_mut() {
        for call in calls {
            call["index"] = json!(0);
        }
    }
    let chunk = |delta: &Value, finish: Option<&str>| {
        common("chat.completion.chunk", json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
    };
    let mut last = common("chat.completion.chunk", json!([]));
    last["usage"] = usage();
    let events = [chunk(&message, None), chunk(&json!({}), Some(finish)), last].map(|event| format!("data: {event}\n\n").into_bytes());
    Answer::Stream(events.into_iter().chain([b"data: [DONE]\n\n".to_vec()]).collect())
}

fn called(turn: &Turn, name: &str, arguments: &str) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    json!({"role": "assistant", "content": null, "tool_calls": [{"id": format!("call_{}", turn.results), "type": "function", "function": function}]})
}
