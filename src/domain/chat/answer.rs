//! What a model answers, piece by piece or as a whole: text, usage, and how it ended.

use serde_json::Value;

use super::failure::of_error;
use crate::domain::text::{clip, one_line};
use crate::domain::tool::bridge::Report;
use crate::domain::tool::failure::FailureClass;
use crate::domain::tool::usage::Tokens;

/// How much of a refusal is told.
const MOST_WORDS: usize = 300;

/// What is known of an answer so far.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The tokens, where they were told.
    pub usage: Option<Tokens>,
    /// US dollars, where they were told.
    pub cost_usd: Option<f64>,
    /// The model, as the server calls it.
    pub model: Option<String>,
    /// What the server calls this answer.
    pub id: Option<String>,
    finish: Option<String>,
    refusal: String,
    is_over: bool,
    has_text: bool,
    failure: Option<Report>,
}

impl Answer {
    /// Takes the data of an event, or a whole answer; returns its text.
    pub fn take(&mut self, data: &[u8]) -> String {
        if data == b"[DONE]" {
            self.is_over = true;
            return String::new();
        }
        let Ok(value) = serde_json::from_slice::<Value>(data) else {
            let shown = clip(&one_line(&String::from_utf8_lossy(data)), 80);
            self.fail(Report::failed(FailureClass::Server, format!("the server sent what is no JSON: {shown}")));
            return String::new();
        };
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            self.fail(of_error(error));
            return String::new();
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        self.model = text("model").or(self.model.take());
        self.id = text("id").or(self.id.take());
        self.take_usage(&value);
        let mut said = String::new();
        // One answer was asked for.
        if let Some(choice) = value.pointer("/choices/0") {
            for part in ["delta", "message"].iter().filter_map(|key| choice.get(*key)) {
                said.push_str(&content(part.get("content")));
                self.refusal.push_str(part.get("refusal").and_then(Value::as_str).unwrap_or_default());
            }
            self.finish = choice.get("finish_reason").and_then(Value::as_str).map(str::to_owned).or(self.finish.take());
        }
        self.has_text |= !said.is_empty();
        said
    }

    /// Returns whether nothing of interest follows.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over || self.failure.is_some()
    }

    fn fail(&mut self, report: Report) {
        self.failure.get_or_insert(report);
    }

    fn take_usage(&mut self, value: &Value) {
        let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) else { return };
        let number = |place: &str| usage.pointer(place).and_then(Value::as_u64);
        let cached = number("/prompt_tokens_details/cached_tokens").or_else(|| number("/prompt_cache_hit_tokens")).unwrap_or(0);
        self.usage = Some(Tokens {
            // What was read includes what was found in a cache.
            input: number("/prompt_tokens").unwrap_or(0).saturating_sub(cached),
            cached,
            cache_write: 0,
            output: number("/completion_tokens").unwrap_or(0),
            reasoning: number("/completion_tokens_details/reasoning_tokens").unwrap_or(0),
        });
        self.cost_usd = usage.get("cost").and_then(Value::as_f64).filter(|cost| cost.is_finite() && *cost >= 0.0);
    }

    /// Returns what came of it, when no more follows.
    #[must_use]
    pub fn report(self) -> Report {
        let base = self.failure.clone().unwrap_or_else(|| self.verdict());
        Report { usage: self.usage, cost_usd: self.cost_usd, model: self.model, session: self.id, ..base }
    }

    fn verdict(&self) -> Report {
        if !self.refusal.trim().is_empty() {
            let words = clip(&one_line(self.refusal.trim()), MOST_WORDS);
            return Report::failed(FailureClass::Refusal, format!("the model refuses: {words}"));
        }
        match self.finish.as_deref() {
            Some("content_filter") => Report::failed(FailureClass::Refusal, "the filter of the server stopped the answer"),
            Some("length") => {
                Report::failed(FailureClass::TurnLimit, "the answer came to the most tokens that the model writes, and was cut")
            }
            Some(_) if self.has_text => Report::done("answered"),
            // An answer that was told to be over is over, also when nobody says why.
            None if self.is_over && self.has_text => Report::done("answered"),
            Some(reason) => {
                Report::failed(FailureClass::Failed, format!("the answer is empty; it ended with `{}`", clip(&one_line(reason), 40)))
            }
            None if self.is_over => Report::failed(FailureClass::Failed, "the answer is empty"),
            None => Report::failed(FailureClass::Network, "the answer broke off in the middle"),
        }
    }
}

