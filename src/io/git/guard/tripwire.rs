//! Notices changes in the user's own checkout, by `lstat` alone: nothing is read but the index and ignore files. Nothing is ever put back,
//! since it may well be the user who works there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::Gitignore;

use super::memo::{Memo, is_absent, stat};
use crate::domain::integrity::fact::{Change, How, Thing};
use crate::io::git::folder::{FileKind, FileStat, FileTime, Folder};
use crate::io::git::ignored::{Is, RuleStack, compile};
use crate::io::git::walk::join;
use crate::io::git::worktree::now;

/// A checkout with more files than this is not watched.
const MAX_FILES: usize = 1_000_000;
const MAX_DEPTH: usize = 200;

/// A checkout of the user's.
#[derive(Debug)]
pub(super) struct Checkout {
    /// Its top.
    pub(super) top: PathBuf,
    /// Its git directory, where its index is.
    pub(super) git_dir: PathBuf,
    /// A folder inside it that is not the user's: the one of the worktrees.
    pub(super) skip: PathBuf,
    /// The ignore rules that hold everywhere, the weakest first.
    pub(super) everywhere: Vec<Arc<Gitignore>>,
}

/// What an index says about a file.
type Staged = (git2::Oid, u32, u16);
type Index = BTreeMap<Vec<u8>, Staged>;

/// What is looked at of a file: kind, permissions, size, time of its content, inode.
type Stamp = (FileKind, u32, u64, FileTime, u64);

/// The names in a folder that count: the ignored ones are left out.
type Names = Arc<Vec<Vec<u8>>>;

/// A checkout as it is or was.
#[derive(Debug, Default)]
pub(super) struct Prints {
    files: BTreeMap<Vec<u8>, Stamp>,
    folders: BTreeMap<Vec<u8>, Memo<Names>>,
    index: Option<Memo<Option<Arc<Index>>>>,
}

impl Checkout {
    /// Reads the checkout; what can not have changed since `before` is taken from there.
    pub(super) fn read(&self, before: &Prints) -> io::Result<Prints> {
        let index = self.index(before)?;
        let tracked = index.as_ref().and_then(|memo| memo.value.clone()).unwrap_or_default();
        let mut walk = Walk { checkout: self, before, tracked: &tracked, now: now(), found: Prints::default(), rules_changed: false };
        match Folder::open(&self.top) {
            Ok(top) => walk.folder(&top, b"", (RuleStack::new(&self.everywhere), 0))?,
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Prints { index, ..walk.found })
    }

    fn index(&self, before: &Prints) -> io::Result<Option<Memo<Option<Arc<Index>>>>> {
        let path = self.git_dir.join("index");
        let Some(found) = stat(&path)? else { return Ok(None) };
        if let Some(known) = before.index.as_ref().filter(|memo| memo.holds(&found)) {
            return Ok(Some(known.clone()));
        }
        Ok(Some(Memo::new(found, now(), read_index(&path).map(Arc::new))))
    }

    /// Returns what differs between two states.
    pub(super) fn differences(old: &Prints, new: &Prints) -> Vec<Change> {
        let mut changes = Vec::new();
        let change = |thing, path: &[u8], how| Change::new(thing, String::from_utf8_lossy(path), how);
        let staged = |prints: &Prints| prints.index.as_ref().and_then(|memo| memo.value.clone());
        if let (Some(old), Some(new)) = (staged(old), staged(new)) {
            compare(&old, &new, |path, how| changes.push(change(Thing::Index, path, how)));
        }
        compare(&old.files, &new.files, |path, how| changes.push(change(Thing::Checkout, path, how)));
        changes
    }
}

fn compare<T: PartialEq>(old: &BTreeMap<Vec<u8>, T>, new: &BTreeMap<Vec<u8>, T>, mut tell: impl FnMut(&[u8], How)) {
    for (path, stamp) in old {
        match new.get(path) {
            Some(found) if found == stamp => {}
            Some(_) => tell(path, How::Changed),
            None => tell(path, How::Removed),
        }
    }
    new.keys().filter(|path| !old.contains_key(*path)).for_each(|path| tell(path, How::Added));
}

