//! Compares what is on disk in a worktree with a tree.
//!
//! The walk trusts nothing that a tool can write to: not the index, not the `.git` file, not the ignore files. It names every file by an open
//! directory, follows no link, and reads only files whose time stamps or size differ from when their content was last known.

use std::collections::BTreeSet;
use std::sync::Arc;

use ignore::gitignore::Gitignore;

use crate::domain::id::RepoPath;
use crate::domain::policy::path::{PathProblem, PathRules, judge_path};
use crate::io::git::content::{ContentError, Contents};
use crate::io::git::disk::{DiskSettings, FileModes, SkipReason, Skipped, Symlinks};
use crate::io::git::folder::{FileKind, FileStat, FileTime, Folder};
use crate::io::git::ignored::{IgnoreCache, Is, RuleStack, compile};
use crate::io::git::listing::{Item, Node};
use crate::io::git::seen::StatCache;
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_diff::TreeChange;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where disk and tree differ: `old` is what the tree has, `new` what the disk has.
    pub(super) changes: Vec<TreeChange>,
    /// What can not be part of a tree.
    pub(super) skipped: Vec<Skipped>,
    /// Untracked files and directories that were left out because they are ignored.
    pub(super) ignored: Vec<RepoPath>,
    /// Directories on disk that the tree does not have; parents come before what is in them.
    pub(super) folders: Vec<Vec<u8>>,
}

/// What a walk needs.
pub(super) struct Walk<'a, 'c> {
    /// The tree to compare with.
    pub(super) tree: &'a Node,
    /// What is known about the files.
    pub(super) seen: &'a mut StatCache,
    /// Reads, and perhaps stores, the content of files.
    pub(super) contents: &'a mut Contents<'c>,
    /// How untracked files are judged.
    pub(super) ignoring: Ignoring<'a>,
    /// What the settings say about disks.
    pub(super) disk: DiskSettings,
    /// Paths of the tree that were never written to disk (sparse checkouts).
    pub(super) absent: &'a BTreeSet<Vec<u8>>,
    /// The time when the walk starts.
    pub(super) now: FileTime,
}

/// How untracked files are judged.
#[derive(Clone, Copy)]
pub(super) struct Ignoring<'a> {
    /// The tree whose ignore files hold.
    pub(super) base: &'a Node,
    /// The rules of the repository and of the user, the weakest first.
    pub(super) everywhere: &'a [Arc<Gitignore>],
    /// Rules that were compiled before.
    pub(super) cache: &'a IgnoreCache,
}

/// Deeper directories are left out: each level holds a directory open.
const MAX_DEPTH: usize = 200;

/// A directory during the walk.
struct Place<'n> {
    folder: Folder,
    /// Its path; empty at the top.
    path: Vec<u8>,
    /// What the compared tree has here.
    node: Option<&'n Node>,
    /// What the tree whose ignore files hold has here.
    base: Option<&'n Node>,
    /// The rules of that tree, and those on disk.
    rules: (RuleStack, RuleStack),
    depth: usize,
}

