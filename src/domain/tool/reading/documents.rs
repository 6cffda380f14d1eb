//! Documents of JSON in what a program printed, and what stands in them. Whatever the bytes are, the work is bounded.

use serde_json::{Deserializer, Value};

use crate::domain::tool::reader::{Documents, Format};

/// Of a text that holds one document, at most this many bytes are read, the last ones.
const MOST_READ: usize = 2 << 20;

/// At most this many lines that may begin a document are tried, the last ones.
const MOST_TRIED: usize = 1000;

/// A line that is longer is skipped.
const LONGEST_LINE: usize = 4 << 20;

/// A path with `*` leads to at most this many places.
const MOST_PLACES: usize = 10_000;

/// Hands on every document that counts, in the order in which they stand in the text.
pub(super) fn each(documents: &Documents, bytes: &[u8], mut take: impl FnMut(&Value)) {
    every(documents.format, bytes, |value| {
        if is_selected(documents, value) {
            take(value);
        }
    });
}

/// Hands on every document, those that do not count as well.
pub(super) fn every(format: Format, bytes: &[u8], mut take: impl FnMut(&Value)) {
    match format {
        Format::Json => {
            if let Some(value) = last(bytes, b'{', Value::is_object) {
                take(&value);
            }
        }
        Format::Jsonl => {
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{") && line.len() <= LONGEST_LINE) {
                if let Ok(value) = serde_json::from_slice::<Value>(line) {
                    take(&value);
                }
            }
        }
        Format::JsonArray => {
            let of_documents = |value: &Value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
            if let Some(Value::Array(items)) = last(bytes, b'[', of_documents) {
                items.iter().filter(|item| item.is_object()).for_each(take);
            }
        }
    }
}

/// Returns whether what stands at the paths of the selection is what is selected.
#[must_use]
pub(super) fn is_selected(documents: &Documents, value: &Value) -> bool {
    documents.select.iter().all(|(path, wanted)| at(value, path).and_then(text).is_some_and(|found| found == *wanted))
}

/// Returns the last document that begins at the start of a line with this byte. serde_json bounds the depth of those that do not end, and
/// only so many beginnings are tried; so the work is bounded, whatever the text is.
fn last(bytes: &[u8], first: u8, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
    let bytes = &bytes[bytes.len().saturating_sub(MOST_READ)..];
    let is_start = |at: &usize| bytes[*at] == first && (*at == 0 || bytes[at - 1] == b'\n');
    let mut starts: Vec<usize> = (0..bytes.len()).rev().filter(is_start).take(MOST_TRIED).collect();
    starts.reverse();
    let (mut found, mut end) = (None, 0);
    for start in starts {
        // What was read as a part of a document begins none.
        if start < end {
            continue;
        }
        let mut stream = Deserializer::from_slice(&bytes[start..]).into_iter::<Value>();
        if let Some(Ok(value)) = stream.next() {
            end = start + stream.byte_offset();
            if is_wanted(&value) {
                found = Some(value);
            }
        }
    }
    found
}

/// Returns what stands at a path of keys and places, joined by dots.
#[must_use]
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, step)
}

fn step<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Returns what stands at a path in which `*` stands for every key or place.
#[must_use]
pub(super) fn all_at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for key in path.split('.') {
        found = match key {
            "*" => found.into_iter().flat_map(below).take(MOST_PLACES).collect(),
            key => found.into_iter().filter_map(|value| step(value, key)).collect(),
        };
    }
    found
}

fn below(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Returns a text, a number or a truth value as text.
#[must_use]
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::reader::{Stream, Take};

    fn read(format: Format, select: &[(&str, &str)], text: &str) -> Vec<String> {
        let select = select.iter().map(|(path, wanted)| ((*path).to_owned(), (*wanted).to_owned())).collect();
        let documents = Documents { stream: Stream::Stdout, file: None, format, select, take: Take::Last, over: None };
        let mut found = Vec::new();
        each(&documents, text.as_bytes(), |value| found.push(value.to_string()));
        found
    }

    #[test]
    fn the_last_document_is_found_behind_whatever_else_was_printed() {
        let check = |text: &str, expect: &[&str]| assert_eq!(read(Format::Json, &[], text), expect, "{text}");
        check("", &[]);
        check("{\"a\":1}", &["{\"a\":1}"]);
        check("Warning: x\n[STARTUP] y\n{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", &["{\"a\":{\"b\":1}}"]);
        check("{\"a\":1}\n{\"b\":2}\nbye\n", &["{\"b\":2}"]);
        check("{\"a\":\n{\"b\":2}}", &["{\"a\":{\"b\":2}}"]);
        check("at x {\n  status: 400\n}\n{\"a\":1}", &["{\"a\":1}"]);
        check("{ no\n{\"a\":1}\n{\"b\":", &["{\"a\":1}"]);
        check("x {\"a\":1}\n[1]\n7\n", &[]);
    }

    #[test]
    fn lines_are_documents_of_their_own() {
        let text = "hello\n{\"t\":\"a\",\"n\":1}\n{broken\n{\"t\":\"b\",\"e\":true}\n {\"t\":\"a\"}\n{\"t\":\"a\",\"n\":2}";
        assert_eq!(read(Format::Jsonl, &[("t", "a")], text).len(), 2);
        assert_eq!(read(Format::Jsonl, &[("e", "true")], text), ["{\"t\":\"b\",\"e\":true}"]);
        assert_eq!(read(Format::Jsonl, &[("t", "a"), ("n", "2")], text), ["{\"t\":\"a\",\"n\":2}"]);
    }

    #[test]
    fn an_array_holds_documents() {
        assert_eq!(read(Format::JsonArray, &[("t", "r")], "[LOG] x\n[{\"t\":\"s\"},7,\n{\"t\":\"r\"}]\n[]\n"), ["{\"t\":\"r\"}"]);
    }

    #[test]
    fn paths_lead_through_keys_places_and_stars() {
        let value: Value = serde_json::from_str(r#"{"a": {"x": [{"n": 1}, {"n": 2}], "y": [{"n": 3}]}, "d": 1.5}"#).unwrap();
        assert_eq!(at(&value, "a.x.1.n"), Some(&Value::from(2)));
        assert_eq!(at(&value, "a.x.9.n").or(at(&value, "d.e")).or(at(&value, "")), None);
        assert_eq!(all_at(&value, "a.*.*.n"), [&Value::from(1), &Value::from(2), &Value::from(3)]);
        assert!(all_at(&value, "d.*").is_empty());
    }

    #[test]
    fn a_text_that_opens_and_never_closes_is_given_up_in_time() {
        for piece in ["{\"a\":\n", "{\"a\":[\n", "[\n", "{\"a\":[{},\n", "{\n"] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(read(Format::Json, &[], &text).len() + read(Format::JsonArray, &[], &text).len() < 2);
        }
    }
}
