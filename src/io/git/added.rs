//! What a list of changes adds: kinds, sizes and lines, as policies look at them.

use std::collections::HashSet;

use super::objects::{ObjectError, Objects};
use super::tree::{Entry, FileMode};
use super::tree_diff::TreeChange;
use crate::domain::policy::governance::change::{Added, Block, Change, EntryKind};

/// How large both sides of a file may be to be compared as git does it. Beyond, a line is new when the old side has none like it.
const MOST_COMPARED: usize = 8 << 20;

/// Where git looks for a zero byte to tell what is no text.
const TELLING: usize = 8000;

/// How much is read; what is larger has lines that nobody looks at.
#[derive(Debug, Clone, Copy)]
pub struct MostRead(pub usize);

impl Default for MostRead {
    fn default() -> Self {
        Self(64 << 20)
    }
}

impl Objects {
    /// Returns changes with what they add.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn with_lines(&self, changes: &[TreeChange], most: MostRead) -> Result<Vec<Change>, ObjectError> {
        changes.iter().map(|change| self.with_lines_of(change, most)).collect()
    }

    fn with_lines_of(&self, change: &TreeChange, MostRead(most): MostRead) -> Result<Change, ObjectError> {
        let (old, new) = (file(change.old), file(change.new));
        let size = |entry: Option<Entry>| entry.map_or(Ok(0), |entry| self.size(entry.id));
        let (before, after) = (size(old)?, size(new)?);
        let is_same = old.map(|old| old.id) == new.map(|new| new.id);
        let (lines, added) = if is_same {
            (0, Added::Lines(Vec::new()))
        } else if before > most || after > most {
            // As many lines as there can be: a limit of lines is not got round by a file that is too large to be counted.
            (before.max(after) as u64, if new.is_some() { Added::Unread } else { Added::Lines(Vec::new()) })
        } else {
            let read = |entry: Option<Entry>| entry.map_or(Ok(Vec::new()), |entry| self.read_blob(entry.id));
            compare(&read(old)?, &read(new)?)?
        };
        Ok(Change {
            path: change.path.clone(),
            old: change.old.and_then(kind),
            new: change.new.and_then(kind),
            bytes: after as u64,
            lines,
            added,
        })
    }
}

fn file(entry: Option<Entry>) -> Option<Entry> {
    entry.filter(|entry| entry.mode.is_file())
}

const fn kind(entry: Entry) -> Option<EntryKind> {
    match entry.mode {
        FileMode::Regular => Some(EntryKind::File),
        FileMode::Executable => Some(EntryKind::Executable),
        FileMode::Symlink => Some(EntryKind::Symlink),
        FileMode::Gitlink => Some(EntryKind::Submodule),
        FileMode::Tree => None,
    }
}

fn is_binary(content: &[u8]) -> bool {
    content.iter().take(TELLING).any(|byte| *byte == 0)
}

/// Returns how many lines were added and removed, and the added ones.
fn compare(old: &[u8], new: &[u8]) -> Result<(u64, Added), ObjectError> {
    if is_binary(new) {
        return Ok((0, Added::Binary));
    }
    if old.is_empty() || is_binary(old) {
        let block = Block { first: 1, text: new.to_vec() };
        return Ok((count(new), Added::Lines(if new.is_empty() { Vec::new() } else { vec![block] })));
    }
    if new.is_empty() {
        return Ok((count(old), Added::Lines(Vec::new())));
    }
    if old.len() > MOST_COMPARED || new.len() > MOST_COMPARED { Ok(unlike(old, new)) } else { differ(old, new) }
}

fn count(text: &[u8]) -> u64 {
    text.split_inclusive(|byte| *byte == b'\n').count() as u64
}

/// Compares as git does.
fn differ(old: &[u8], new: &[u8]) -> Result<(u64, Added), ObjectError> {
    let failed = |source| ObjectError::Git { action: "compare blobs", source };
    let mut options = git2::DiffOptions::new();
    options.context_lines(0).interhunk_lines(0).force_text(true);
    let patch = git2::Patch::from_buffers(old, None, new, None, Some(&mut options)).map_err(failed)?;
    let (_, insertions, deletions) = patch.line_stats().map_err(failed)?;
    let mut blocks = Vec::new();
    for hunk in 0..patch.num_hunks() {
        let mut block = Block { first: 0, text: Vec::new() };
        for line in 0..patch.num_lines_in_hunk(hunk).map_err(failed)? {
            let line = patch.line_in_hunk(hunk, line).map_err(failed)?;
            if line.origin_value() == git2::DiffLineType::Addition {
                if block.first == 0 {
                    block.first = line.new_lineno().unwrap_or(1);
                }
                block.text.extend_from_slice(line.content());
            }
        }
        if block.first > 0 {
            blocks.push(block);
        }
    }
    Ok(((insertions + deletions) as u64, Added::Lines(blocks)))
}

/// Compares by the lines alone, wherever they stand.
fn unlike(old: &[u8], new: &[u8]) -> (u64, Added) {
    let known: HashSet<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let mut blocks: Vec<Block> = Vec::new();
    let (mut lines, mut follows) = (0, false);
    for (number, line) in (1_u32..).zip(new.split_inclusive(|byte| *byte == b'\n')) {
        let is_new = !known.contains(line);
        match blocks.last_mut().filter(|_| is_new && follows) {
            Some(block) => block.text.extend_from_slice(line),
            None if is_new => blocks.push(Block { first: number, text: line.to_vec() }),
            None => {}
        }
        lines += u64::from(is_new);
        follows = is_new;
    }
    (lines, Added::Lines(blocks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(added: &Added) -> Vec<(u32, String)> {
        match added {
            Added::Lines(blocks) => blocks.iter().map(|b| (b.first, String::from_utf8_lossy(&b.text).into_owned())).collect(),
            Added::Binary | Added::Unread => vec![(0, format!("{added:?}"))],
        }
    }

    #[test]
    fn added_lines_know_their_numbers() {
        let check = |old: &str, new: &str, lines: u64, expect: &[(u32, &str)]| {
            let (counted, added) = compare(old.as_bytes(), new.as_bytes()).unwrap();
            let expect: Vec<_> = expect.iter().map(|(first, text)| (*first, (*text).to_owned())).collect();
            assert_eq!((counted, blocks(&added)), (lines, expect), "{old:?} {new:?}");
        };
        check("", "a\nb", 2, &[(1, "a\nb")]);
        check("a\nb\n", "", 2, &[]);
        check("a\nb\nc\n", "a\nx\ny\nc\nz", 4, &[(2, "x\ny\n"), (5, "z")]);
        check("a", "a\n", 2, &[(1, "a\n")]);
        check("a\n\0", "b\n", 1, &[(1, "b\n")]);
        check("a\n", "b\0\n", 0, &[(0, "Binary")]);
        check("", "", 0, &[]);
    }

    #[test]
    fn what_is_too_large_to_be_compared_is_still_looked_at() {
        let (lines, added) = unlike(b"a\nb\nc\n", b"c\nx\ny\na\nz");
        assert_eq!((lines, blocks(&added)), (3, vec![(2, "x\ny\n".to_owned()), (5, "z".to_owned())]));
    }
}
