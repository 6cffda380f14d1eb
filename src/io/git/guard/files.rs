//! The files of the git directory that decide what git does: kept in memory, compared by `lstat` first and by their bytes when that differs,
//! and put back.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::memo::{Memo, is_absent};
use crate::domain::integrity::config_keys::key_changes;
use crate::domain::integrity::fact::{Change, How, Thing};
use crate::io::clock::{self, Stopwatch};
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::folder::{FileKind, FileStat, FileTime, Folder};
use crate::io::git::worktree::now;

/// Files at fixed places. `commondir` and `gitdir` do not belong into a main git directory; where they are, git looks elsewhere.
const FIXED: &[&str] = &[
    "commondir",
    "config",
    "config.worktree",
    "gitdir",
    "info",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info",
    "objects/info/alternates",
    "shallow",
];
const ADMIN: &[&str] = &["commondir", "config.worktree", "gitdir"];
/// The largest file that is kept, and the most that is kept of all.
const MAX_FILE: u64 = 1 << 20;
const MAX_ALL: u64 = 32 << 20;
/// How long what was done to a worktree must have stayed as it is before it counts, and how long that is waited for.
const SETTLED: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);
/// How many hooks are looked at, and how deep.
const MAX_HOOKS: usize = 4_000;
const MAX_DEPTH: usize = 6;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    File {
        bytes: Arc<Vec<u8>>,
        mode: u32,
    },
    /// Too large to be kept: only its stamp is compared.
    Large {
        size: u64,
        mtime: FileTime,
        ino: u64,
        mode: u32,
    },
    Link(Vec<u8>),
    Folder,
    Special,
}

/// The watched files as they are or were.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(BTreeMap<Vec<u8>, Memo<Body>>);

impl Files {
    /// Returns the path of each of them that says something, with bytes that are others when it says something else.
    pub(super) fn signed(&self) -> impl Iterator<Item = (&Vec<u8>, Vec<u8>)> {
        self.0.iter().filter_map(|(path, memo)| {
            let sign = match &memo.value {
                Body::File { bytes, mode } => [format!("file {mode:o} ").as_bytes(), bytes].concat(),
                Body::Large { size, mtime, ino, mode } => format!("large {size} {mtime:?} {ino} {mode:o}").into_bytes(),
                Body::Link(target) => [b"link ".as_slice(), target].concat(),
                Body::Special => b"special".to_vec(),
                Body::Folder => return None,
            };
            Some((path, sign))
        })
    }
}

/// Where the watched files are.
#[derive(Debug)]
pub(super) struct FileWatch {
    common: PathBuf,
    /// The folders of hooks below the git directory.
    hooks: Vec<Vec<u8>>,
}

/// One difference.
#[derive(Debug)]
pub(super) struct Difference {
    path: Vec<u8>,
    thing: Thing,
    how: How,
    keys: Vec<String>,
    /// Whether git or a user does such a thing on an ordinary day.
    pub(super) ordinary: bool,
}

impl FileWatch {
    /// Prepares to watch a git directory. `configured` is the folder that `core.hooksPath` names, if it lies inside.
    pub(super) fn new(common: &Path, configured: Option<&Path>) -> Self {
        let mut hooks = vec![b"hooks".to_vec()];
        let inside = configured.and_then(|path| path.strip_prefix(common).ok()).map(|path| path.as_os_str().as_bytes().to_vec());
        hooks.extend(inside.filter(|path| !path.is_empty() && path != b"hooks"));
        Self { common: common.to_owned(), hooks }
    }

    /// Reads the watched files; what can not have changed since `before` is taken from there.
    pub(super) fn read(&self, before: &Files) -> io::Result<Files> {
        let top = Folder::open(&self.common)?;
        let mut scan = Scan { before, now: now(), room: MAX_ALL, found: BTreeMap::new() };
        for path in FIXED {
            scan.path(&top, path.as_bytes())?;
        }
        for hooks in &self.hooks {
            scan.path(&top, hooks)?;
            if let Some(folder) = optional(top.descend(hooks))? {
                scan.below(&folder, hooks, 0)?;
            }
        }
        if let Some(worktrees) = optional(top.descend(b"worktrees"))? {
            for name in worktrees.names()? {
                // Those of git-orc are made and removed all the time, and looked after by their own guard.
                let Some(folder) = (if name.starts_with(b"orc-") { None } else { optional(worktrees.enter(&name))? }) else { continue };
                for file in ADMIN {
                    scan.one(&folder, [b"worktrees/", name.as_slice(), b"/", file.as_bytes()].concat(), file.as_bytes())?;
                }
            }
        }
        Ok(Files(scan.found))
    }

