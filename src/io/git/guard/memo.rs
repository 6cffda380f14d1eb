//! What was read from a file, and whether it must be read again.

use std::io;
use std::path::Path;

use crate::io::git::folder::{FileStat, FileTime, Folder};

/// File systems stamp files with a clock that ticks every few milliseconds: a file that was changed within the current tick can change again
/// without another stamp.
const TICK_NANOSECONDS: i64 = 40_000_000;

/// Something that was read, and what `lstat` said then.
#[derive(Debug, Clone)]
pub(super) struct Memo<T> {
    pub(super) stat: FileStat,
    settled: bool,
    pub(super) value: T,
}

impl<T> Memo<T> {
    /// Remembers what was read from a file after `now`.
    pub(super) const fn new(stat: FileStat, now: FileTime, value: T) -> Self {
        Self { settled: is_settled(stat.mtime, now) && is_settled(stat.ctime, now), stat, value }
    }

    /// Returns whether the file can not have changed since.
    pub(super) fn holds(&self, stat: &FileStat) -> bool {
        let (a, b) = (&self.stat, stat);
        self.settled && (a.kind, a.size, a.mtime, a.ctime, a.ino, a.dev) == (b.kind, b.size, b.mtime, b.ctime, b.ino, b.dev)
    }
}

const fn is_settled(stamp: FileTime, now: FileTime) -> bool {
    let elapsed = (now.0 - stamp.0).saturating_mul(1_000_000_000).saturating_add(now.1 - stamp.1);
    elapsed > TICK_NANOSECONDS
}

/// Reads what `lstat` says about a path, links in its folder followed; nothing when it does not exist.
pub(super) fn stat(path: &Path) -> io::Result<Option<FileStat>> {
    use std::os::unix::ffi::OsStrExt as _;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    match Folder::open(folder) {
        Ok(folder) => folder.find(name.as_bytes()),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether an error means that nothing of that name is there.
pub(super) fn is_absent(error: &io::Error) -> bool {
    // A link where a folder is expected says the same: nothing can be in it.
    let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_link || matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
