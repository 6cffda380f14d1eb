//! Responses of OpenAI: a stream of named events.

use serde_json::{Value, json};

use super::USAGE;
use super::http::Answer;
use super::turn::{Move, Tool, Turn, text_of};

/// Reads a request.
pub(super) fn read(body: &Value) -> Turn {
    let mut turn = Turn { system: text_of(&body["instructions"]), ..Turn::default() };
    for item in body["input"].as_array().into_iter().flatten() {
        let text = text_of(&item["content"]);
        match (item["type"].as_str().unwrap_or("message"), item["role"].as_str().unwrap_or_default()) {
            ("message", "user") => turn.users.push(text),
            ("message", "system" | "developer") => turn.system.push_str(&text),
            (kind, _) if kind.ends_with("_output") => turn.results += 1,
            _ => {}
        }
    }
    let tools = body["tools"].as_array().into_iter().flatten();
    turn.tools = tools.filter_map(|tool| Some(Tool::new(tool["name"].as_str()?, &tool["parameters"]))).collect();
    turn
}

/// Writes an answer, as a stream where one was asked for.
pub(super) fn write(body: &Value, turn: &Turn, made: &Move) -> Answer {
    let (id, call) = (format!("item_{}", turn.results), format!("call_{}", turn.results));
    let item = match made {
        Move::Say(text) => json!({
            "type": "message", "id": id, "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]
        }),
        Move::Call(name, arguments) => {
            json!({"type": "function_call", "id": id, "call_id": call, "name": name, "arguments": arguments.to_string(), "status": "completed"})
        }
        Move::CallWithText(name, text) => {
            json!({"type": "custom_tool_call", "id": id, "call_id": call, "name": name, "input": text, "status": "completed"})
        }
    };
    let usage = json!({
        "input_tokens": USAGE.input, "input_tokens_details": {"cached_tokens": USAGE.cached},
        "output_tokens": USAGE.output, "output_tokens_details": {"reasoning_tokens": USAGE.reasoning},
        "total_tokens": USAGE.input + USAGE.output
    });
    let response = json!({
        "id": format!("resp_{}", turn.results), "object": "response", "created_at": 1, "model": body["model"], "status": "completed",
        "output": [item], "usage": usage
    });
    if body["stream"] != true {
        return Answer::json(200, &response);
    }
    let mut begun = response.clone();
    (begun["status"], begun["output"], begun["usage"]) = (json!("in_progress"), json!([]), Value::Null);
    let mut open = item.clone();
    open["status"] = json!("in_progress");
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": open}),
    ];
    if let Move::Say(text) = made {
        events.push(json!({"type": "response.output_text.delta", "item_id": id, "output_index": 0, "content_index": 0, "delta": text}));
    }
    events.push(json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
    events.push(json!({"type": "response.completed", "response": response}));
    let lines = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()));
    Answer::Stream(lines.map(String::into_bytes).collect())
}
