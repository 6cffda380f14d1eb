//! What is said about results that were used again, and what is left out of prompts before they are compared.

use jiff::Timestamp;

use super::entry::{CacheEntry, Kind};
use crate::domain::id::RunId;
use crate::domain::text::count;

/// How a kept result was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Its changes were made again.
    Applied,
    /// Its changes stood already.
    Standing,
}

/// Returns one sentence about a result that was used again.
#[must_use]
pub fn taken(entry: &CacheEntry, usage: Use, now: Timestamp) -> String {
    let source = &entry.source;
    let what = match entry.kind {
        Kind::Change => "attempt ",
        Kind::Check => "check ",
        Kind::Gate => "gate ",
    };
    let number = if entry.kind == Kind::Gate { String::new() } else { format!(" #{}", source.attempt) };
    let from = format!("{what}{}{number} of run {} {}", source.step, source.run, ago(entry.at, now));
    match usage {
        Use::Applied => format!("taken from the cache: {from}"),
        Use::Standing => format!("fulfilled already: {from} left the files as they are"),
    }
}

/// Returns how long ago something was, for people.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = usize::try_from(now.duration_since(then).as_secs()).unwrap_or(0);
    match seconds {
        0 => "just now".to_owned(),
        1..=59 => format!("{} ago", count(seconds, "second")),
        60..=3599 => format!("{} ago", count(seconds / 60, "minute")),
        3600..=86_399 => format!("{} ago", count(seconds / 3600, "hour")),
        _ => format!("{} ago", count(seconds / 86_400, "day")),
    }
}

/// What is another one in every run, and so is left out before prompts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatile {
    /// Names of runs, patches and temporary folders, which the output of checks may hold.
    Names,
    /// Ids of commits as well, which the messages of merges hold.
    NamesAndCommits,
}

/// Returns a prompt without what is another one in every run.
#[must_use]
pub fn steady(text: &str, volatile: Volatile) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, tail) = rest.split_at(start);
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let (word, after) = tail.split_at(end);
        out.push_str(before);
        let is_scratch = word.len() == 16 && out.ends_with("orc-") && is_base32(word);
        let is_commit = volatile == Volatile::NamesAndCommits && word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_ulid = word.len() == 26 && is_base32(word) && RunId::parse(word).is_ok();
        out.push_str(if is_scratch || is_commit || is_ulid { "*" } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_base32(word: &str) -> bool {
    word.bytes().all(|byte| {
        byte.is_ascii_digit() || (byte.is_ascii_alphabetic() && !matches!(byte.to_ascii_lowercase(), b'i' | b'l' | b'o' | b'u'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cache::entry::tests::entry;

    #[test]
    fn what_was_used_again_is_told() {
        let (mut entry, now) = (entry("edit a edit"), Timestamp::from_second(400).unwrap());
        let run = RunId::NONE;
        assert_eq!(taken(&entry, Use::Applied, now), format!("taken from the cache: attempt edit #1 of run {run} 5 minutes ago"));
        let standing = format!("fulfilled already: attempt edit #1 of run {run} 5 minutes ago left the files as they are");
        assert_eq!(taken(&entry, Use::Standing, now), standing);
        entry.kind = Kind::Gate;
        assert_eq!(taken(&entry, Use::Applied, now), format!("taken from the cache: gate edit of run {run} 5 minutes ago"));
    }

    #[test]
    fn times_are_rounded_down() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let check = |seconds, expect: &str| assert_eq!(ago(at(0), at(seconds)), expect, "{seconds}");
        check(-5, "just now");
        check(0, "just now");
        check(1, "1 second ago");
        check(59, "59 seconds ago");
        check(60, "1 minute ago");
        check(7200, "2 hours ago");
        check(200_000, "2 days ago");
    }

    #[test]
    fn what_is_new_in_every_run_is_left_out() {
        let check = |text: &str, expect: &str| assert_eq!(steady(text, Volatile::Names), expect, "{text}");
        check("rootdir: /w/project.orc/01arz3ndektsv4rrffq69g5fav/a, x", "rootdir: /w/project.orc/*/a, x");
        check("Orc-Run: 01ARZ3NDEKTSV4RRFFQ69G5FAV\n", "Orc-Run: *\n");
        check("/tmp/orc-ektsv4rrffq69g5f/0/x", "/tmp/orc-*/0/x");
        check("no-change: 01ARZ3NDEKTSV4RRFFQ69G5FA", "no-change: 01ARZ3NDEKTSV4RRFFQ69G5FA");
        check("ÄÖ 42 — x", "ÄÖ 42 — x");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        check(commit, commit);
        assert_eq!(steady(&format!("commit {commit}"), Volatile::NamesAndCommits), "commit *");
    }
}