impl<'a> Walk<'a, '_> {
    /// Compares the directory at the top of a worktree with the tree.
    ///
    /// # Errors
    /// Returns an error only when the top can not be read, or the object database can not be read or written: what is wrong with single
    /// files is part of the answer.
    pub(super) fn run(&mut self, top: &Folder) -> Result<Found, ContentError> {
        let mut found = Found::default();
        let rules = RuleStack::new(self.ignoring.everywhere);
        let place = Place {
            folder: top.descend(b"").map_err(ContentError::Top)?,
            path: Vec::new(),
            node: Some(self.tree),
            base: Some(self.ignoring.base),
            rules: (rules.clone(), rules),
            depth: 0,
        };
        let names = place.folder.names().map_err(ContentError::Top)?;
        self.folder(place, &names, &mut found)?;
        Ok(found)
    }

    fn folder(&mut self, mut place: Place<'a>, names: &[Vec<u8>], found: &mut Found) -> Result<(), ContentError> {
        self.push_rules(&mut place)?;
        let mut gone = place.node.map(|n| n.entries.iter()).unwrap_or_default().peekable();
        for name in names {
            while let Some(entry) = gone.next_if(|e| *e.name < **name) {
                self.report_gone(&join(&place.path, &entry.name), entry, found);
            }
            let entry = gone.next_if(|e| *e.name == **name);
            self.name(&place, name, entry, found)?;
        }
        for entry in gone {
            self.report_gone(&join(&place.path, &entry.name), entry, found);
        }
        Ok(())
    }

    fn name(&mut self, place: &Place<'a>, name: &[u8], entry: Option<&'a Item>, found: &mut Found) -> Result<(), ContentError> {
        let path = join(&place.path, name);
        if name == b".git" {
            // The one at the top belongs to the worktree and is looked at by those who wrote it.
            if !place.path.is_empty() {
                skip(found, &path, SkipReason::EmbeddedRepository);
            }
            return Ok(());
        }
        let stat = match place.folder.stat(name) {
            Ok(stat) => stat,
            Err(error) => {
                skip(found, &path, SkipReason::Unreadable(error.to_string()));
                return Ok(());
            }
        };
        if entry.is_none() && means_git_directory(name) {
            skip(found, &path, SkipReason::GitDirectory);
            return Ok(());
        }
        match stat.kind {
            FileKind::Folder => self.inner(place, name, &path, entry, found),
            FileKind::File | FileKind::Symlink => self.file(place, (name, &path), &stat, entry, found),
            FileKind::Special => {
                if entry.is_some() || !Self::ignores(place, &path, Is::File) {
                    entry.into_iter().for_each(|entry| self.report_gone(&path, entry, found));
                    skip(found, &path, SkipReason::Special);
                }
                Ok(())
            }
        }
    }

    fn file(
        &mut self,
        place: &Place<'a>,
        (name, path): (&[u8], &[u8]),
        stat: &FileStat,
        entry: Option<&'a Item>,
        found: &mut Found,
    ) -> Result<(), ContentError> {
        let tracked = entry.filter(|e| e.child.is_none());
        if tracked.is_none() && Self::ignores(place, path, Is::File) {
            entry.into_iter().for_each(|entry| self.report_gone(path, entry, found));
            found.ignored.push(RepoPath::new(path));
            return Ok(());
        }
        let mode = self.mode_on_disk(stat, tracked);
        let id = match self.seen.content(path, stat) {
            Some(id) => id,
            None => match self.contents.read(&place.folder, (name, path), stat, tracked.map(|e| e.id)) {
                Ok(id) => {
                    self.seen.note(path, id, *stat, Some(self.now));
                    id
                }
                Err(error) => {
                    skip(found, path, error.into_skip()?);
                    return Ok(());
                }
            },
        };
        match entry {
            Some(entry) if entry.child.is_some() => {
                self.report_gone(path, entry, found);
                found.changes.push(TreeChange { path: RepoPath::new(path), old: None, new: Some(Entry { mode, id }) });
            }
            Some(entry) if entry.entry() == Entry { mode, id } => {}
            Some(_) | None => {
                let old = entry.map(Item::entry);
                found.changes.push(TreeChange { path: RepoPath::new(path), old, new: Some(Entry { mode, id }) });
            }
        }
        Ok(())
    }

    fn inner(
        &mut self,
        place: &Place<'a>,
        name: &[u8],
        path: &[u8],
        entry: Option<&'a Item>,
        found: &mut Found,
    ) -> Result<(), ContentError> {
        let node = entry.and_then(|e| e.child.as_deref());
        let is_known = node.is_some() || entry.is_some_and(|e| e.mode == FileMode::Gitlink);
        if !is_known && Self::ignores(place, path, Is::Folder) {
            entry.into_iter().for_each(|entry| self.report_gone(path, entry, found));
            found.ignored.push(RepoPath::new(path));
            return Ok(());
        }
        let opened = place.folder.enter(name).and_then(|folder| folder.names().map(|names| (folder, names)));
        let (folder, names) = match opened {
            Ok(_) if place.depth >= MAX_DEPTH => return Ok(skip(found, path, SkipReason::TooDeep)),
            Ok(opened) => opened,
            Err(error) => return Ok(skip(found, path, SkipReason::Unreadable(error.to_string()))),
        };
        match entry {
            Some(entry) if entry.mode == FileMode::Gitlink => {
                if self.is_submodule(&folder, path, &names, found) {
                    return Ok(());
                }
                self.report_gone(path, entry, found);
            }
            Some(entry) if entry.child.is_none() => self.report_gone(path, entry, found),
            Some(_) | None => {}
        }
        if node.is_none() {
            if is_cache(&folder, &names) {
                found.ignored.push(RepoPath::new(path));
                return Ok(());
            }
            found.folders.push(path.to_vec());
        }
        let base = place.base.and_then(|n| n.find(name)).and_then(|e| e.child.as_deref());
        let inner = Place { folder, path: path.to_vec(), node, base, rules: place.rules.clone(), depth: place.depth + 1 };
        self.folder(inner, &names, found)
    }

    /// Returns whether a directory is still the submodule that the tree has there: empty, as it was made, or a checkout of its own.
    fn is_submodule(&self, folder: &Folder, path: &[u8], names: &[Vec<u8>], found: &mut Found) -> bool {
        if names.is_empty() {
            return true;
        }
        if !names.iter().any(|n| n == b".git") {
            return false;
        }
        let known = self.seen.count_below(path);
        if known == 0 || count_untouched(folder, path, self.seen, 0) != Some(known) {
            skip(found, path, SkipReason::SubmoduleChanged);
        }
        true
    }

    fn report_gone(&self, path: &[u8], entry: &Item, found: &mut Found) {
        let mut report = |path: &[u8], entry: &Item| {
            if !self.absent.contains(path) {
                found.changes.push(TreeChange { path: RepoPath::new(path), old: Some(entry.entry()), new: None });
            }
        };
        match &entry.child {
            Some(child) => child.visit(&mut path.to_vec(), &mut report),
            None => report(path, entry),
        }
    }

    fn mode_on_disk(&self, stat: &FileStat, tracked: Option<&Item>) -> FileMode {
        let before = tracked.map(|e| e.mode);
        if stat.kind == FileKind::Symlink || (self.disk.symlinks == Symlinks::Files && before == Some(FileMode::Symlink)) {
            return FileMode::Symlink;
        }
        match (self.disk.file_mode, before) {
            (FileModes::Untrusted, Some(FileMode::Executable)) => FileMode::Executable,
            (FileModes::Trusted, _) if stat.is_executable() => FileMode::Executable,
            (FileModes::Trusted | FileModes::Untrusted, _) => FileMode::Regular,
        }
    }

    fn ignores(place: &Place<'a>, path: &[u8], is: Is) -> bool {
        place.rules.0.ignores(path, is) && place.rules.1.ignores(path, is)
    }

    /// Adds the ignore files of a directory to both stacks: that of the base tree, and what stands on disk if it is another one.
    fn push_rules(&mut self, place: &mut Place<'a>) -> Result<(), ContentError> {
        let entry = place.base.and_then(|n| n.find(b".gitignore")).filter(|e| matches!(e.mode, FileMode::Regular | FileMode::Executable));
        let base = match entry {
            Some(entry) => Some(self.ignoring.cache.get(entry.id, || self.contents.blob(entry.id))?),
            None => None,
        };
        let on_disk = self.rules_on_disk(place, entry);
        if let Some(rules) = &base {
            place.rules.0.push(&place.path, Arc::clone(rules));
        }
        // A deleted ignore file is no sign that somebody wants what it ignored.
        if let Some(rules) = on_disk.or(base) {
            place.rules.1.push(&place.path, rules);
        }
        Ok(())
    }

    /// Returns the rules of the ignore file on disk if it differs from that of the base tree.
    fn rules_on_disk(&self, place: &Place<'a>, base: Option<&Item>) -> Option<Arc<Gitignore>> {
        let stat = place.folder.find(b".gitignore").ok().flatten().filter(|s| s.kind == FileKind::File)?;
        let path = join(&place.path, b".gitignore");
        if base.is_some_and(|e| self.seen.content(&path, &stat) == Some(e.id)) {
            return None;
        }
        place.folder.read_small(b".gitignore").ok().map(|content| compile(&content))
    }
}

