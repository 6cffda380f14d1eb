//! How asking a model fails: from a status and a body to a class and a sentence.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::text::{clip, one_line};
use crate::domain::tool::bridge::Report;
use crate::domain::tool::failure::FailureClass;

/// How much of a server's own words is told.
const MOST_WORDS: usize = 300;

/// What a server says when it is given too much to read; in lower case.
const TOO_LONG: [&str; 12] = [
    "context_length",
    "context length",
    "context window",
    "context size",
    "maximum context",
    "max_context",
    "exceed_context",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "reduce the length",
    "token limit",
];
/// What a server says when its own filter refuses.
const FILTERED: [&str; 4] = ["content_policy", "content_filter", "content management policy", "safety system"];
/// What a server says when there is no money left.
const NO_MONEY: [&str; 5] = ["insufficient_quota", "billing", "credit balance", "insufficient credit", "insufficient balance"];

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Returns the class of an answer with this status; `text` is its body.
#[must_use]
pub fn class(status: u16, text: &str) -> FailureClass {
    let text = text.to_ascii_lowercase();
    match status {
        401 | 403 => FailureClass::Auth,
        402 => FailureClass::Budget,
        429 if says(&text, &NO_MONEY) => FailureClass::Budget,
        429 => FailureClass::RateLimit,
        413 => FailureClass::ContextTooLong,
        400 | 404 | 422 | 500..=599 if says(&text, &TOO_LONG) => FailureClass::ContextTooLong,
        400 | 422 if says(&text, &FILTERED) => FailureClass::Refusal,
        300..=399 | 404 | 405 | 410 => FailureClass::Config,
        408 | 425 => FailureClass::Network,
        500..=599 => FailureClass::Server,
        _ => FailureClass::Failed,
    }
}

/// Returns the class of an error that comes without a status of HTTP, from its own words.
#[must_use]
pub fn class_of_words(words: &str) -> FailureClass {
    let text = words.to_ascii_lowercase();
    let cases: [(&[&str], FailureClass); 6] = [
        (&TOO_LONG, FailureClass::ContextTooLong),
        (&NO_MONEY, FailureClass::Budget),
        (&FILTERED, FailureClass::Refusal),
        (&["rate limit", "rate_limit", "too many requests", "resource_exhausted", "quota"], FailureClass::RateLimit),
        (&["unauthorized", "unauthenticated", "api key", "api_key", "authentication", "permission_denied"], FailureClass::Auth),
        (&["overloaded", "internal error", "internal server error", "server_error", "unavailable"], FailureClass::Server),
    ];
    cases.iter().find(|(known, _)| says(&text, known)).map_or(FailureClass::Failed, |(_, class)| *class)
}

/// Returns the report of an answer with a status that is no success. `retry_after` is the header of that name.
#[must_use]
pub fn of_status(status: u16, body: &[u8], (retry_after, now): (Option<&str>, Timestamp)) -> Report {
    let text = String::from_utf8_lossy(body);
    let words = serde_json::from_slice::<Value>(body).ok().and_then(|value| words(&value)).unwrap_or_else(|| plain(&text));
    let class = class(status, &text);
    let message = if words.is_empty() { format!("the server answers with status {status}") } else { format!("status {status}: {words}") };
    let waits = matches!(class, FailureClass::RateLimit | FailureClass::Server);
    let told = || retry_after.and_then(|text| seconds(text, now)).or_else(|| seconds_in_words(&words));
    let retry_after_sec = waits.then(told).flatten();
    Report { http_status: Some(status), retry_after_sec, ..Report::failed(class, message) }
}

/// Returns the report of an error that stands in an answer which began as a success.
#[must_use]
pub fn of_error(error: &Value) -> Report {
    let text = error.to_string();
    let words = words(error).unwrap_or_else(|| plain(&text));
    let code = ["code", "status"].iter().find_map(|key| error.get(*key)?.as_u64()).and_then(|code| u16::try_from(code).ok());
    let class = match code.filter(|code| (400..600).contains(code)) {
        Some(code) => class(code, &text),
        None => class_of_words(&text),
    };
    // Somebody whose words mean nothing to us broke off in the middle of an answer.
    let class = if class == FailureClass::Failed { FailureClass::Server } else { class };
    Report { http_status: code.filter(|code| (400..600).contains(code)), ..Report::failed(class, format!("the server says: {words}")) }
}

/// Returns what an error says for people, in the forms that servers have for it.
fn words(value: &Value) -> Option<String> {
    let places = ["/error/message", "/message", "/error", "/detail", "/error/0/message", "/0/error/message"];
    let text = places.iter().find_map(|place| value.pointer(place)?.as_str())?;
    Some(plain(text))
}

fn plain(text: &str) -> String {
    clip(&one_line(text.trim()), MOST_WORDS)
}

/// Returns how many seconds a `Retry-After` header means: a number, or a date.
fn seconds(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the bounds of a day before")]
        return (seconds.is_finite() && seconds >= 0.0).then(|| seconds.min(86_400.0).ceil() as u64);
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(u64::try_from(at.duration_since(now).as_secs()).unwrap_or(0).min(86_400))
}

