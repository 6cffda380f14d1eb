//! The administrative files of a linked worktree: written by hand, and looked at again before anything is believed that a tool could have
//! rewritten. Whoever can write `.git`, `gitdir` or `commondir` decides which repository git works on.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::id::ObjectId;
use crate::io::git::folder::{FileKind, Folder};

/// The text of `locked` while a worktree is being made; it keeps `git worktree prune` away.
const MAKING: &[u8] = b"git-orc is making this worktree\n";

/// What is wrong with an administrative file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// It is gone.
    #[error("is missing")]
    Missing,
    /// It has other content.
    #[error("was changed")]
    Changed,
    /// It is no regular file any more.
    #[error("was replaced by something else")]
    Replaced,
    /// It should not be there.
    #[error("was added")]
    Added,
}

/// An administrative file that a tool changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {what}", path.display())]
pub struct Tampered {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: Tampering,
    /// Where what stood in its place was moved, if it could not simply be overwritten: a repository that a tool made there.
    pub moved_to: Option<PathBuf>,
}

/// The administrative files of one worktree, as they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Admin {
    /// `<common>/worktrees/<name>`.
    pub(super) dir: PathBuf,
    /// The top of the worktree.
    pub(super) path: PathBuf,
    dot_git: Vec<u8>,
    gitdir: Vec<u8>,
    commondir: Vec<u8>,
    /// The worktree's own configuration, where the repository has such.
    config: Option<Vec<u8>>,
}

impl Admin {
    /// Returns what the files must be for a worktree at `path`.
    pub(super) fn new(dir: PathBuf, path: PathBuf) -> Self {
        let line = |prefix: &[u8], path: &Path| [prefix, path.as_os_str().as_bytes(), b"\n"].concat();
        Self {
            dot_git: line(b"gitdir: ", &dir),
            gitdir: line(b"", &path.join(".git")),
            commondir: b"../..\n".to_vec(),
            config: None,
            dir,
            path,
        }
    }

    /// Takes the files as git just wrote them, before any tool could touch them.
    pub(super) fn read(dir: PathBuf, path: PathBuf) -> io::Result<Self> {
        let (admin, top) = (Folder::open(&dir)?, Folder::open(&path)?);
        Ok(Self {
            dot_git: top.read_small(b".git")?,
            gitdir: admin.read_small(b"gitdir")?,
            commondir: admin.read_small(b"commondir")?,
            config: admin.find(b"config.worktree")?.map(|_| admin.read_small(b"config.worktree")).transpose()?,
            dir,
            path,
        })
    }

    /// Takes over the files that git wrote for another process, if they still lead where they must.
    pub(super) fn adopt(dir: PathBuf, path: PathBuf) -> Self {
        let read = Self::read(dir.clone(), path.clone()).ok();
        let is_ours = |read: &Self| {
            let line = read.dot_git.strip_prefix(b"gitdir: ").and_then(|l| l.strip_suffix(b"\n")).unwrap_or_default();
            worktree_of(&dir).is_some_and(|found| is_same(&found, &path)) && is_same(&path.join(OsStr::from_bytes(line)), &dir)
        };
        read.filter(is_ours).unwrap_or_else(|| Self::new(dir, path))
    }

    /// Returns what the worktree's `.git` file must hold.
    pub(super) fn dot_git(&self) -> &[u8] {
        &self.dot_git
    }

    /// Makes the administrative directory, which must not exist, and marks it as being made.
    pub(super) fn create(&self, commit: ObjectId) -> io::Result<()> {
        let parent = self.dir.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::create_dir_all(parent)?;
        std::fs::create_dir(&self.dir)?;
        let admin = Folder::open(&self.dir)?;
        // First of all, so that no `git worktree prune` takes it for a leftover.
        admin.write_new(b"locked", MAKING)?;
        self.write(&admin, commit)
    }

    fn write(&self, admin: &Folder, commit: ObjectId) -> io::Result<()> {
        let head = format!("{commit}\n");
        admin.swap(b"commondir", &self.commondir)?;
        admin.swap(b"HEAD", head.as_bytes())?;
        admin.swap(b"ORIG_HEAD", head.as_bytes())?;
        if let Some(config) = &self.config {
            admin.swap(b"config.worktree", config)?;
        }
        admin.create_folder(b"refs")?;
        // Last, because with it the directory counts as a worktree, and git complains about one without a HEAD.
        admin.swap(b"gitdir", &self.gitdir)
    }

    /// Makes an administrative directory that another worktree had point at this one.
    pub(super) fn claim(&self, dir: &Path) -> io::Result<()> {
        let admin = Folder::open(dir)?;
        admin.swap(b"locked", MAKING)?;
        admin.swap(b"gitdir", &self.gitdir)
    }

    /// Removes everything from the administrative directory but the files of a new worktree, which are written anew and marked as being
    /// made: no state of a merge, a rebase or a bisection is left.
    pub(super) fn renew(&self, commit: ObjectId) -> io::Result<()> {
        let admin = Folder::open(&self.dir)?;
        admin.swap(b"locked", MAKING)?;
        // What makes it a worktree in the eyes of git is never missing; it is replaced.
        let staying: [&[u8]; 4] = [b"locked", b"gitdir", b"commondir", b"HEAD"];
        for name in admin.names()?.iter().filter(|name| !staying.contains(&name.as_slice())) {
            admin.remove(name)?;
        }
        self.write(&admin, commit)
    }

