//! Removes worktrees, and only those in which nothing is left that no patch recorded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::id::{ObjectId, RepoPath};
use crate::io::fs;
use crate::io::git::admin;
use crate::io::git::content::Store;
use crate::io::git::disk::SkipReason;
use crate::io::git::folder::Folder;
use crate::io::git::objects::Objects;
use crate::io::git::worktree::{CreateWorktree, Mark, Submodules, Worktree, WorktreeError, Worktrees, disk};

/// What is known to be recorded of a worktree.
#[derive(Debug, Clone)]
pub struct RemovalProof {
    /// The tree that was captured last.
    pub tree: ObjectId,
    /// What could not be captured, and was given up knowingly.
    pub given_up: BTreeSet<RepoPath>,
}

impl RemovalProof {
    /// Returns the proof for a worktree of which everything was captured in a tree.
    #[must_use]
    pub const fn captured(tree: ObjectId) -> Self {
        Self { tree, given_up: BTreeSet::new() }
    }
}

/// A worktree that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Ignored files and directories that went with it.
    pub ignored: Vec<RepoPath>,
}

/// The name of the directory for worktrees that are on their way out, below the root.
const TRASH: &str = ".trash";

impl Worktrees {
    /// Removes a worktree and its administration.
    ///
    /// # Errors
    /// Returns [`WorktreeError::NotCaptured`] with the paths when anything in it differs from the captured tree, ignored files excepted;
    /// nothing is removed then. Returns [`WorktreeError::OutsideRoot`] when it is not one of ours.
    pub fn remove(&self, mut worktree: Worktree, proof: &RemovalProof) -> Result<Removed, WorktreeError> {
        let _span = tracing::trace_span!("worktree remove").entered();
        self.require_ours(&worktree)?;
        let ignored = self.require_captured(&mut worktree, proof)?;
        self.take_away(&worktree.name, worktree.path(), &worktree.admin.dir)?;
        Ok(Removed { ignored })
    }

    /// Makes sure that everything in a worktree is recorded, so that it may be removed or used for something else.
    ///
    /// # Errors
    /// Returns what [`Worktrees::remove`] would return; nothing is changed.
    pub fn require_recorded(&self, worktree: &mut Worktree, proof: &RemovalProof) -> Result<(), WorktreeError> {
        self.require_ours(worktree)?;
        self.require_captured(worktree, proof).map(|_ignored| ())
    }

    /// Removes what a killed [`Worktrees::create`] left behind; returns whether there was anything.
    ///
    /// # Errors
    /// Returns [`WorktreeError::NotCaptured`] when files are there that are not those of the commit: then it was not half made, or somebody
    /// has used it.
    pub fn remove_half_made(&self, request: &CreateWorktree) -> Result<bool, WorktreeError> {
        self.check(request)?;
        let found = self.list_ours()?.into_iter().find(|found| found.path == request.path);
        let name = found.map_or_else(|| request.name.clone(), |found| found.name);
        let (path, dir) = (&request.path, self.admin_dir(&name));
        let exists = |path: &Path| std::fs::symlink_metadata(path).is_ok();
        let mark = self.read_mark(&request.name)?;
        if !exists(path) && !exists(&dir) && mark.is_none() {
            return Ok(false);
        }
        // An administrative directory of that name may be another's: only one that points at this path, or at nothing yet, is taken away.
        let is_others = exists(&dir) && admin::worktree_of(&dir).is_some_and(|other| other != *path);
        if is_others {
            return Err(WorktreeError::OutsideRoot { path: dir, root: self.root.clone() });
        }
        if exists(path) && mark != Some(Mark::Recycling) {
            let unknown = self.foreign_files(request, mark)?;
            if !unknown.is_empty() {
                return Err(WorktreeError::NotCaptured { path: path.clone(), paths: unknown });
            }
        }
        self.take_away(&request.name, path, &dir)?;
        Ok(true)
    }

    /// Returns what in a half-made worktree is not of the commit. Where our mark says that it was never handed to anybody, a file that is
    /// only half written is no surprise.
    fn foreign_files(&self, request: &CreateWorktree, mark: Option<Mark>) -> Result<Vec<RepoPath>, WorktreeError> {
        let mut worktree = self.adopt(&CreateWorktree { submodules: Submodules::Uninitialised, ..request.clone() })?;
        let objects = Objects::open(&self.repo)?;
        let tree = worktree.tree;
        let (found, _) = self.walk(&mut worktree, tree, (&objects, Store::No))?;
        // Where nobody has worked yet, what is missing or torn was not written yet.
        let changed = found.changes.into_iter().filter(|change| !(mark == Some(Mark::Making) && change.old.is_some()));
        Ok(changed.map(|change| change.path).chain(found.skipped.into_iter().map(|skipped| skipped.path)).collect())
    }

    /// Refuses a worktree whose administration does not stand among ours, or whose top does not lie below the root.
    pub(super) fn require_ours(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        let path = worktree.path();
        let admin_is_ours = worktree.admin.dir.parent() == Some(&*self.repo.common_dir().join("worktrees"));
        let leads_back = admin::worktree_of(&worktree.admin.dir).is_none_or(|found| found == path);
        if path.starts_with(&self.root) && *path != *self.root && admin_is_ours && leads_back {
            return Ok(());
        }
        Err(WorktreeError::OutsideRoot { path: path.to_owned(), root: self.root.clone() })
    }

