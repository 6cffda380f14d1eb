//! What was seen of the files of a worktree: which content each had when it was last read, and what `lstat` said about it then.

use std::collections::HashMap;

use crate::domain::id::ObjectId;
use crate::io::git::folder::{FileStat, FileTime};

/// How long before a look at a file its last change must lie for the look to be trusted. File systems stamp files with a clock that ticks
/// every few milliseconds: a file that was changed within the current tick can change again without another stamp.
const TICK_NANOSECONDS: i64 = 40_000_000;

/// Files with the content that they were seen to have.
#[derive(Debug, Clone, Default)]
pub struct StatCache(HashMap<Vec<u8>, (ObjectId, FileStat)>);

impl StatCache {
    /// Returns the content of a file if it has not been touched since it was seen.
    pub(super) fn content(&self, path: &[u8], stat: &FileStat) -> Option<ObjectId> {
        self.0.get(path).filter(|(_, seen)| same(seen, stat)).map(|(id, _)| *id)
    }

    /// Notes that a file has this content. With `now`, the time before the file was read, a file that was changed only just now is not
    /// noted; without, the caller vouches for its time stamp.
    pub(super) fn note(&mut self, path: &[u8], id: ObjectId, stat: FileStat, now: Option<FileTime>) {
        let settled = now.is_none_or(|now| is_before(stat.mtime, now) && is_before(stat.ctime, now));
        if settled {
            self.0.insert(path.to_vec(), (id, stat));
        } else {
            self.0.remove(path);
        }
    }

    /// Returns the number of files below a directory, given its path.
    pub(super) fn count_below(&self, folder: &[u8]) -> usize {
        self.0.keys().filter(|path| path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))).count()
    }

    /// Returns the number of files that were seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no file was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Compares everything that a change of content can not leave as it was.
fn same(a: &FileStat, b: &FileStat) -> bool {
    (a.kind, a.permissions, a.size, a.mtime, a.ctime, a.ino, a.dev) == (b.kind, b.permissions, b.size, b.mtime, b.ctime, b.ino, b.dev)
}

fn is_before(time: FileTime, now: FileTime) -> bool {
    let nanoseconds = |(seconds, rest): FileTime| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    nanoseconds(time) + i128::from(TICK_NANOSECONDS) < nanoseconds(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::git::folder::FileKind;

    fn stat(mtime: FileTime, size: u64) -> FileStat {
        FileStat { kind: FileKind::File, permissions: 0o644, size, mtime, ctime: mtime, ino: 1, dev: 1, uid: 0, gid: 0, links: 1 }
    }

    #[test]
    fn touched_files_are_not_known() {
        let mut cache = StatCache::default();
        let id = ObjectId::from_bytes([1; 20]);
        cache.note(b"a", id, stat((10, 0), 5), Some((20, 0)));
        assert_eq!(cache.content(b"a", &stat((10, 0), 5)), Some(id));
        assert_eq!(cache.content(b"a", &stat((10, 1), 5)), None);
        assert_eq!(cache.content(b"a", &stat((10, 0), 6)), None);
        assert_eq!(cache.content(b"b", &stat((10, 0), 5)), None);
    }

    #[test]
    fn files_changed_just_now_are_not_trusted() {
        let mut cache = StatCache::default();
        let id = ObjectId::from_bytes([1; 20]);
        cache.note(b"a", id, stat((10, 990_000_000), 5), Some((11, 10_000_000)));
        assert!(cache.is_empty());
        cache.note(b"a", id, stat((10, 900_000_000), 5), Some((11, 10_000_000)));
        assert_eq!(cache.len(), 1);
        cache.note(b"a", id, stat((11, 10_000_000), 5), Some((11, 0)));
        assert!(cache.is_empty());
    }

    #[test]
    fn files_below_a_folder_are_counted() {
        let mut cache = StatCache::default();
        for path in ["sub/a", "sub/b/c", "subway", "sub"] {
            cache.note(path.as_bytes(), ObjectId::ZERO, stat((1, 0), 1), None);
        }
        assert_eq!(cache.count_below(b"sub"), 2);
    }
}