    /// Reads the watched files, and returns them with how they differ from what they were. A worktree that git is removing loses its files one by
    /// one, and putting one back in the middle of it would make git fail; so harm to a worktree counts when nothing follows it.
    pub(super) fn look(&self, old: &Files) -> io::Result<(Files, Vec<Difference>)> {
        let mut found = self.read(old)?;
        let mut differences = self.differences(old, &found);
        let start = Stopwatch::start();
        let mut quiet = start;
        let may_pass = |all: &[Difference]| all.iter().any(|one| one.thing == Thing::Admin && !one.ordinary);
        while may_pass(&differences) && quiet.elapsed() < SETTLED && start.elapsed() < PATIENCE {
            clock::pause(PAUSE);
            let again = self.read(&found)?;
            if !self.differences(&found, &again).is_empty() {
                quiet = Stopwatch::start();
            }
            found = again;
            differences = self.differences(old, &found);
        }
        Ok((found, differences))
    }

    /// Returns where two states differ, parents before what is in them.
    fn differences(&self, old: &Files, new: &Files) -> Vec<Difference> {
        let paths: BTreeSet<&Vec<u8>> = old.0.keys().chain(new.0.keys()).collect();
        paths.into_iter().filter_map(|path| self.difference(path, old.0.get(path), new.0.get(path), (old, new))).collect()
    }

    fn difference(
        &self,
        path: &[u8],
        old: Option<&Memo<Body>>,
        new: Option<&Memo<Body>>,
        (before, after): (&Files, &Files),
    ) -> Option<Difference> {
        let how = match (old.map(|m| &m.value), new.map(|m| &m.value)) {
            (None, None) => return None,
            (Some(old), Some(new)) if old == new => return None,
            (None, Some(Body::Folder)) => return None,
            (None, Some(_)) => How::Added,
            (Some(_), None) => How::Removed,
            (Some(old), Some(new)) if std::mem::discriminant(old) != std::mem::discriminant(new) => How::Replaced,
            (Some(_), Some(_)) => How::Changed,
        };
        let thing = self.thing(path);
        let mut difference = Difference { path: path.to_vec(), thing, how, keys: Vec::new(), ordinary: false };
        if thing == Thing::Config {
            let found = key_changes(text(old), text(new));
            let is_plain = matches!((old.map(|m| &m.value), new.map(|m| &m.value)), (Some(Body::File { .. }), Some(Body::File { .. })));
            difference.ordinary = found.ordinary && is_plain;
            difference.keys = found.keys;
        }
        if thing == Thing::Admin {
            difference.ordinary = self.is_users_own(path, new, (before, after));
        }
        // A fetch in a shallow clone may deepen it; nothing makes a whole clone shallow.
        difference.ordinary |= path == b"shallow" && how == How::Changed;
        Some(difference)
    }

    /// Returns whether a worktree of the user's was made, removed or moved, as git does it.
    fn is_users_own(&self, path: &[u8], new: Option<&Memo<Body>>, (before, after): (&Files, &Files)) -> bool {
        let Some((dir, name)) = path.iter().rposition(|b| *b == b'/').map(|at| (&path[..at], &path[at + 1..])) else { return false };
        let has = |files: &Files| files.0.contains_key([dir, b"/gitdir"].concat().as_slice());
        if !has(before) || (!has(after) && !self.common.join(OsStr::from_bytes(dir)).exists()) {
            return true;
        }
        let leads_back = || {
            let Some(Body::File { bytes, .. }) = new.map(|m| &m.value) else { return false };
            let dot_git = self.common.join(OsStr::from_bytes(dir)).join(OsStr::from_bytes(bytes.trim_ascii_end()));
            let Ok(text) = fs::read_at_most(&dot_git, 4096) else { return false };
            let Some(line) = text.strip_prefix(b"gitdir: ").map(<[u8]>::trim_ascii_end) else { return false };
            let there = dot_git.parent().map(|top| top.join(OsStr::from_bytes(line))).and_then(|path| path.canonicalize().ok());
            there.is_some() && there == self.common.join(OsStr::from_bytes(dir)).canonicalize().ok()
        };
        name == b"gitdir" && leads_back()
    }

    fn thing(&self, path: &[u8]) -> Thing {
        let is_hook =
            self.hooks.iter().any(|hooks| path == hooks || path.strip_prefix(hooks.as_slice()).is_some_and(|rest| rest.starts_with(b"/")));
        if is_hook {
            Thing::Hook
        } else if path == b"config" || path.ends_with(b"config.worktree") {
            Thing::Config
        } else if path == b"commondir" || path == b"gitdir" || path.starts_with(b"worktrees/") {
            Thing::Admin
        } else {
            Thing::Info
        }
    }

