//! From a request to an answer: the protocol by the path, what is done by the behaviour.

use serde_json::{Value, json};

use super::http::Answer;
use super::turn::{Move, Turn};
use super::{Behaviour, Seen, chat, client, gemini, responses};

/// How much text a flood has.
const FLOOD: usize = 8 << 20;

/// A protocol, with whether its answer is asked for as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Chat,
    Responses,
    Gemini,
}

impl Protocol {
    fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        if path.ends_with("/chat/completions") {
            Some(Self::Chat)
        } else if path.ends_with("/responses") {
            Some(Self::Responses)
        } else if path.ends_with(":streamGenerateContent") || path.ends_with(":generateContent") {
            Some(Self::Gemini)
        } else {
            None
        }
    }
}

/// Answers a request; `earlier` is how often the same path was asked before.
pub(super) fn to(seen: &Seen, earlier: usize) -> Answer {
    let Some(behaviour) = Behaviour::of_path(&seen.path) else {
        return Answer::json(404, &json!({"error": {"message": format!("no behaviour begins {}", seen.path)}}));
    };
    if seen.method == "GET" {
        let models = json!({"object": "list", "data": [{"id": "scripted", "object": "model", "created": 1, "owned_by": "tests"}]});
        return Answer::json(200, &models);
    }
    let (Some(protocol), Ok(body)) = (Protocol::of_path(&seen.path), serde_json::from_str::<Value>(&seen.body)) else {
        return Answer::json(404, &json!({"error": {"message": format!("nothing is served at {}", seen.path)}}));
    };
    let turn = match protocol {
        Protocol::Chat => chat::read(&body),
        Protocol::Responses => responses::read(&body),
        Protocol::Gemini => gemini::read(&body),
    };
    let say = |made: &Move| match protocol {
        Protocol::Chat => chat::write(&body, &turn, made),
        Protocol::Responses => responses::write(&body, &turn, made),
        Protocol::Gemini => gemini::write(&seen.path, made),
    };
    match behaviour {
        Behaviour::Ok => say(&client::next(&turn)),
        Behaviour::Flaky if earlier < 2 => failure(protocol, 500),
        Behaviour::Limited if earlier < 2 => limited(protocol, "2"),
        Behaviour::Flaky | Behaviour::Limited => say(&client::next(&turn)),
        Behaviour::Partial if client::has_written(&turn) => failure(protocol, 500),
        Behaviour::Partial => say(&client::next(&turn)),
        Behaviour::NoChange => say(&Move::Say("Nothing needs to be changed.".to_owned())),
        Behaviour::Refuse => say(&Move::Say("I'm sorry, but I can't help with that request.".to_owned())),
        Behaviour::Diff => say(&Move::Say(client::as_diff(&turn))),
        Behaviour::Huge => say(&Move::Say(flood())),
        Behaviour::ServerError => failure(protocol, 500),
        Behaviour::Unauthorized => failure(protocol, 401),
        Behaviour::RateLimited => limited(protocol, "7"),
        Behaviour::ContextLength => failure(protocol, 400),
        Behaviour::Garbage => {
            let page = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n";
            Answer::Full(200, vec![("Content-Type", "text/html")], page.into())
        }
        Behaviour::Drop => Answer::Cut(cut(protocol, &turn)),
        Behaviour::Hang => Answer::Silence,
    }
}

fn flood() -> String {
    let line = "All work and no play makes a model a dull thing, and a log a long one.\n";
    line.repeat(FLOOD / line.len())
}

/// Returns the beginning of a stream that says something and never ends.
fn cut(protocol: Protocol, turn: &Turn) -> Vec<u8> {
    let stream = json!({"stream": true, "model": "scripted"});
    let begun = Move::Say("I will".to_owned());
    let answer = match protocol {
        Protocol::Chat => chat::write(&stream, turn, &begun),
        Protocol::Responses => responses::write(&stream, turn, &begun),
        Protocol::Gemini => return b"data: {\"candidates\": [{\"index\": 0, \"content\": {\"role\": \"model\", \"par".to_vec(),
    };
    match answer {
        Answer::Stream(parts) => parts.into_iter().next().unwrap_or_default(),
        Answer::Full(..) | Answer::Cut(_) | Answer::Silence => Vec::new(),
    }
}

/// Returns an error as the real services write it.
fn failure(protocol: Protocol, status: u16) -> Answer {
    let (kind, code, google, message) = match status {
        400 => (
            "invalid_request_error",
            "context_length_exceeded",
            "INVALID_ARGUMENT",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
        ),
        401 => ("invalid_request_error", "invalid_api_key", "UNAUTHENTICATED", "Incorrect API key provided: test."),
        _ => ("server_error", "server_error", "INTERNAL", "The server had an error while processing your request. Sorry about that!"),
    };
    Answer::json(status, &error(protocol, (status, message), (kind, code, google)))
}

/// Returns the error of a rate limit that is over after so many seconds.
fn limited(protocol: Protocol, seconds: &'static str) -> Answer {
    let message = format!("Rate limit reached for requests per minute: limit 3, used 3. Please try again in {seconds}s.");
    let body = error(protocol, (429, &message), ("requests", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"));
    Answer::Full(429, vec![("Content-Type", "application/json"), ("Retry-After", seconds)], body.to_string().into_bytes())
}

fn error(protocol: Protocol, (status, message): (u16, &str), (kind, code, google): (&str, &str, &str)) -> Value {
    match protocol {
        Protocol::Chat | Protocol::Responses => json!({"error": {"message": message, "type": kind, "param": null, "code": code}}),
        Protocol::Gemini => json!({"error": {"code": status, "message": message, "status": google}}),
    }
}