/// Returns how many seconds the words `try again in 1m2.5s` mean.
fn seconds_in_words(words: &str) -> Option<u64> {
    let (_, rest) = words.split_once("again in ")?;
    let mut rest = rest.trim_start();
    let mut total = 0.0;
    let mut is_told = false;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..end].parse::<f64>() else { break };
        let unit = rest[end..].trim_start();
        let (factor, length) = match unit.find(|c: char| !c.is_ascii_alphabetic()).map_or(unit, |at| &unit[..at]) {
            "ms" => (0.001, 2),
            "h" => (3600.0, 1),
            "m" => (60.0, 1),
            "s" => (1.0, 1),
            "second" | "seconds" => (1.0, 6),
            "minute" | "minutes" => (60.0, 6),
            _ => break,
        };
        total += number * factor;
        is_told = true;
        rest = &unit[length..];
    }
    is_told.then(|| seconds(&total.to_string(), Timestamp::UNIX_EPOCH)).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn statuses_and_bodies_have_classes() {
        let check = |status, body: &str, class, message: &str| {
            let report = of_status(status, body.as_bytes(), (None, now()));
            assert_eq!(
                (report.class, report.message.as_str(), report.http_status),
                (Some(class), message, Some(status)),
                "{status} {body}"
            );
        };
        check(401, r#"{"error":{"message":"bad key","type":"x"}}"#, FailureClass::Auth, "status 401: bad key");
        check(403, "", FailureClass::Auth, "the server answers with status 403");
        check(429, r#"{"error":{"message":"slow"}}"#, FailureClass::RateLimit, "status 429: slow");
        check(429, r#"{"error":{"message":"no","code":"insufficient_quota"}}"#, FailureClass::Budget, "status 429: no");
        check(
            400,
            r#"{"error":{"message":"too big","code":"context_length_exceeded"}}"#,
            FailureClass::ContextTooLong,
            "status 400: too big",
        );
        let llama =
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#;
        check(400, llama, FailureClass::ContextTooLong, "status 400: the request exceeds the available context size");
        check(400, r#"{"error":"content_policy_violation"}"#, FailureClass::Refusal, "status 400: content_policy_violation");
        check(400, r#"{"detail":"what?"}"#, FailureClass::Failed, "status 400: what?");
        check(404, r#"{"error":{"message":"no such model"}}"#, FailureClass::Config, "status 404: no such model");
        check(413, "x", FailureClass::ContextTooLong, "status 413: x");
        check(500, "<h1>\u{1b}oh</h1>", FailureClass::Server, "status 500: <h1>\\u{1b}oh</h1>");
        check(503, "[]", FailureClass::Server, "status 503: []");
        check(302, "", FailureClass::Config, "the server answers with status 302");
        check(418, "tea", FailureClass::Failed, "status 418: tea");
    }

    #[test]
    fn when_to_come_back_is_read_in_both_forms() {
        let check = |status, text, expect| assert_eq!(of_status(status, b"", (Some(text), now())).retry_after_sec, expect, "{text}");
        check(429, "7", Some(7));
        check(503, "0.2", Some(1));
        check(429, "Fri, 02 Jan 2026 03:05:05 GMT", Some(60));
        check(429, "Fri, 02 Jan 2026 03:00:05 GMT", Some(0));
        check(429, "1e99", Some(86_400));
        for text in ["", "soon", "-1", "NaN"] {
            check(429, text, None);
        }
        check(401, "7", None);
        for (words, expect) in [
            ("Please try again in 7s.", Some(7)),
            ("try again in 1m2.5s", Some(63)),
            ("try again in 20 seconds", Some(20)),
            ("try again in 350ms", Some(1)),
            ("try again in a while", None),
            ("try again in 7 moons", None),
            ("try again in 9é", None),
        ] {
            assert_eq!(of_status(429, words.as_bytes(), (None, now())).retry_after_sec, expect, "{words}");
        }
    }

    #[test]
    fn errors_in_the_middle_of_an_answer_have_classes() {
        let check = |error: Value, class, message: &str| {
            let report = of_error(&error);
            assert_eq!((report.class, report.message.as_str()), (Some(class), message), "{error}");
        };
        check(serde_json::json!({"message": "m", "code": 429}), FailureClass::RateLimit, "the server says: m");
        check(serde_json::json!({"message": "Overloaded"}), FailureClass::Server, "the server says: Overloaded");
        check(
            serde_json::json!({"message": "maximum context length"}),
            FailureClass::ContextTooLong,
            "the server says: maximum context length",
        );
        check(serde_json::json!("weird"), FailureClass::Server, "the server says: \"weird\"");
    }

    proptest! {
        #[test]
        fn anything_has_a_class(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..100), after in ".{0,20}") {
            let report = of_status(status, &body, (Some(&after), now()));
            prop_assert!(report.exit_code() != 0);
        }
    }
}
