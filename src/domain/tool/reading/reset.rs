//! When a tool may be asked again, in whatever words it was told: a duration, a time stamp, seconds since 1970.

use std::sync::LazyLock;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

/// No wait is longer: who tells of weeks is asked again the next day.
pub(super) const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Numbers from here on are seconds since 1970, and from the next one on milliseconds.
const EPOCH_SECONDS: f64 = 1e9;
const EPOCH_MILLIS: f64 = 1e11;

/// How much behind the words is looked at for the time, in bytes.
const LONGEST_TIME: usize = 64;

/// Words behind which the time stands.
static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix) (?: retry[-_\s]?(?:after|in|delay) | try\s+again\s+(?:in|after|at) | resets?(?:[-_\s]?(?:in|at|after|time))? | available\s+again\s+(?:in|at)
            | limit\s+reached | wait(?:\s+for)? ) ["'\s]* [:=|]? ["'\s]* (?:\d|mon|tue|wed|thu|fri|sat|sun)"#,
    )
    .ok()
});

static STAMP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?\s?(Z|z|UTC|[+-]\d\d:?\d\d)?").ok());

static AMOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^ [\s,]* (?:and\s+)? (\d{1,18}(?:\.\d{1,9})?) \s*
            (milliseconds?|millis|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)? (?:\b|\d|$)",
    )
    .ok()
});

/// Finds the words that tell a time, and returns that time.
#[must_use]
pub(super) fn find(said: &str, now: Timestamp) -> Option<Timestamp> {
    let telling = TELLING.as_ref()?;
    telling.find_iter(said).find_map(|words| {
        // The first character of the time is a part of what was matched.
        let start = words.end() - words.as_str().chars().next_back().map_or(0, char::len_utf8);
        let start = said[..start].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1).max(start.saturating_sub(2));
        time(&said[start..], now)
    })
}

/// Reads a time at the start of a text: `7`, `1m30s`, `2 hours and 5 minutes`, `2026-11-26T12:30:00Z`, `1764160200`, or a date of HTTP.
/// What has passed is now; what is far away is cut to [`LONGEST_WAIT`].
#[must_use]
pub(super) fn time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim_start();
    let text = &text[..text.floor_char_boundary(LONGEST_TIME)];
    let told = stamp(text).or_else(|| http_date(text)).or_else(|| amount(text, now))?;
    Some(told.clamp(now, now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX)))
}

fn stamp(text: &str) -> Option<Timestamp> {
    let parts = STAMP.as_ref()?.captures(text)?;
    let part = |at: usize| parts.get(at).map_or("", |part| part.as_str());
    // Without a zone it is the server's own clock, and those run by UTC.
    let zone = if part(4).starts_with(['+', '-']) { part(4) } else { "Z" };
    format!("{}T{}{}{zone}", part(1), part(2), if part(3).is_empty() { ":00" } else { part(3) }).parse().ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = text.find("GMT")? + "GMT".len();
    rfc2822::parse(&text[..end]).ok().map(|zoned| zoned.timestamp())
}

fn amount(text: &str, now: Timestamp) -> Option<Timestamp> {
    let expression = AMOUNT.as_ref()?;
    let (mut rest, mut seconds, mut count) = (text, 0.0, 0);
    while let Some(parts) = expression.captures(rest) {
        let number: f64 = parts.get(1)?.as_str().parse().ok()?;
        let Some(unit) = parts.get(2) else {
            if count == 0 {
                return bare(number, now);
            }
            break;
        };
        seconds += number * factor(unit.as_str());
        count += 1;
        rest = &rest[unit.end()..];
    }
    (count > 0).then(|| later(now, seconds)).flatten()
}

fn factor(unit: &str) -> f64 {
    let unit = unit.to_ascii_lowercase();
    match unit.as_bytes() {
        b"ms" | [b'm', b'i', b'l', ..] => 0.001,
        [b's', ..] => 1.0,
        [b'm', ..] => 60.0,
        [b'h', ..] => 3600.0,
        _ => 86_400.0,
    }
}

/// A number without a unit.
#[expect(clippy::cast_possible_truncation, reason = "the number has at most eighteen digits")]
fn bare(number: f64, now: Timestamp) -> Option<Timestamp> {
    if number >= EPOCH_MILLIS {
        Timestamp::from_millisecond(number as i64).ok()
    } else if number >= EPOCH_SECONDS {
        Timestamp::from_second(number as i64).ok()
    } else {
        later(now, number)
    }
}

/// Returns the time after so many seconds, rounded up to a whole one.
fn later(now: Timestamp, seconds: f64) -> Option<Timestamp> {
    let wait = SignedDuration::try_from_secs_f64(seconds.ceil()).unwrap_or(LONGEST_WAIT);
    now.checked_add(wait.min(LONGEST_WAIT)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-26T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn wait(found: Option<Timestamp>) -> Option<i64> {
        found.map(|at| at.duration_since(now()).as_secs())
    }

    #[test]
    fn times_are_read_in_every_form() {
        let check = |text: &str, seconds: Option<i64>| assert_eq!(wait(time(text, now())), seconds, "{text}");
        check("7", Some(7));
        check("7.2", Some(8));
        check("7s.", Some(7));
        check("1500ms", Some(2));
        check("1m30s", Some(90));
        check("1h 2m, and 3 seconds", Some(3723));
        check("5 minutes.", Some(300));
        check("3 days 4 hours", Some(86_400));
        check("2026-11-26T12:30:00Z", Some(1800));
        check("2026-11-26 13:30:00+01:00", Some(1800));
        check("2026-11-26 12:30", Some(1800));
        check("2026-11-26T11:00:00Z", Some(0));
        check("Thu, 26 Nov 2026 12:00:30 GMT", Some(30));
        check(&(now().as_second() + 60).to_string(), Some(60));
        check(&(now().as_millisecond() + 60_000).to_string(), Some(60));
        check("999999999999999999", None);
        check("", None);
        check("soon", None);
        check("7 apples", Some(7));
        check("-5", None);
    }

    #[test]
    fn times_are_found_behind_the_words_that_tell_them() {
        let check = |text: &str, seconds: Option<i64>| assert_eq!(wait(find(text, now())), seconds, "{text}");
        check("Rate limit reached, retry after 7 seconds", Some(7));
        check("limit 3, used 3. Please try again in 7s.", Some(7));
        check("try again in\n1m30s", Some(90));
        check("HTTP/1.1 429\nRetry-After: 7\n", Some(7));
        check("Retry-After: Thu, 26 Nov 2026 12:00:30 GMT", Some(30));
        check(r#""retryDelay": "34.07s""#, Some(35));
        check(r#""retry_after":12,"x":1"#, Some(12));
        check("usage limit reached|1795694400", Some(1_795_694_400 - now().as_second()).map(|s| s.clamp(0, 86_400)));
        check("resets at 2026-11-26T12:30:00Z", Some(1800));
        check("x-ratelimit-reset: 90", Some(90));
        check("try again in a while, retry after 9", Some(9));
        check("try again later", None);
        check("waiting for network", None);
        check("limit reached for requests per minute: limit 3", None);
    }
}
