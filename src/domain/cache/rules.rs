//! When a kept result may be used: rule A for the same question on the same files, rule B for the same question where its answer stands
//! already.

use super::entry::{CacheEntry, FileState, Kind};
use super::key::Components;
use crate::domain::id::ObjectId;

/// The files as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now<'a> {
    /// The whole tree.
    pub tree: ObjectId,
    /// The digest of the files that count, without those that the result changed; `None` when every file counts.
    pub rest: Option<&'a str>,
}

/// Returns whether a result can be put onto files: each path that it changed is as it found it.
pub fn fits<E>(entry: &CacheEntry, mut at: impl FnMut(&str) -> Result<Option<FileState>, E>) -> Result<bool, E> {
    for change in &entry.changes {
        if at(&change.path)? != change.old {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether a result stands already: each path that it changed is as it left it.
pub fn stands<E>(entry: &CacheEntry, mut at: impl FnMut(&str) -> Result<Option<FileState>, E>) -> Result<bool, E> {
    for change in &entry.changes {
        if at(&change.path)? != change.new {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether the question is the one that an entry answers, whatever the files are. Only what changes files can stand already.
#[must_use]
pub fn answers(entry: &CacheEntry, wanted: &Components) -> bool {
    entry.kind == Kind::Change && entry.components.what == wanted.what && entry.components.request() == wanted.request()
}

/// Returns whether all files that count, but those that the result changed, are what they were.
#[must_use]
pub fn is_same_beside(entry: &CacheEntry, now: Now<'_>) -> bool {
    match (&entry.rest, now.rest) {
        (Some(then), Some(now)) => then == now,
        (None, None) => entry.result == now.tree,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::domain::cache::entry::tests::entry;

    fn at(path: &str, side: fn(&crate::domain::cache::entry::FileChange) -> Option<FileState>) -> Result<Option<FileState>, Infallible> {
        Ok(entry("edit a edit").changes.iter().find(|change| change.path == path).and_then(side))
    }

    #[test]
    fn a_result_fits_what_it_found_and_stands_where_it_left_it() {
        let entry = entry("edit a edit");
        let old = |path: &str| at(path, |change| change.old.clone());
        let new = |path: &str| at(path, |change| change.new.clone());
        let nothing = |_: &str| Ok::<_, Infallible>(None);
        assert_eq!((fits(&entry, old), stands(&entry, old)), (Ok(true), Ok(false)));
        assert_eq!((fits(&entry, new), stands(&entry, new)), (Ok(false), Ok(true)));
        assert_eq!((fits(&entry, nothing), stands(&entry, nothing)), (Ok(false), Ok(false)));
    }

    #[test]
    fn the_other_files_must_be_what_they_were() {
        let mut entry = entry("edit a edit");
        let check = |entry: &CacheEntry, tree: ObjectId, rest: Option<&str>, expect: bool| {
            assert_eq!(is_same_beside(entry, Now { tree, rest }), expect, "{rest:?}");
        };
        check(&entry, ObjectId::ZERO, Some("r"), true);
        check(&entry, ObjectId::ZERO, Some("s"), false);
        check(&entry, entry.result, None, false);
        entry.rest = None;
        check(&entry, entry.result, None, true);
        check(&entry, entry.input, None, false);
        check(&entry, entry.result, Some("r"), false);
    }

    #[test]
    fn only_the_same_question_is_answered() {
        let mut entry = entry("edit a edit");
        let mut wanted = entry.components.clone();
        wanted.inputs.push('x');
        assert!(answers(&entry, &wanted));
        wanted.prompt.push('x');
        assert!(!answers(&entry, &wanted));
        wanted = entry.components.clone();
        entry.kind = Kind::Check;
        assert!(!answers(&entry, &wanted));
    }
}
