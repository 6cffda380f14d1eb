//! Why a result is not in the cache: the entry that comes nearest, and what differs.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::entry::CacheEntry;
use super::key::{Components, Part};
use super::wording::ago;

/// How many paths are named.
const MOST_NAMED: usize = 3;

/// Why a result is not in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Miss {
    /// There is no result of this step at all.
    NeverRun,
    /// It may no longer be used.
    Expired {
        /// Since when.
        since: Timestamp,
        /// Now.
        #[serde(skip)]
        now: Timestamp,
    },
    /// It depended on something that is another one now.
    Differs {
        /// What differs.
        parts: Vec<Part>,
        /// The files that differ, as far as that is known.
        files: Vec<String>,
    },
    /// It was used in this run already, or made by it, and something else is wanted now.
    UsedAlready,
    /// It led to nothing in the run that is done again, and something else is wanted now.
    LedNowhere,
    /// Part of it is gone.
    Damaged,
    /// It is not known on which files the step would start.
    Unknown {
        /// What runs before it.
        after: String,
    },
    /// A step behind it runs, or may run, which may need what this check leaves in the worktree, such as what it builds.
    Needed {
        /// That step.
        by: String,
    },
    /// Steps like this are never kept.
    NeverKept,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => f.write_str("there is no result of this step"),
            Self::Expired { since, now } => write!(f, "the result expired {}", ago(*since, *now)),
            Self::Differs { parts, files } => differs(f, parts, files),
            Self::UsedAlready => f.write_str("its result was used in this run already"),
            Self::LedNowhere => f.write_str("its result led to nothing in the run that is done again"),
            Self::Damaged => f.write_str("part of the result is gone"),
            Self::Unknown { after } => write!(f, "it starts from what {after} leaves"),
            Self::Needed { by } => write!(f, "`{by}` behind it runs, and may need what it leaves"),
            Self::NeverKept => f.write_str("a step like this is never kept"),
        }
    }
}

fn differs(f: &mut fmt::Formatter<'_>, parts: &[Part], files: &[String]) -> fmt::Result {
    let others: Vec<&str> = parts.iter().filter(|part| **part != Part::Inputs || files.is_empty()).map(|part| part.words()).collect();
    let mut told = Vec::new();
    if !others.is_empty() {
        told.push(format!("{} {}", others.join(" and "), if others == [Part::Inputs.words()] { "differ" } else { "differs" }));
    }
    if parts.contains(&Part::Inputs) && !files.is_empty() {
        let named: Vec<String> = files.iter().take(MOST_NAMED).map(|path| format!("`{path}`")).collect();
        let more = if files.len() > MOST_NAMED { format!(" and {} more", files.len() - MOST_NAMED) } else { String::new() };
        told.push(format!("{}{more} changed", named.join(", ")));
    }
    f.write_str(&told.join("; "))
}

/// Returns the entry of the same step that comes nearest: the one with the fewest differences, the newest among equals.
#[must_use]
pub fn nearest<'e>(entries: &'e [CacheEntry], wanted: &Components) -> Option<&'e CacheEntry> {
    let same = entries.iter().filter(|entry| entry.components.what == wanted.what);
    same.min_by_key(|entry| (entry.components.differing(wanted).len(), std::cmp::Reverse(entry.at)))
}

/// Returns why no entry can be used; `files` names what changed between two trees.
#[must_use]
pub fn why_not(entries: &[CacheEntry], (wanted, now): (&Components, Timestamp), files: impl FnOnce(&CacheEntry) -> Vec<String>) -> Miss {
    let Some(entry) = nearest(entries, wanted) else { return Miss::NeverRun };
    let parts = entry.components.differing(wanted);
    if parts.is_empty() {
        return if entry.is_expired(now) { Miss::Expired { since: entry.expires, now } } else { Miss::Damaged };
    }
    let files = if parts.contains(&Part::Inputs) { files(entry) } else { Vec::new() };
    Miss::Differs { parts, files }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cache::entry::tests::entry;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_differs_is_named() {
        let (known, files) = (entry("edit a edit"), |_: &CacheEntry| vec!["a/x".to_owned()]);
        let check = |change: fn(&mut Components), now: i64, expect: &str| {
            let mut wanted = known.components.clone();
            change(&mut wanted);
            assert_eq!(why_not(std::slice::from_ref(&known), (&wanted, at(now)), files).to_string(), expect);
        };
        check(|one| one.what.push('x'), 110, "there is no result of this step");
        check(|one| one.prompt.push('x'), 110, "the prompt differs");
        check(|one| one.inputs.push('x'), 110, "`a/x` changed");
        check(
            |one| {
                one.model.push('x');
                one.inputs.push('x');
            },
            110,
            "the model differs; `a/x` changed",
        );
        check(|_| {}, 750, "the result expired 10 minutes ago");
        check(|_| {}, 110, "part of the result is gone");
    }

    #[test]
    fn long_lists_of_files_are_cut() {
        let files = |number: usize| (0..number).map(|n| format!("f{n}")).collect::<Vec<_>>();
        let told = |number| Miss::Differs { parts: vec![Part::Inputs], files: files(number) }.to_string();
        assert_eq!(told(0), "the files that it starts from differ");
        assert_eq!(told(3), "`f0`, `f1`, `f2` changed");
        assert_eq!(told(5), "`f0`, `f1`, `f2` and 2 more changed");
    }

    #[test]
    fn the_nearest_entry_is_asked() {
        let (mut far, mut near, other) = (entry("edit a edit"), entry("edit a edit"), entry("edit b edit"));
        far.components.prompt.push('1');
        far.components.model.push('1');
        near.components.prompt.push('2');
        let entries = [other, far, near.clone()];
        let wanted = entry("edit a edit").components;
        assert_eq!(nearest(&entries, &wanted), Some(&near));
        let mut newer = near.clone();
        newer.at = at(101);
        assert_eq!(nearest(&[near, newer.clone()], &wanted), Some(&newer), "the newest among equals");
    }
}
