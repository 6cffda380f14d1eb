//! How a conversation fails: from an error of JSON-RPC or the reason of a stop to a class and a sentence.

use super::wire::RpcError;
use crate::domain::chat::failure::{class, class_of_words};
use crate::domain::text::{clip, one_line};
use crate::domain::tool::bridge::Report;
use crate::domain::tool::failure::FailureClass;

/// How much of the other side's words is told.
const MOST_WORDS: usize = 300;
/// The protocol's code for a program that is not logged in.
const NOT_LOGGED_IN: i64 = -32000;

/// Returns the report of an error that answers a request.
#[must_use]
pub fn of_error(method: &str, error: &RpcError) -> Report {
    let detail = ["/details", "/message", "/error/message", ""].iter().find_map(|place| error.data.pointer(place)?.as_str());
    let mut words = error.message.clone();
    if let Some(detail) = detail.filter(|detail| !words.contains(*detail)) {
        words = format!("{words}: {detail}");
    }
    let text = format!("{words} {}", error.data);
    let status = u16::try_from(error.code).ok().filter(|code| (400..600).contains(code)).or_else(|| status_in(&text));
    let found = match status {
        Some(status) => class(status, &text),
        None if error.code == NOT_LOGGED_IN => FailureClass::Auth,
        None => class_of_words(&text),
    };
    let words = clip(&one_line(words.trim()), MOST_WORDS);
    Report { http_status: status, ..Report::failed(found, format!("`{method}` failed ({}): {words}", error.code)) }
}

/// Returns a status of HTTP that stands in a text as a word of its own, after a word that says so.
fn status_in(text: &str) -> Option<u16> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_sign = |word: &str| ["status", "code", "http", "error"].contains(&word.to_ascii_lowercase().as_str());
    words.windows(2).find_map(|pair| {
        let status = pair[1].parse::<u16>().ok().filter(|status| (400..600).contains(status) && pair[1].len() == 3)?;
        is_sign(pair[0]).then_some(status)
    })
}

/// Returns the report of an end with this reason.
#[must_use]
pub fn of_stop(reason: Option<&str>) -> Report {
    match reason {
        Some("end_turn") => Report::done("the turn is over"),
        Some("refusal") => Report::failed(FailureClass::Refusal, "it refuses"),
        Some("max_tokens") => Report::failed(FailureClass::TurnLimit, "it came to the most tokens of an answer"),
        Some("max_turn_requests") => Report::failed(FailureClass::TurnLimit, "it came to the most requests of a turn"),
        Some("cancelled") => Report::failed(FailureClass::Failed, "it was cancelled"),
        Some(other) => Report::failed(FailureClass::Failed, format!("it stopped for the reason `{}`", clip(&one_line(other), 40))),
        None => Report::failed(FailureClass::Failed, "it stopped without a reason"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn errors_have_classes() {
        let check = |code: i64, message: &str, data: Value, class: FailureClass| {
            let error = RpcError { code, message: message.to_owned(), data };
            let report = of_error("session/prompt", &error);
            assert_eq!(report.class, Some(class), "{report:?}");
        };
        check(-32000, "Authentication required", Value::Null, FailureClass::Auth);
        check(-31002, "model error", json!({"details": "HTTP status 401 from the server"}), FailureClass::Auth);
        check(400, "the input token count exceeds the maximum context", Value::Null, FailureClass::ContextTooLong);
        check(429, "slow down", Value::Null, FailureClass::RateLimit);
        check(-32603, "Internal error", json!({"details": "Rate limit reached"}), FailureClass::RateLimit);
        check(-32603, "Internal error", json!({"details": "got status: 503"}), FailureClass::Server);
        check(-32603, "Internal error", Value::Null, FailureClass::Server);
        check(-32602, "line 429 of x", Value::Null, FailureClass::Failed);
        let error = RpcError { code: 1, message: "a".to_owned(), data: json!({"details": "b\n"}) };
        assert_eq!(of_error("m", &error).message, "`m` failed (1): a: b");
    }

    #[test]
    fn stops_have_classes() {
        assert_eq!(of_stop(Some("end_turn")).exit_code(), 0);
        for (reason, class) in [
            (Some("refusal"), FailureClass::Refusal),
            (Some("max_tokens"), FailureClass::TurnLimit),
            (Some("max_turn_requests"), FailureClass::TurnLimit),
            (Some("cancelled"), FailureClass::Failed),
            (Some("tea"), FailureClass::Failed),
            (None, FailureClass::Failed),
        ] {
            assert_eq!(of_stop(reason).class, Some(class), "{reason:?}");
        }
    }
}
