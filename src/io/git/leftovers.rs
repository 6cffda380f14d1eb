//! What a tool leaves at the top of a worktree for itself. It is no part of a patch, and nobody may lose it: it is moved out of the way.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::io::fs;
use crate::io::git::folder::Folder;
use crate::io::git::worktree::{Worktree, WorktreeError, disk};

/// How many things of one name can be put aside in one place.
const MOST_OF_A_NAME: usize = 100;

/// Something that a tool left for itself.
#[derive(Debug)]
pub struct Leftover {
    /// Its name at the top of the worktree.
    pub name: Vec<u8>,
    /// Where it is now; or why it is still where it was.
    pub place: Result<PathBuf, std::io::Error>,
}

/// Moves what has one of these names at the top of a worktree into a folder, which is made when something is to be moved. A name may end in
/// `*`; names that `known` holds stay, whatever stands there now. Nothing is followed, overwritten or deleted, and what can not be moved (to
/// another file system, say) stays where it is.
///
/// # Errors
/// Returns [`WorktreeError`] when the worktree can not be listed or the folder can not be made.
pub fn put_aside(worktree: &Worktree, patterns: &[String], known: &BTreeSet<Vec<u8>>, into: &Path) -> Result<Vec<Leftover>, WorktreeError> {
    // A tool may have removed the folder itself; the next capture finds that.
    let Ok(top) = Folder::open(worktree.path()) else { return Ok(Vec::new()) };
    let names = top.names().map_err(disk(worktree.path()))?;
    let left: Vec<Vec<u8>> = names.into_iter().filter(|name| is_leftover(patterns, name) && !known.contains(name)).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(into)?;
    let shelf = Folder::open(into).map_err(disk(into))?;
    Ok(left
        .into_iter()
        .map(|name| Leftover { place: move_one(&top, &name, &shelf).map(|to| into.join(OsStr::from_bytes(&to))), name })
        .collect())
}

fn move_one(top: &Folder, name: &[u8], shelf: &Folder) -> std::io::Result<Vec<u8>> {
    let mut to = name.to_vec();
    for number in 2..MOST_OF_A_NAME {
        match top.move_into(name, shelf, &to) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => to = [name, format!(".{number}").as_bytes()].concat(),
            Err(error) => return Err(error),
            Ok(()) => return Ok(to),
        }
    }
    Err(std::io::Error::other("too much of that name was put aside already"))
}

fn is_leftover(patterns: &[String], name: &[u8]) -> bool {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    // Whatever a profile says, this is git's.
    !name.eq_ignore_ascii_case(b".git") && patterns.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_or_beginnings() {
        let patterns = [".aider*".to_owned(), ".qwen".to_owned()];
        let check = |name: &str, expect: bool| assert_eq!(is_leftover(&patterns, name.as_bytes()), expect, "{name}");
        check(".aider.chat.history.md", true);
        check(".aider", true);
        check(".qwen", true);
        check(".qwen2", false);
        check("x.aider", false);
        assert!(!is_leftover(&[".g*".to_owned()], b".git"));
    }

    #[test]
    fn nothing_is_overwritten_and_links_are_moved_as_links() {
        let dir = tempfile::tempdir().unwrap();
        let (top, shelf) = (dir.path().join("top"), dir.path().join("shelf"));
        for folder in [&top, &shelf] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write_scratch(&shelf.join("x"), b"older").unwrap();
        std::os::unix::fs::symlink("/etc", top.join("x")).unwrap();
        let (from, to) = (Folder::open(&top).unwrap(), Folder::open(&shelf).unwrap());
        assert_eq!(move_one(&from, b"x", &to).unwrap(), b"x.2");
        assert_eq!(fs::read(&shelf.join("x")).unwrap(), b"older");
        assert!(std::fs::symlink_metadata(shelf.join("x.2")).unwrap().is_symlink());
        assert!(move_one(&from, b"x", &to).is_err());
    }
}
