//! Brings a worktree of ours to another commit, touching only what differs: for a retry, or for the next workstream.

use std::io;
use std::path::Path;

use crate::domain::id::RepoPath;
use crate::io::fs;
use crate::io::git::admin::Admin;
use crate::io::git::checkout::{Placed, Wanted};
use crate::io::git::content::Store;
use crate::io::git::create::note_placed;
use crate::io::git::folder::{self, FileKind, FileStat, Folder, split};
use crate::io::git::host::Maker;
use crate::io::git::listing::Node;
use crate::io::git::objects::Objects;
use crate::io::git::remove::RemovalProof;
use crate::io::git::seen::StatCache;
use crate::io::git::tree::FileMode;
use crate::io::git::walk::{Found, join};
use crate::io::git::worktree::{CreateWorktree, Mark, Submodules, Worktree, WorktreeError, Worktrees, disk, now};

/// What happens to ignored files when a worktree is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredFiles {
    /// They stay: build directories make the next build fast.
    Keep,
    /// They go: the worktree is as if it were new.
    Remove,
}

impl Worktrees {
    /// Makes a new worktree out of one that is not needed any more, under another name and path or the same, at another commit or the same.
    /// Where git makes the worktrees, or submodules are asked for, it is removed and made anew.
    ///
    /// # Errors
    /// Returns [`WorktreeError::NotCaptured`] when it holds what was not captured; nothing is changed then. After any other error the old
    /// worktree is gone or half made, and everything in it was captured.
    pub fn recycle(
        &self,
        mut worktree: Worktree,
        request: &CreateWorktree,
        proof: &RemovalProof,
        ignored: IgnoredFiles,
    ) -> Result<Worktree, WorktreeError> {
        self.check(request)?;
        self.require_ours(&worktree)?;
        let (tree, node) = self.tree_of(request.commit)?;
        let by_hand = worktree.maker == Maker::Own && self.maker(&node)? == Maker::Own;
        if !by_hand || request.submodules == Submodules::Initialised || std::fs::symlink_metadata(worktree.path()).is_err() {
            self.remove(worktree, proof)?;
            return self.create(request);
        }
        self.require_captured(&mut worktree, proof)?;
        self.rename(&mut worktree, request)?;
        worktree.admin.renew(request.commit).map_err(disk(&worktree.admin.dir))?;
        let top = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        top.remove(b".git").map_err(disk(worktree.path()))?;
        worktree.admin.write_dot_git(&top).map_err(disk(worktree.path()))?;
        let objects = Objects::open(&self.repo)?;
        (worktree.commit, worktree.tree) = (request.commit, tree);
        let (found, _) = self.walk(&mut worktree, tree, (&objects, Store::No))?;
        clear(&top, &found, ignored).map_err(disk(worktree.path()))?;
        self.restore_files(&mut worktree, &node, &top)?;
        worktree.admin.finish().map_err(disk(&worktree.admin.dir))?;
        worktree.included = self.copy_included(&worktree)?;
        fs::remove_file(&self.mark_file(&worktree.name))?;
        Ok(worktree)
    }

    /// Writes the files of a worktree's commit again that are not as they were, and returns their paths; nothing when git made the worktree, and
    /// only git could write them. What else lies in it stays.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the worktree can not be read or written.
    pub fn put_back(&self, worktree: &mut Worktree) -> Result<Option<Vec<RepoPath>>, WorktreeError> {
        let (tree, node) = self.tree_of(worktree.commit)?;
        let objects = Objects::open(&self.repo)?;
        let (found, _) = self.walk(worktree, tree, (&objects, Store::No))?;
        let strayed: Vec<_> = found.changes.into_iter().filter(|change| change.old.is_some()).map(|change| change.path).collect();
        if strayed.is_empty() {
            return Ok(Some(strayed));
        }
        if worktree.maker != Maker::Own || self.maker(&node)? != Maker::Own {
            return Ok(None);
        }
        let top = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        strayed.iter().try_for_each(|path| remove(&top, path)).map_err(disk(worktree.path()))?;
        self.restore_files(worktree, &node, &top)?;
        Ok(Some(strayed))
    }

    /// Moves a worktree and its administration, marking it as being made anew.
    fn rename(&self, worktree: &mut Worktree, request: &CreateWorktree) -> Result<(), WorktreeError> {
        let _lock = self.lock()?;
        let new = Admin::new(self.admin_dir(&request.name), request.path.clone());
        let moves = [(worktree.admin.path.clone(), new.path.clone()), (worktree.admin.dir.clone(), new.dir.clone())];
        let moves: Vec<_> = moves.into_iter().filter(|(from, to)| from != to).collect();
        if let Some((_, taken)) = moves.iter().find(|(_, to)| std::fs::symlink_metadata(to).is_ok()) {
            return Err(WorktreeError::Exists(taken.clone()));
        }
        self.mark(&request.name, Mark::Recycling)?;
        // From here on the administration belongs to the new path, so that whoever finds it later knows where to look.
        new.claim(&worktree.admin.dir).map_err(disk(&worktree.admin.dir))?;
        for (from, to) in &moves {
            let parent = to.parent().unwrap_or(to);
            std::fs::create_dir_all(parent).map_err(disk(parent))?;
            fs::rename(from, to)?;
        }
        if let Some(parent) = worktree.path().parent().filter(|parent| parent.starts_with(&self.root)) {
            fs::remove_dir_if_empty(parent)?;
        }
        worktree.name.clone_from(&request.name);
        worktree.admin = new;
        Ok(())
    }