/// Reads an index; nothing when it is of a kind that libgit2 does not read.
fn read_index(path: &Path) -> Option<Index> {
    let index = git2::Index::open(path).ok()?;
    // An entry can be there up to three times, for the sides of a conflict.
    let key = |entry: &git2::IndexEntry| [entry.path.as_slice(), &[0], &[u8::try_from((entry.flags >> 12) & 3).unwrap_or(0)]].concat();
    Some(index.iter().map(|entry| (key(&entry), (entry.id, entry.mode, entry.flags_extended))).collect())
}

struct Walk<'a> {
    checkout: &'a Checkout,
    before: &'a Prints,
    tracked: &'a Index,
    now: FileTime,
    found: Prints,
    rules_changed: bool,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Folder, path: &[u8], (mut rules, depth): (RuleStack, usize)) -> io::Result<()> {
        if let Ok(text) = folder.read_small(b".gitignore") {
            rules.push(path, compile(&text));
        }
        let names = self.names(folder, path, &rules)?;
        for name in names.iter() {
            let Some(stat) = folder.find(name)? else { continue };
            let inner = join(path, name);
            if stat.kind != FileKind::Folder {
                self.note(inner, &stat);
                continue;
            }
            let is_ours = self.checkout.top.join(OsStr::from_bytes(&inner)) == self.checkout.skip;
            if depth >= MAX_DEPTH || is_ours || self.found.files.len() > MAX_FILES {
                continue;
            }
            match folder.enter(name) {
                Ok(next) if next.find(b".git")?.is_none() => self.folder(&next, &inner, (rules.clone(), depth + 1))?,
                // A repository of its own is somebody else's affair, and a folder that can not be opened holds nothing that can be seen.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, path: Vec<u8>, stat: &FileStat) {
        self.found.files.insert(path, (stat.kind, stat.permissions, stat.size, stat.mtime, stat.ino));
    }

    fn names(&mut self, folder: &Folder, path: &[u8], rules: &RuleStack) -> io::Result<Names> {
        let stat = folder.stat_self()?;
        let known = self.before.folders.get(path).filter(|memo| memo.holds(&stat) && !self.rules_changed);
        let memo = match known {
            Some(known) => known.clone(),
            None => {
                let mut names = folder.names()?;
                names.retain(|name| !(path.is_empty() && name == b".git") && self.counts(folder, &join(path, name), (name, rules)));
                Memo::new(stat, self.now, Arc::new(names))
            }
        };
        // Other rules mean other names everywhere below.
        let rules_of = |prints: &Prints| prints.files.get(join(path, b".gitignore").as_slice()).copied();
        let rule_stamp = folder.find(b".gitignore")?.map(|s| (s.kind, s.permissions, s.size, s.mtime, s.ino));
        self.rules_changed |= rules_of(self.before) != rule_stamp;
        let names = Arc::clone(&memo.value);
        self.found.folders.insert(path.to_vec(), memo);
        Ok(names)
    }

    /// Returns whether a name counts: tracked, or not ignored.
    fn counts(&self, folder: &Folder, path: &[u8], (name, rules): (&[u8], &RuleStack)) -> bool {
        let is = match folder.find(name) {
            Ok(Some(stat)) if stat.kind == FileKind::Folder => Is::Folder,
            Ok(_) | Err(_) => Is::File,
        };
        if !rules.ignores(path, is) {
            return true;
        }
        let below = [path, b"/"].concat();
        let is_tracked = |start: &[u8]| self.tracked.range(start.to_vec()..).next().is_some_and(|(key, _)| key.starts_with(start));
        is_tracked(&[path, &[0]].concat()) || is_tracked(&below)
    }
}
