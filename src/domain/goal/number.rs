//! From what a command printed to a number.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::amount::Amount;
use super::model::Reading;

/// What looks like a number and stands for itself. Groups of digits are parted by what the languages of this world part them by.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let digits = r"[0-9][0-9_,.'\u{2019}\u{a0}\u{202f}]*(?:e[-+]?[0-9]+)?";
    Regex::new(&format!(r"(?i)(?:^|[\s=:(\[,/])([-+]?(?:{digits}|nan|inf(?:inity)?))(?:[\s%;:)\],/]|\.?$|\.\s)")).ok()
});
/// What parts groups of three digits.
const GROUPS: [char; 5] = [',', '\'', '\u{2019}', '\u{a0}', '\u{202f}'];

/// Returns the number of an output; nothing when it is not there.
#[must_use]
pub fn read(reading: &Reading, text: &str) -> Option<Amount> {
    match reading {
        Reading::Last => last(text),
        Reading::Pattern(pattern) => number(pattern.captures_iter(text).last()?.get(1)?.as_str()),
        Reading::Pointer(pointer) => at(pointer, text),
    }
}

/// Returns the last number of an output that stands for itself; nothing when it is not sure which number that is: one before it would be another.
fn last(text: &str) -> Option<Amount> {
    let pattern = NUMBER.as_ref()?;
    let of_line = |line: &str| {
        // What ends one number may begin the next.
        let (mut found, mut from) = (None, 0);
        while let Some(group) = pattern.captures_at(line, from).and_then(|found| found.get(1)) {
            if !is_version(group.as_str()) {
                found = Some(number(group.as_str()));
            }
            from = group.end();
        }
        found
    };
    text.lines().rev().find_map(of_line).flatten()
}

/// Returns whether a text is a version, an address or a date: digits with more than one point between them.
fn is_version(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    text.bytes().filter(|byte| *byte == b'.').count() > 1 && !text.contains(GROUPS)
}

/// Returns the number that a text is. A comma that parts no groups of three digits is that of another language, and nothing is guessed.
fn number(text: &str) -> Option<Amount> {
    let text = text.trim().trim_end_matches('%').trim_end().trim_end_matches(['.', ',']);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut groups = unsigned.split(GROUPS);
    let (first, rest) = (groups.next()?, groups.collect::<Vec<_>>());
    let has_digits = |group: &str, most: usize| (1..=most).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((last, middle)) = rest.split_last() {
        let last = last.split_once('.').map_or(*last, |(whole, _)| whole);
        let is_grouped = has_digits(first, 3) && middle.iter().chain([&last]).all(|group| group.len() == 3 && has_digits(group, 3));
        is_grouped.then_some(())?;
    }
    let plain: String = text.chars().filter(|c| *c != '_' && !GROUPS.contains(c)).collect();
    Amount::of(plain.parse().ok()?)
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
            ("12, 30,\n", Some(30.0)),
            ("epoch 3 loss 2.5e-05\n", Some(0.000_025)),
            ("1E3", Some(1000.0)),
            ("5_000 lines\n", Some(5000.0)),
            ("1'234.5\n", Some(1234.5)),
            ("50\u{202f}000 words\n", Some(50_000.0)),
            ("90 tests, version 1.2.3\n", Some(90.0)),
            // One before it would be another number.
            ("TOTAL 120 83,5%\n", None),
            ("1.234,56\n", None),
            ("7\n1,2,3\n", None),
            ("epoch 12 loss nan\n", None),
            ("epoch 12 loss -inf\n", None),
            ("of 5 files 9999999999999 bytes\n", None),
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
        let any = Reading::Pattern(Regex::new(r"cov: (\S+)").unwrap());
        check(&any, "cov: 83,5%\n", None);
        check(&any, "cov: 1,234.\n", Some(1234.0));
        check(&any, "cov: NaN\n", None);
        check(&any, "cov: 1e-3\n", Some(0.001));
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
