//! From what a command printed to a number.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::amount::Amount;
use super::model::Reading;

static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[\s=:(\[,/])([-+]?[0-9][0-9_,]*(?:\.[0-9]+)?)(?:[\s%;:)\],/]|\.?$|\.\s)").ok());

/// Returns the number of an output; nothing when it is not there.
#[must_use]
pub fn read(reading: &Reading, text: &str) -> Option<Amount> {
    match reading {
        Reading::Last => last(text),
        Reading::Pattern(pattern) => number(pattern.captures_iter(text).last()?.get(1)?.as_str()),
        Reading::Pointer(pointer) => at(pointer, text),
    }
}

/// Returns the last number of an output that stands for itself.
fn last(text: &str) -> Option<Amount> {
    let pattern = NUMBER.as_ref()?;
    let of_line = |line: &str| {
        // What ends one number may begin the next.
        let (mut found, mut from) = (None, 0);
        while let Some(group) = pattern.captures_at(line, from).and_then(|found| found.get(1)) {
            found = number(group.as_str()).or(found);
            from = group.end();
        }
        found
    };
    text.lines().rev().find_map(of_line)
}

fn number(text: &str) -> Option<Amount> {
    let plain: String = text.trim().trim_end_matches('%').chars().filter(|c| !matches!(c, ',' | '_')).collect();
    Amount::of(plain.trim().parse().ok()?)
}

fn at(pointer: &str, text: &str) -> Option<Amount> {
    let from = text.find(['{', '['])?;
    let mut documents = serde_json::Deserializer::from_str(text.get(from..)?).into_iter::<Json>();
    match documents.next()?.ok()?.pointer(pointer)? {
        Json::Number(found) => Amount::of(found.as_f64()?),
        Json::String(found) => number(found),
        Json::Array(items) => Some(Amount::whole(items.len() as u64)),
        Json::Null | Json::Bool(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reading: &Reading, text: &str, expect: Option<f64>) {
        assert_eq!(read(reading, text), expect.map(Amount::bounded), "{text:?}");
    }

    #[test]
    fn the_last_number_is_the_one() {
        for (text, expect) in [
            ("", None),
            ("no number\n", None),
            ("42", Some(42.0)),
            ("12 of 30 done\n", Some(30.0)),
            ("total: 83.5%\n", Some(83.5)),
            ("score=-3\n", Some(-3.0)),
            ("TOTAL   120   30   75%\n\n", Some(75.0)),
            ("9 items\nwords 1,234,567.\n", Some(1_234_567.0)),
            ("see v1.2.3 of x86\n", None),
            ("took 12ms\n", None),
            ("1/2\n", Some(2.0)),
        ] {
            check(&Reading::Last, text, expect);
        }
    }

    #[test]
    fn a_pattern_and_a_pointer_find_theirs() {
        let pattern = Reading::Pattern(Regex::new(r"cov: ([0-9.]+)").unwrap());
        check(&pattern, "cov: 10\ncov: 71.5 in 3 s\n", Some(71.5));
        check(&pattern, "cover: 10\n", None);
        check(&pattern, "cov: ...\n", None);
        let pointer = |text: &str| Reading::Pointer(text.to_owned());
        check(&pointer("/totals/percent"), "note\n{\"totals\": {\"percent\": 61.25}}\nmore", Some(61.25));
        check(&pointer("/a/1"), "{\"a\": [1, \"2,000\"]}", Some(2000.0));
        check(&pointer("/a"), "{\"a\": [1, 2]}", Some(2.0));
        check(&pointer("/a"), "{\"a\": {}}", None);
        check(&pointer("/b"), "{\"a\": 1}", None);
        check(&pointer("/b"), "{broken", None);
        check(&pointer("/b"), "", None);
    }
}
