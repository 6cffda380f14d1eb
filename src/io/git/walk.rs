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
    /// What was found so far; empty at the start.
    pub(super) found: Found,
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

/// A name in a directory.
struct Spot<'p, 'n> {
    place: &'p Place<'n>,
    name: &'p [u8],
    path: Vec<u8>,
    /// What the compared tree has here.
    entry: Option<&'n Item>,
}

impl Spot<'_, '_> {
    fn is_ignored(&self, is: Is) -> bool {
        let (base, on_disk) = &self.place.rules;
        base.ignores(&self.path, is) && on_disk.ignores(&self.path, is)
    }
}

impl<'a> Walk<'a, '_> {
    /// Compares the directory at the top of a worktree with the tree.
    ///
    /// # Errors
    /// Returns an error only when the top can not be read, or the object database can not be read or written: what is wrong with single
    /// files is part of the answer.
    pub(super) fn run(mut self, top: &Folder) -> Result<Found, ContentError> {
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
        self.folder(place, &names)?;
        Ok(self.found)
    }

    fn folder(&mut self, mut place: Place<'a>, names: &[Vec<u8>]) -> Result<(), ContentError> {
        self.push_rules(&mut place)?;
        let mut gone = place.node.map(|n| n.entries.iter()).unwrap_or_default().peekable();
        for name in names {
            while let Some(entry) = gone.next_if(|e| *e.name < **name) {
                self.report_gone(&join(&place.path, &entry.name), entry);
            }
            let entry = gone.next_if(|e| *e.name == **name);
            self.name(&Spot { place: &place, name, path: join(&place.path, name), entry })?;
        }
        for entry in gone {
            self.report_gone(&join(&place.path, &entry.name), entry);
        }
        Ok(())
    }

    fn name(&mut self, spot: &Spot<'_, 'a>) -> Result<(), ContentError> {
        if spot.name == b".git" {
            // The one at the top belongs to the worktree and is looked at by those who wrote it.
            if !spot.place.path.is_empty() {
                self.skip(spot, SkipReason::EmbeddedRepository);
            }
            return Ok(());
        }
        let stat = match spot.place.folder.stat(spot.name) {
            Ok(stat) => stat,
            Err(error) => {
                self.skip(spot, SkipReason::Unreadable(error.to_string()));
                return Ok(());
            }
        };
        if spot.entry.is_none() && means_git_directory(spot.name) {
            self.skip(spot, SkipReason::GitDirectory);
            return Ok(());
        }
        match stat.kind {
            FileKind::Folder => self.inner(spot),
            FileKind::File | FileKind::Symlink => self.file(spot, &stat),
            FileKind::Special => {
                if spot.entry.is_some() || !spot.is_ignored(Is::File) {
                    self.report_entry_gone(spot);
                    self.skip(spot, SkipReason::Special);
                }
                Ok(())
            }
        }
    }

    fn file(&mut self, spot: &Spot<'_, 'a>, stat: &FileStat) -> Result<(), ContentError> {
        let tracked = spot.entry.filter(|e| e.child.is_none());
        if tracked.is_none() && spot.is_ignored(Is::File) {
            self.report_entry_gone(spot);
            self.found.ignored.push(RepoPath::new(spot.path.clone()));
            return Ok(());
        }
        let mode = self.mode_on_disk(stat, tracked);
        let id = match self.seen.content(&spot.path, stat) {
            Some(id) => id,
            None => match self.contents.read(&spot.place.folder, (spot.name, &spot.path), stat, tracked.map(|e| e.id)) {
                Ok(id) => {
                    self.seen.note(&spot.path, id, *stat, Some(self.now));
                    id
                }
                Err(error) => {
                    self.skip(spot, error.into_skip()?);
                    return Ok(());
                }
            },
        };
        let new = Entry { mode, id };
        if tracked.is_some_and(|entry| entry.entry() == new) {
            return Ok(());
        }
        if tracked.is_none() {
            self.report_entry_gone(spot);
        }
        self.found.changes.push(TreeChange { path: RepoPath::new(spot.path.clone()), old: tracked.map(Item::entry), new: Some(new) });
        Ok(())
    }

    fn inner(&mut self, spot: &Spot<'_, 'a>) -> Result<(), ContentError> {
        let node = spot.entry.and_then(|e| e.child.as_deref());
        let is_gitlink = spot.entry.is_some_and(|e| e.mode == FileMode::Gitlink);
        if node.is_none() && !is_gitlink && spot.is_ignored(Is::Folder) {
            self.report_entry_gone(spot);
            self.found.ignored.push(RepoPath::new(spot.path.clone()));
            return Ok(());
        }
        let opened = spot.place.folder.enter(spot.name).and_then(|folder| folder.names().map(|names| (folder, names)));
        let (folder, names) = match opened {
            Ok(opened) if spot.place.depth < MAX_DEPTH => opened,
            Ok(_) => {
                self.skip(spot, SkipReason::TooDeep);
                return Ok(());
            }
            Err(error) => {
                self.skip(spot, SkipReason::Unreadable(error.to_string()));
                return Ok(());
            }
        };
        if is_gitlink && self.is_submodule(spot, &folder, &names) {
            return Ok(());
        }
        if node.is_none() {
            self.report_entry_gone(spot);
            if is_cache(&folder, &names) {
                self.found.ignored.push(RepoPath::new(spot.path.clone()));
                return Ok(());
            }
            self.found.folders.push(spot.path.clone());
        }
        let base = spot.place.base.and_then(|n| n.find(spot.name)).and_then(|e| e.child.as_deref());
        let (rules, depth) = (spot.place.rules.clone(), spot.place.depth + 1);
        self.folder(Place { folder, path: spot.path.clone(), node, base, rules, depth }, &names)
    }

    /// Returns whether a directory is still the submodule that the tree has there: empty, as it was made, or a checkout of its own.
    fn is_submodule(&mut self, spot: &Spot<'_, 'a>, folder: &Folder, names: &[Vec<u8>]) -> bool {
        if names.is_empty() {
            return true;
        }
        if !names.iter().any(|n| n == b".git") {
            return false;
        }
        let known = self.seen.count_below(&spot.path);
        if known == 0 || count_untouched(folder, &spot.path, self.seen, 0) != Some(known) {
            self.skip(spot, SkipReason::SubmoduleChanged);
        }
        true
    }

    fn skip(&mut self, spot: &Spot<'_, 'a>, reason: SkipReason) {
        self.found.skipped.push(Skipped { path: RepoPath::new(spot.path.clone()), reason });
    }

    fn report_entry_gone(&mut self, spot: &Spot<'_, 'a>) {
        if let Some(entry) = spot.entry {
            self.report_gone(&spot.path, entry);
        }
    }

    fn report_gone(&mut self, path: &[u8], entry: &Item) {
        let (absent, changes) = (self.absent, &mut self.found.changes);
        let mut report = |path: &[u8], entry: &Item| {
            if !absent.contains(path) {
                changes.push(TreeChange { path: RepoPath::new(path), old: Some(entry.entry()), new: None });
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

fn means_git_directory(name: &[u8]) -> bool {
    let is_git =
        |part: &[u8]| judge_path(&RepoPath::new(part), &PathRules::default()).is_err_and(|v| v.problem == PathProblem::GitDirectory);
    // A backslash separates on Windows, and git itself calls a tree damaged that holds such a name.
    name.split(|b| *b == b'\\').any(is_git)
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