    /// Writes the `.git` file of a new worktree.
    pub(super) fn write_dot_git(&self, top: &Folder) -> io::Result<()> {
        top.write_new(b".git", &self.dot_git)
    }

    /// Takes the mark away that the worktree is being made.
    pub(super) fn finish(&self) -> io::Result<()> {
        Folder::open(&self.dir)?.remove_file(b"locked")
    }

    /// Returns the names and the expected content of the files in the administrative directory.
    fn expected(&self) -> [(&'static [u8], Option<&[u8]>); 3] {
        [(b"gitdir", Some(&self.gitdir)), (b"commondir", Some(&self.commondir)), (b"config.worktree", self.config.as_deref())]
    }

    /// Compares the files with what they must be, puts right what is not, and reports it.
    pub(super) fn restore(&self, commit: ObjectId) -> io::Result<Vec<Tampered>> {
        let mut tampered = Vec::new();
        if Folder::open(&self.dir).is_err() {
            // The tool pruned its own worktree; without the directory not even a name is left in it.
            tampered.push(Tampered { path: self.dir.clone(), what: Tampering::Missing, moved_to: None });
            self.create(commit)?;
            self.finish()?;
        }
        let admin = Folder::open(&self.dir)?;
        for (name, content) in self.expected() {
            if let Some(what) = compare(&admin, name, content)? {
                tampered.push(self.restore_file(&admin, self.dir.join(OsStr::from_bytes(name)), content, what)?);
            }
        }
        tampered.extend(self.restore_top()?);
        let top = Folder::open(&self.path)?;
        if let Some(what) = compare(&top, b".git", Some(&self.dot_git))? {
            tampered.push(self.restore_file(&top, self.path.join(".git"), Some(&self.dot_git), what)?);
        }
        Ok(tampered)
    }

    /// Puts the top of the worktree right: a folder that we may open. What stands in its place is moved beside it.
    fn restore_top(&self) -> io::Result<Option<Tampered>> {
        let found = match std::fs::symlink_metadata(&self.path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (what, moved_to) = match found {
            Some(found) if found.is_dir() && found.permissions().mode() & 0o700 == 0o700 => return Ok(None),
            Some(found) if found.is_dir() => {
                let mode = std::fs::Permissions::from_mode(found.permissions().mode() | 0o700);
                std::fs::set_permissions(&self.path, mode)?;
                (Tampering::Changed, None)
            }
            Some(_) => (Tampering::Replaced, Some(move_beside(&self.path, &self.path)?)),
            None => (Tampering::Missing, None),
        };
        if what != Tampering::Changed {
            std::fs::create_dir_all(&self.path)?;
        }
        Ok(Some(Tampered { path: self.path.clone(), what, moved_to }))
    }

    /// Puts a file right. A directory in its place may hold commits, so it is moved beside the worktree, not removed.
    fn restore_file(&self, folder: &Folder, path: PathBuf, content: Option<&[u8]>, what: Tampering) -> io::Result<Tampered> {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let mut moved_to = None;
        if folder.find(name)?.is_some_and(|stat| stat.kind == FileKind::Folder) {
            moved_to = Some(move_beside(&path, &self.path)?);
        }
        match content {
            Some(content) => folder.replace(name, content)?,
            None => folder.find(name)?.map_or(Ok(()), |_| folder.remove_file(name))?,
        }
        Ok(Tampered { path, what, moved_to })
    }
}

fn compare(folder: &Folder, name: &[u8], expected: Option<&[u8]>) -> io::Result<Option<Tampering>> {
    Ok(match (folder.find(name)?, expected) {
        (None, None) => None,
        (None, Some(_)) => Some(Tampering::Missing),
        (Some(_), None) => Some(Tampering::Added),
        (Some(stat), Some(_)) if stat.kind != FileKind::File => Some(Tampering::Replaced),
        (Some(_), Some(content)) => folder.read_small(name).map_or(true, |found| found != content).then_some(Tampering::Changed),
    })
}

/// Moves a directory to a free name beside the worktree.
fn move_beside(path: &Path, worktree: &Path) -> io::Result<PathBuf> {
    let stem = worktree.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..1000).map(|n| worktree.with_file_name(format!("{stem}.found-{n}"))).find(|to| std::fs::symlink_metadata(to).is_err());
    let to = free.ok_or_else(|| io::Error::other("no free name to move it to"))?;
    crate::io::fs::rename(path, &to).map_err(|error| error.source)?;
    Ok(to)
}

fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Reads which worktree an administrative directory belongs to; `None` when it says nothing usable.
pub(super) fn worktree_of(dir: &Path) -> Option<PathBuf> {
    let content = Folder::open(dir).ok()?.read_small(b"gitdir").ok()?;
    let line = content.strip_suffix(b"\n").unwrap_or(&content);
    let dot_git = PathBuf::from(std::ffi::OsString::from_vec(line.to_vec()));
    let dot_git = if dot_git.is_absolute() { dot_git } else { dir.join(dot_git) };
    (dot_git.file_name() == Some(OsStr::new(".git"))).then(|| dot_git.parent().map(Path::to_owned)).flatten()
}