    /// Returns the paths in which a worktree differs from a tree, sorted: what would be lost if the tree were all that is kept of it. That a
    /// file is gone is work as well; ignored files do not count.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the worktree can not be read.
    pub fn unrecorded(&self, worktree: &mut Worktree, tree: ObjectId) -> Result<Vec<RepoPath>, WorktreeError> {
        self.compare(worktree, tree).map(|(unrecorded, _)| unrecorded)
    }

    fn compare(&self, worktree: &mut Worktree, tree: ObjectId) -> Result<(Vec<RepoPath>, Vec<RepoPath>), WorktreeError> {
        if std::fs::symlink_metadata(worktree.path()).is_err() {
            return Ok((Vec::new(), Vec::new()));
        }
        let objects = Objects::open(&self.repo)?;
        let (found, _) = self.walk(worktree, tree, (&objects, Store::No))?;
        let changed = found.changes.into_iter().map(|change| change.path);
        // A pipe or a socket holds nothing that could be lost.
        let skipped = found.skipped.into_iter().filter(|skipped| skipped.reason != SkipReason::Special);
        let mut unrecorded: Vec<RepoPath> = changed.chain(skipped.map(|skipped| skipped.path)).collect();
        unrecorded.sort_unstable();
        Ok((unrecorded, found.ignored))
    }

    /// Refuses a worktree in which anything differs from the captured tree; returns what is ignored in it.
    pub(super) fn require_captured(&self, worktree: &mut Worktree, proof: &RemovalProof) -> Result<Vec<RepoPath>, WorktreeError> {
        let (mut paths, ignored) = self.compare(worktree, proof.tree)?;
        paths.retain(|path| !proof.given_up.contains(path));
        if paths.is_empty() { Ok(ignored) } else { Err(WorktreeError::NotCaptured { path: worktree.path().to_owned(), paths }) }
    }

    /// Takes a worktree away. What the disk refuses is tried once more: nobody comes by later to remove what is left.
    fn take_away(&self, name: &str, path: &Path, dir: &Path) -> Result<(), WorktreeError> {
        self.try_away(name, path, dir).or_else(|refused| {
            tracing::debug!(error = %refused, "a worktree could not be removed and is tried again");
            self.try_away(name, path, dir)
        })
    }

    /// Moves a worktree out of sight and removes its administration under the lock, then removes the files, which can take a while. What an
    /// earlier try has done is not missed.
    fn try_away(&self, name: &str, path: &Path, dir: &Path) -> Result<(), WorktreeError> {
        let trash = self.root.join(TRASH);
        {
            let _lock = self.lock()?;
            self.move_to_trash(name, path, &trash)?;
            self.take_admin_away(dir)?;
            fs::remove_file(&self.absent_file(name))?;
            fs::remove_file(&self.mark_file(name))?;
        }
        let is_ours = |found: &PathBuf| found.file_stem().is_some_and(|stem| stem == name);
        for moved in names_in(&trash).iter().filter(|found| is_ours(found)) {
            fs::remove_dir_all(moved)?;
        }
        // Under the lock, so that no directory goes that another thread is just about to put something into.
        let _lock = self.lock()?;
        for folder in [Some(&*trash), path.parent(), Some(&*self.root)].into_iter().flatten().filter(|f| f.starts_with(&self.root)) {
            fs::remove_dir_if_empty(folder)?;
        }
        Ok(())
    }

    /// Removes an administrative directory: out of git's sight in one step, because `git fsck` complains about one that is half gone.
    fn take_admin_away(&self, dir: &Path) -> Result<(), WorktreeError> {
        let bin = self.admin_bin();
        if std::fs::symlink_metadata(dir).is_ok() {
            // What is in there was to be removed before.
            fs::remove_dir_all(&bin)?;
            fs::create_dir_all(&self.repo.orc_dir())?;
            fs::rename(dir, &bin)?;
        }
        Ok(fs::remove_dir_all(&bin)?)
    }

    /// Returns where administrative directories are removed.
    fn admin_bin(&self) -> PathBuf {
        self.repo.orc_dir().join("worktree-removed")
    }

    fn move_to_trash(&self, name: &str, path: &Path, trash: &Path) -> Result<(), WorktreeError> {
        if std::fs::symlink_metadata(path).is_err() {
            return Ok(());
        }
        std::fs::create_dir_all(trash).map_err(disk(trash))?;
        let free = (0..).map(|n| trash.join(format!("{name}.{n}"))).find(|to| std::fs::symlink_metadata(to).is_err());
        let to = free.unwrap_or_else(|| trash.join(name));
        Ok(fs::rename(path, &to)?)
    }

    /// Removes worktrees that were on their way out when the process was killed, of which everything had been captured, and directories
    /// that were left empty. Returns how many worktrees there were.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when something in them can not be removed.
    pub fn empty_trash(&self) -> Result<usize, WorktreeError> {
        let _lock = self.lock()?;
        fs::remove_dir_all(&self.admin_bin())?;
        let trash = self.root.join(TRASH);
        let found = names_in(&trash);
        for path in &found {
            fs::remove_dir_all(path)?;
        }
        let is_folder = |path: &&PathBuf| std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
        for folder in names_in(&self.root).iter().filter(is_folder).chain([&self.root]) {
            fs::remove_dir_if_empty(folder)?;
        }
        Ok(found.len())
    }
}

/// Returns the paths of what is in a directory; nothing when there is none.
fn names_in(folder: &Path) -> Vec<PathBuf> {
    let names = Folder::open(folder).and_then(|opened| opened.names()).unwrap_or_default();
    names.iter().map(|name| folder.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name))).collect()
}
