//! What is said about results that were used again, and what is left out of prompts before they are compared.

use jiff::Timestamp;

use super::entry::{CacheEntry, Kind};
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

/// Returns a prompt without the names of its own run, which the output of checks may hold: they are other ones in every run.
#[must_use]
pub fn steady(text: &str, names: &[String]) -> String {
    names.iter().fold(text.to_owned(), |text, name| text.replace(name, "*"))
}

/// Returns a prompt without what merges that this program made say about themselves: they are other commits in every run.
#[must_use]
pub fn without_trailers(text: &str) -> String {
    let is_trailer = |line: &&str| ["Orc-Run: ", "Orc-Patch: ", "Orc-Commit: "].iter().any(|name| line.trim_start().starts_with(name));
    text.split_inclusive('\n').filter(|line| !is_trailer(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cache::entry::tests::entry;
    use crate::domain::id::RunId;

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
        let names = ["01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "orc-ektsv4rrffq69g5f"].map(str::to_owned);
        let check = |text: &str, expect: &str| assert_eq!(steady(text, &names), expect, "{text}");
        check("rootdir: /w/project.orc/01arz3ndektsv4rrffq69g5fav/a, x", "rootdir: /w/project.orc/*/a, x");
        check("of run 01ARZ3NDEKTSV4RRFFQ69G5FAV\n", "of run *\n");
        check("/tmp/orc-ektsv4rrffq69g5f/0/x", "/tmp/*/0/x");
        // Whatever else looks like a name is a word of the user's.
        for text in ["no-change: 01BX5ZZKBKACTAV9WEVGEMMVRZ", "ÄÖ 42 — x", "0123456789abcdef0123456789abcdef01234567"] {
            check(text, text);
        }
        let message = "Merge a\n\n  Orc-Run: x\nOrc-Workstream: a\nOrc-Commit: y\n\nthe Orc-Run: stays\n";
        assert_eq!(without_trailers(message), "Merge a\n\nOrc-Workstream: a\n\nthe Orc-Run: stays\n");
    }
}