    /// Writes the files that are missing or not as a new worktree would have them, and the index of all.
    fn restore_files(&self, worktree: &mut Worktree, node: &Node, top: &Folder) -> Result<(), WorktreeError> {
        let failed = |error| disk(&worktree.admin.path)(error);
        let fresh = probe_permissions(&worktree.admin.dir).map_err(failed)?;
        let mut survey = Survey { fresh, placed: Vec::with_capacity(node.files), wanted: Vec::new() };
        survey.folder(Some(top), node, &mut Vec::new()).map_err(failed)?;
        let mut seen = StatCache::default();
        for file in &survey.placed {
            if worktree.seen.content(&file.wanted.path, &file.stat) == Some(file.wanted.entry.id) {
                seen.note(&file.wanted.path, file.wanted.entry.id, file.stat, None);
            }
        }
        // Not dated back: a build that kept its output must see that these files are younger.
        let time = now();
        let written = self.write_files(top, survey.wanted, time)?;
        note_placed(&mut seen, &written, time);
        let mut placed = survey.placed;
        placed.extend(written);
        placed.sort_unstable_by(|a, b| a.wanted.path.cmp(&b.wanted.path));
        self.write_index(worktree, &placed)?;
        worktree.seen = seen;
        Ok(())
    }
}

/// Looks at every file that a tree wants, and makes room where something else stands.
struct Survey {
    /// The permissions that a new executable file gets here.
    fresh: u32,
    placed: Vec<Placed>,
    wanted: Vec<Wanted>,
}

impl Survey {
    fn folder(&mut self, folder: Option<&Folder>, node: &Node, path: &mut Vec<u8>) -> io::Result<()> {
        for item in &node.entries {
            let length = path.len();
            *path = join(path, &item.name);
            let stat = folder.map_or(Ok(None), |f| f.find(&item.name))?;
            if let Some(child) = &item.child {
                let inner = match (folder, stat) {
                    (Some(folder), Some(stat)) => Some(self.inner(folder, &item.name, &stat)?),
                    _ => None,
                };
                self.folder(inner.as_ref(), child, path)?;
            } else {
                let wanted = Wanted { path: path.clone(), entry: item.entry() };
                match (folder, stat) {
                    (_, Some(stat)) if self.is_fresh(item.mode, &stat) => self.placed.push(Placed { wanted, stat }),
                    (Some(folder), Some(_)) => {
                        folder.remove(&item.name)?;
                        self.wanted.push(wanted);
                    }
                    _ => self.wanted.push(wanted),
                }
            }
            path.truncate(length);
        }
        Ok(())
    }

    fn inner(&self, folder: &Folder, name: &[u8], stat: &FileStat) -> io::Result<Folder> {
        if stat.permissions != self.fresh {
            folder.set_folder_permissions(name, self.fresh)?;
        }
        folder.enter(name)
    }

    /// Returns whether a file looks as it would in a new worktree. Another name for the same file would change with it.
    fn is_fresh(&self, mode: FileMode, stat: &FileStat) -> bool {
        match mode {
            FileMode::Regular => stat.kind == FileKind::File && stat.permissions == self.fresh & 0o666 && stat.links == 1,
            FileMode::Executable => stat.kind == FileKind::File && stat.permissions == self.fresh && stat.links == 1,
            FileMode::Symlink => stat.kind == FileKind::Symlink,
            FileMode::Gitlink | FileMode::Tree => stat.kind == FileKind::Folder,
        }
    }
}

/// Finds out which permissions a new executable file gets.
fn probe_permissions(dir: &Path) -> io::Result<u32> {
    let folder = Folder::open(dir)?;
    let probe = folder.create_file(b"orc-probe", 0o777)?;
    let stat = folder::stat_file(&probe)?;
    folder.remove_file(b"orc-probe")?;
    Ok(stat.permissions)
}

/// Removes what a new worktree would not have.
fn clear(top: &Folder, found: &Found, ignored: IgnoredFiles) -> io::Result<()> {
    let changed = found.changes.iter().filter(|change| change.new.is_some()).map(|change| &change.path);
    let skipped = found.skipped.iter().map(|skipped| &skipped.path);
    let hidden = match ignored {
        IgnoredFiles::Keep => &[][..],
        IgnoredFiles::Remove => &found.ignored,
    };
    for path in changed.chain(skipped).chain(hidden) {
        remove(top, path)?;
    }
    for path in found.folders.iter().rev() {
        let (parent, name) = split(path);
        // One that still holds ignored files stays.
        let _ = top.descend(parent).and_then(|folder| folder.remove_empty(name));
    }
    Ok(())
}

fn remove(top: &Folder, path: &RepoPath) -> io::Result<()> {
    let (parent, name) = split(path.as_bytes());
    match top.descend(parent) {
        Ok(folder) => folder.remove(name),
        // It went together with a directory above it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
