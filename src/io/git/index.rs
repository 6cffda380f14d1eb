//! Writes the index of a new worktree, with what `lstat` says about each file, so that the first `git status` in it reads no content.
//!
//! The index serves the tool's own git; nothing here ever reads it back.

use std::path::Path;

use git2::{Index, IndexEntry, IndexTime};

use crate::io::git::checkout::Placed;
use crate::io::git::oid::to_git;
use crate::io::git::tree::FileMode;

/// Writes an index that holds just these files; the list must be sorted by path.
pub(super) fn write_index(path: &Path, placed: &[Placed]) -> Result<(), git2::Error> {
    let mut index = Index::open(path)?;
    for file in placed {
        index.add(&entry(file)?)?;
    }
    index.write()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index keeps the low 32 bits of what lstat says")]
fn entry(Placed { wanted, stat }: &Placed) -> Result<IndexEntry, git2::Error> {
    let time = |(seconds, nanoseconds)| IndexTime::new(seconds as i32, nanoseconds as u32);
    let is_gitlink = wanted.entry.mode == FileMode::Gitlink;
    Ok(IndexEntry {
        ctime: time(stat.ctime),
        mtime: time(stat.mtime),
        dev: stat.dev as u32,
        ino: stat.ino as u32,
        mode: bits(wanted.entry.mode),
        uid: stat.uid,
        gid: stat.gid,
        file_size: if is_gitlink { 0 } else { stat.size as u32 },
        id: to_git(wanted.entry.id)?,
        flags: 0,
        flags_extended: 0,
        path: wanted.path.clone(),
    })
}

const fn bits(mode: FileMode) -> u32 {
    match mode {
        FileMode::Regular => 0o100_644,
        FileMode::Executable => 0o100_755,
        FileMode::Symlink => 0o120_000,
        FileMode::Gitlink => 0o160_000,
        FileMode::Tree => 0o040_000,
    }
}