/// Returns whether a new directory holds nothing but what a program can make again, and says so itself in both usual ways.
fn is_cache(folder: &Folder, names: &[Vec<u8>]) -> bool {
    let has = |wanted: &[u8]| names.iter().any(|n| n == wanted);
    let hides_itself = || {
        folder.read_small(b".gitignore").is_ok_and(|content| {
            let mut patterns = content.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty() && l[0] != b'#');
            patterns.next() == Some(b"*") && patterns.next().is_none()
        })
    };
    let is_tagged = || folder.read_small(b"CACHEDIR.TAG").is_ok_and(|tag| tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"));
    has(b".gitignore") && (has(b"CACHEDIR.TAG") || has(b"pyvenv.cfg")) && hides_itself() && (has(b"pyvenv.cfg") || is_tagged())
}

/// Counts the files below a directory that were not touched since they were seen, or returns nothing if one was.
fn count_untouched(folder: &Folder, path: &[u8], seen: &StatCache, depth: usize) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut count = 0;
    for name in folder.names().ok()? {
        let (path, stat) = (join(path, &name), folder.stat(&name).ok()?);
        count += match stat.kind {
            FileKind::Folder => count_untouched(&folder.enter(&name).ok()?, &path, seen, depth + 1)?,
            FileKind::File | FileKind::Symlink | FileKind::Special => seen.content(&path, &stat).map(|_| 1)?,
        };
    }
    Some(count)
}

fn skip(found: &mut Found, path: &[u8], reason: SkipReason) {
    found.skipped.push(Skipped { path: RepoPath::new(path), reason });
}

fn means_git_directory(name: &[u8]) -> bool {
    judge_path(&RepoPath::new(name), &PathRules::default()).is_err_and(|v| v.problem == PathProblem::GitDirectory)
}

/// Joins the path of a directory and a name in it.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    if !folder.is_empty() {
        path.extend_from_slice(folder);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