    /// Puts a file back; what stands there goes below `kept`, which lies in the folder `base`. Returns the change with what became of it.
    pub(super) fn put_back(&self, difference: Difference, old: &Files, (base, kept): (&Path, &Path)) -> Change {
        let name = String::from_utf8_lossy(&difference.path).into_owned();
        let mut change = Change { keys: difference.keys, ..Change::new(difference.thing, name, difference.how) };
        let body = old.0.get(&difference.path).map(|memo| &memo.value);
        if matches!(body, Some(Body::Large { .. } | Body::Special)) {
            return change;
        }
        let (path, aside) = (self.common.join(OsStr::from_bytes(&difference.path)), kept.join(OsStr::from_bytes(&difference.path)));
        let moved = move_aside(&path, &aside);
        if matches!(moved, Ok(true)) {
            change.kept = aside.strip_prefix(base).ok().map(|path| path.to_string_lossy().into_owned());
        }
        change.restored = moved.is_ok() && write(&path, body).is_ok();
        change
    }
}

/// Returns the change that a difference is when it stays as it is.
pub(super) fn noted(difference: Difference) -> Change {
    let name = String::from_utf8_lossy(&difference.path).into_owned();
    Change { keys: difference.keys, undo: None, ..Change::new(difference.thing, name, difference.how) }
}

fn text(memo: Option<&Memo<Body>>) -> &[u8] {
    match memo.map(|memo| &memo.value) {
        Some(Body::File { bytes, .. }) => bytes,
        Some(Body::Large { .. } | Body::Link(_) | Body::Folder | Body::Special) | None => b"",
    }
}

fn optional(folder: io::Result<Folder>) -> io::Result<Option<Folder>> {
    match folder {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Moves what stands at a path out of the way; returns whether anything did.
fn move_aside(path: &Path, aside: &Path) -> Result<bool, FsError> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(false);
    }
    if let Some(folder) = aside.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(path, aside)?;
    Ok(true)
}

fn write(path: &Path, body: Option<&Body>) -> Result<(), FsError> {
    let at = |source| FsError { action: "put back", path: path.to_owned(), source };
    if let (Some(folder), Some(_)) = (path.parent(), body) {
        fs::create_dir_all(folder)?;
    }
    match body {
        None | Some(Body::Large { .. } | Body::Special) => Ok(()),
        Some(Body::File { bytes, mode }) => {
            fs::write_atomic(path, bytes, Durability::Relaxed)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(*mode)).map_err(at)
        }
        Some(Body::Link(target)) => std::os::unix::fs::symlink(OsStr::from_bytes(target), path).map_err(at),
        Some(Body::Folder) => fs::create_dir_all(path),
    }
}

/// One reading of the watched files.
struct Scan<'a> {
    before: &'a Files,
    now: FileTime,
    room: u64,
    found: BTreeMap<Vec<u8>, Memo<Body>>,
}

impl Scan<'_> {
    /// Reads a file at a path below an open folder; a link in the way ends it.
    fn path(&mut self, top: &Folder, path: &[u8]) -> io::Result<()> {
        let (folder, name) = crate::io::git::folder::split(path);
        match optional(top.descend(folder))? {
            Some(folder) => self.one(&folder, path.to_vec(), name),
            None => Ok(()),
        }
    }

    fn one(&mut self, folder: &Folder, path: Vec<u8>, name: &[u8]) -> io::Result<()> {
        let Some(stat) = folder.find(name)? else { return Ok(()) };
        let memo = match self.before.0.get(&path).filter(|memo| memo.holds(&stat)) {
            Some(known) => known.clone(),
            None => Memo::new(stat, self.now, self.body(folder, name, &stat)?),
        };
        if let Body::File { bytes, .. } = &memo.value {
            self.room = self.room.saturating_sub(bytes.len() as u64);
        }
        self.found.insert(path, memo);
        Ok(())
    }

    fn body(&self, folder: &Folder, name: &[u8], stat: &FileStat) -> io::Result<Body> {
        let large = Body::Large { size: stat.size, mtime: stat.mtime, ino: stat.ino, mode: stat.permissions };
        Ok(match stat.kind {
            FileKind::Folder => Body::Folder,
            FileKind::Special => Body::Special,
            FileKind::Symlink => Body::Link(folder.read_link(name)?),
            FileKind::File if stat.size > MAX_FILE || stat.size > self.room => large,
            // A file without read permission can not be kept, and is no less worth a look.
            FileKind::File => match folder.read_small(name) {
                Ok(bytes) => Body::File { bytes: Arc::new(bytes), mode: stat.permissions },
                Err(_) => large,
            },
        })
    }

    fn below(&mut self, folder: &Folder, path: &[u8], depth: usize) -> io::Result<()> {
        for name in folder.names()? {
            if self.found.len() > MAX_HOOKS {
                return Ok(());
            }
            let inner = [path, b"/", name.as_slice()].concat();
            self.one(folder, inner.clone(), &name)?;
            let is_folder = self.found.get(&inner).is_some_and(|memo| memo.value == Body::Folder);
            if is_folder && depth < MAX_DEPTH {
                self.below(&folder.enter(&name)?, &inner, depth + 1)?;
            }
        }
        Ok(())
    }
}
