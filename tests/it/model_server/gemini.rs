//! The protocol of Gemini.

use serde_json::{Value, json};

use super::USAGE;
use super::http::Answer;
use super::turn::{Move, Tool, Turn, text_of};

/// Reads a request.
pub(super) fn read(body: &Value) -> Turn {
    let mut turn = Turn { system: text_of(&body["systemInstruction"]["parts"]), ..Turn::default() };
    for content in body["contents"].as_array().into_iter().flatten() {
        let parts = content["parts"].as_array().into_iter().flatten();
        turn.results += parts.filter(|part| part["functionResponse"].is_object()).count();
        let text = text_of(&content["parts"]);
        if content["role"] == "user" && !text.is_empty() {
            turn.users.push(text);
        }
    }
    let tools = body["tools"].as_array().into_iter().flatten();
    let functions = tools.flat_map(|tool| tool["functionDeclarations"].as_array().into_iter().flatten());
    turn.tools = functions
        .filter_map(|tool| {
            let schema = if tool["parameters"].is_object() { &tool["parameters"] } else { &tool["parametersJsonSchema"] };
            Some(Tool::new(tool["name"].as_str()?, schema))
        })
        .collect();
    turn
}

/// Writes an answer; `is_stream` by the path, since the body does not say it.
pub(super) fn write(path: &str, made: &Move) -> Answer {
    let part = match made {
        Move::Say(text) | Move::CallWithText(_, text) => json!({"text": text}),
        Move::Call(name, arguments) => json!({"functionCall": {"name": name, "args": arguments}}),
    };
    let answer = json!({
        "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": USAGE.input, "cachedContentTokenCount": USAGE.cached, "candidatesTokenCount": USAGE.output,
            "thoughtsTokenCount": USAGE.reasoning, "totalTokenCount": USAGE.input + USAGE.output + USAGE.reasoning
        },
        "modelVersion": "scripted", "responseId": "r1"
    });
    if path.contains("alt=sse") { Answer::Stream(vec![format!("data: {answer}\r\n\r\n").into_bytes()]) } else { Answer::json(200, &answer) }
}
