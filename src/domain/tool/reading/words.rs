//! What is told to people about a failure: one sentence, with the tool's own words on one line.

use serde_json::Value;

use super::documents::{at, text};
use crate::domain::finding::clean::strip_ansi;
use crate::domain::id::ToolId;
use crate::domain::text::{clip, one_line};
use crate::domain::tool::failure::Failure;

/// The tool's own words are cut to this many characters.
const LONGEST: usize = 200;

/// A message that goes on is taken up to here, in bytes.
const MOST_WRAPPED: usize = 400;

/// Where a document says what it has to say to people.
const TELLING: [&str; 6] = ["error.message", "error.data.message", "message", "result", "error", "text"];

/// Returns a sentence about a failure: the tool, what went wrong, until when it is so, its own words.
#[must_use]
pub fn sentence(tool: &ToolId, failure: &Failure, words: Option<&str>) -> String {
    let until = failure.retry_at.map(|at| format!(", until {} UTC", at.strftime("%H:%M"))).unwrap_or_default();
    let words = words.filter(|words| !words.is_empty()).map(|words| format!(": {words}")).unwrap_or_default();
    format!("{tool} {}{until}{words}", failure.class.words())
}

/// Returns the last line that says something: of standard error, or else of standard output.
#[must_use]
pub fn last_words(stderr: &str, stdout: &str) -> String {
    let last = |text: &str| text.lines().rev().map(own_words).find(|line| line.chars().any(char::is_alphanumeric));
    last(stderr).or_else(|| last(stdout)).unwrap_or_else(|| "no output".to_owned())
}

/// Returns the words from the start of a text to the end of the line in which `end` lies, and what a wrapped line goes on with.
pub(super) fn of_text(text: &str, end: usize) -> String {
    let rest = &text[end..];
    let paragraph = rest.find("\n\n").or_else(|| rest.find("\nRetrying")).unwrap_or(rest.len());
    own_words(&text[..text.floor_char_boundary((end + paragraph).min(end + MOST_WRAPPED))])
}

/// Returns a message on one line, without escape sequences; of a document in its place, what it says.
pub(super) fn own_words(message: &str) -> String {
    let clean = strip_ansi(message);
    let document = || serde_json::from_str::<Value>(clean.trim()).ok().filter(Value::is_object);
    let inner = clean.trim_start().starts_with('{').then(document).flatten().and_then(|document| {
        let said = |path: &&str| at(&document, path).and_then(text);
        TELLING.iter().find_map(said)
    });
    let words: Vec<&str> = inner.as_deref().unwrap_or(&clean).split_whitespace().collect();
    clip(&one_line(&words.join(" ")), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::failure::FailureClass;

    #[test]
    fn a_failure_is_told_in_one_sentence() {
        let tool = ToolId::parse("aider").unwrap();
        let mut failure = Failure::of(FailureClass::RateLimit);
        assert_eq!(sentence(&tool, &failure, None), "aider ran into a rate limit");
        failure.retry_at = Some("2026-11-26T12:30:00Z".parse().unwrap());
        assert_eq!(sentence(&tool, &failure, Some("too many")), "aider ran into a rate limit, until 12:30 UTC: too many");
    }

    #[test]
    fn words_are_on_one_line_and_move_no_cursor() {
        assert_eq!(own_words("\u{1b}[31mred\u{1b}[0m\r\n  two\u{202e}\n"), "red two\\u{202e}");
        assert_eq!(own_words(r#"{"error":{"code":401,"message":"Incorrect key"}}"#), "Incorrect key");
        assert_eq!(own_words(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(last_words("\n---\n}\n", "a\n{\"type\":\"error\",\"message\":\"waiting\"}\n\n"), "waiting");
        assert_eq!(last_words("", ""), "no output");
    }
}