/// Returns the text of a content: a string, or a list of parts.
fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(events: &[&str]) -> (String, Report) {
        let mut answer = Answer::default();
        let text = events.iter().map(|event| answer.take(event.as_bytes())).collect();
        (text, answer.report())
    }

    #[test]
    fn a_stream_is_put_together() {
        let (text, report) = read(&[
            r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"he"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"llo"}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1200,"completion_tokens":34,"prompt_tokens_details":{"cached_tokens":200},"completion_tokens_details":{"reasoning_tokens":7},"cost":0.01}}"#,
            "[DONE]",
        ]);
        assert_eq!(text, "hello");
        let usage = Tokens { input: 1000, cached: 200, cache_write: 0, output: 34, reasoning: 7 };
        let expect = Report {
            usage: Some(usage),
            cost_usd: Some(0.01),
            model: Some("m".to_owned()),
            session: Some("c1".to_owned()),
            ..Report::done("answered")
        };
        assert_eq!(report, expect);
    }

    #[test]
    fn a_whole_answer_is_read_alike() {
        let (text, report) = read(&[
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
        ]);
        assert_eq!((text.as_str(), report.exit_code(), report.usage.unwrap().input), ("x", 0, 5));
    }

    #[test]
    fn every_end_has_its_class() {
        let check = |events: &[&str], class: Option<FailureClass>, message: &str| {
            let (_, report) = read(events);
            assert_eq!((report.class, report.message.as_str()), (class, message), "{events:?}");
        };
        let some = r#"{"choices":[{"delta":{"content":"x"}}]}"#;
        let end = |reason: &str| format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        check(&[some, &end("stop")], None, "answered");
        check(&[some, "[DONE]"], None, "answered");
        check(&[some], Some(FailureClass::Network), "the answer broke off in the middle");
        check(&[], Some(FailureClass::Network), "the answer broke off in the middle");
        check(&["[DONE]"], Some(FailureClass::Failed), "the answer is empty");
        check(&[&end("tool_calls")], Some(FailureClass::Failed), "the answer is empty; it ended with `tool_calls`");
        check(&[some, &end("content_filter")], Some(FailureClass::Refusal), "the filter of the server stopped the answer");
        let cut = "the answer came to the most tokens that the model writes, and was cut";
        check(&[some, &end("length")], Some(FailureClass::TurnLimit), cut);
        let refusal = r#"{"choices":[{"delta":{"refusal":"I will not"}}]}"#;
        check(&[refusal, &end("stop")], Some(FailureClass::Refusal), "the model refuses: I will not");
        check(&[some, "<html>"], Some(FailureClass::Server), "the server sent what is no JSON: <html>");
        check(
            &[some, r#"{"error":{"message":"Overloaded","code":529}}"#, "[DONE]"],
            Some(FailureClass::Server),
            "the server says: Overloaded",
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..5)) {
            let mut answer = Answer::default();
            for piece in &pieces {
                answer.take(piece);
            }
            let _ = answer.report();
        }

        #[test]
        fn no_document_is_too_strange(key in "choices|usage|error|model", inner in "delta|message|prompt_tokens|code", number in any::<i64>()) {
            let mut answer = Answer::default();
            for value in [format!("{number}"), format!("[{number}]"), "null".to_owned(), format!("{{\"{inner}\":{number}}}"), format!("[{{\"{inner}\":{number}}}]")] {
                answer.take(format!("{{\"{key}\":{value}}}").as_bytes());
            }
            let _ = answer.report();
        }
    }
}
