//! Makes worktrees.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::id::ObjectId;
use crate::io::clock::pause;
use crate::io::fs;
use crate::io::git::admin::Admin;
use crate::io::git::checkout::{Checkout, CheckoutError, Placed, Wanted};
use crate::io::git::command::GitCommand;
use crate::io::git::folder::{FileKind, FileStat, FileTime, Folder, split};
use crate::io::git::host::Maker;
use crate::io::git::index::write_index;
use crate::io::git::listing::Node;
use crate::io::git::repo::RepoError;
use crate::io::git::seen::StatCache;
use crate::io::git::tree::FileMode;
use crate::io::git::walk::join;
use crate::io::git::worktree::{CreateWorktree, Mark, Submodules, Worktree, WorktreeError, Worktrees, disk, now};

/// How far the files of a new worktree are dated back. What a tool writes then has another date for certain, and git need not look into
/// files that seem to be as young as its index.
const BACKDATE_SECONDS: i64 = 10;

/// The longest tick of the clock that file systems stamp files with.
const TICK: Duration = Duration::from_millis(12);

impl Worktrees {
    /// Makes a worktree with the files of a commit.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the name or path can not be used or are taken, or the files can not be written; what was made until
    /// then is removed.
    pub fn create(&self, request: &CreateWorktree) -> Result<Worktree, WorktreeError> {
        let _span = tracing::trace_span!("worktree create").entered();
        self.check(request)?;
        let (tree, node) = self.tree_of(request.commit)?;
        let maker = self.maker(&node)?;
        let mut worktree = Worktree {
            name: request.name.clone(),
            admin: Admin::new(self.admin_dir(&request.name), request.path.clone()),
            commit: request.commit,
            tree,
            maker,
            seen: StatCache::default(),
            absent: std::collections::BTreeSet::new(),
            included: Vec::new(),
        };
        self.claim(&worktree)?;
        let made = self.fill(&mut worktree, &node, request);
        match made {
            Ok(()) => {
                fs::remove_file(&self.mark_file(&worktree.name))?;
                Ok(worktree)
            }
            Err(error) => {
                // The first error tells more than one of the tidying, and what stays behind is found again by its mark.
                let _ = self.discard(&worktree);
                Err(error)
            }
        }
    }

    /// Leaves a mark that the worktree is being made, and makes sure that nothing is in its way.
    fn claim(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        let _lock = self.lock()?;
        for path in [worktree.admin_dir(), worktree.path()] {
            if std::fs::symlink_metadata(path).is_ok() {
                return Err(WorktreeError::Exists(path.to_owned()));
            }
        }
        self.mark(&worktree.name, Mark::Making)?;
        let path = worktree.path();
        let parent = path.parent().unwrap_or(path);
        std::fs::create_dir_all(parent).map_err(disk(parent))?;
        if worktree.maker == Maker::Own {
            std::fs::create_dir(path).map_err(disk(path))?;
            worktree.admin.create(worktree.commit).map_err(disk(&worktree.admin.dir))?;
        }
        Ok(())
    }

    fn fill(&self, worktree: &mut Worktree, node: &Arc<Node>, request: &CreateWorktree) -> Result<(), WorktreeError> {
        if worktree.maker == Maker::Own {
            match self.fill_by_hand(worktree, node) {
                // The file system takes two names of the tree for one: git knows what to do about that.
                Err(WorktreeError::Checkout(CheckoutError::Write { source, .. })) if source.kind() == io::ErrorKind::AlreadyExists => {
                    self.remove_both(worktree)?;
                    worktree.maker = Maker::Git;
                }
                other => other?,
            }
        }
        if worktree.maker == Maker::Git {
            self.fill_by_git(worktree, node)?;
        }
        if request.submodules == Submodules::Initialised {
            self.check_out_submodules(worktree, node)?;
        }
        worktree.included = self.copy_included(worktree)?;
        Ok(())
    }

    fn fill_by_hand(&self, worktree: &mut Worktree, node: &Node) -> Result<(), WorktreeError> {
        let mut wanted = Vec::with_capacity(node.files);
        node.visit(&mut Vec::new(), &mut |path, item| wanted.push(Wanted { path: path.to_vec(), entry: item.entry() }));
        let (seconds, nanoseconds) = now();
        let top = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        worktree.admin.write_dot_git(&top).map_err(disk(worktree.path()))?;
        let placed = self.write_files(&top, wanted, (seconds - BACKDATE_SECONDS, nanoseconds))?;
        note_placed(&mut worktree.seen, &placed, (seconds - BACKDATE_SECONDS, nanoseconds));
        self.write_index(worktree, &placed)?;
        worktree.admin.finish().map_err(disk(&worktree.admin.dir))
    }

    /// Writes files into the directory, several at a time.
    pub(super) fn write_files(&self, top: &Folder, mut wanted: Vec<Wanted>, time: FileTime) -> Result<Vec<Placed>, WorktreeError> {
        wanted.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let open = || match self.repo.open() {
            Ok(repository) => Ok(repository),
            Err(RepoError::Open { source, .. } | RepoError::UnknownCommit { source, .. }) => Err(source),
            Err(RepoError::File(error)) => Err(git2::Error::from_str(&error.to_string())),
        };
        Ok(Checkout { open: &open, blobs: &self.blobs, top, time }.write(wanted)?)
    }

    pub(super) fn write_index(&self, worktree: &Worktree, placed: &[Placed]) -> Result<(), WorktreeError> {
        write_index(&worktree.admin.dir.join("index"), placed)
            .map_err(|source| WorktreeError::Index { name: worktree.name.clone(), source })
    }

    fn fill_by_git(&self, worktree: &mut Worktree, node: &Node) -> Result<(), WorktreeError> {
        let path = worktree.path().to_owned();
        {
            let _lock = self.lock()?;
            let mut command = GitCommand::new(&self.repo);
            if self.repo.git_dir() != self.repo.common_dir() {
                command = command.linked(&self.repo, self.repo.git_dir());
            }
            command.args(["worktree", "add", "--quiet", "--detach", "--"]).arg(&path).arg(worktree.commit.to_string()).run()?;
        }
        let found = self.list_ours()?.into_iter().find(|found| found.path == path);
        let name = found.map_or_else(|| worktree.name.clone(), |found| found.name);
        worktree.admin = Admin::read(self.admin_dir(&name), path.clone()).map_err(disk(&path))?;
        // A file that is written within the tick in which git wrote it could look untouched.
        pause(TICK);
        let top = Folder::open(&path).map_err(disk(&path))?;
        let mut wanted = Vec::with_capacity(node.files);
        node.visit(&mut Vec::new(), &mut |path, item| wanted.push((path.to_vec(), item.entry())));
        for (file, entry) in wanted {
            match stat_below(&top, &file) {
                Ok(stat) if entry.mode != FileMode::Gitlink => worktree.seen.note(&file, entry.id, stat, None),
                Ok(_) => {}
                Err(_) => drop(worktree.absent.insert(file)),
            }
        }
        if !worktree.absent.is_empty() {
            let content = worktree.absent.iter().flat_map(|path| path.iter().copied().chain([0])).collect::<Vec<u8>>();
            fs::write_atomic(&self.absent_file(&worktree.name), &content, fs::Durability::Relaxed)?;
        }
        Ok(())
    }

    /// Checks out the submodules of the top level, without writing their addresses into the user's configuration.
    fn check_out_submodules(&self, worktree: &mut Worktree, node: &Node) -> Result<(), WorktreeError> {
        let Some(modules) = node.find(b".gitmodules").filter(|item| item.mode.is_file()) else { return Ok(()) };
        let listed = GitCommand::new(&self.repo)
            .args(["config", "-z", "--blob", &modules.id.to_string(), "--get-regexp", r"^submodule\..*\.url$"])
            .output()?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let mut command = GitCommand::new(&self.repo)
            .linked(&self.repo, &worktree.admin.dir)
            .work_tree(worktree.path())
            .timeout(Duration::from_secs(3600));
        for protocol in ["https", "http", "ssh", "git"] {
            command = command.config(format!("protocol.{protocol}.allow"), "always");
        }
        for (key, value) in &self.host.protocols {
            command = command.config(key, value);
        }
        for (key, url) in text.split('\0').filter_map(|pair| pair.split_once('\n')) {
            let name = key.strip_prefix("submodule.").and_then(|k| k.strip_suffix(".url")).unwrap_or(key);
            if self.host.submodules.iter().any(|known| known == name) {
                continue;
            }
            if url.starts_with("./") || url.starts_with("../") {
                return Err(WorktreeError::SubmoduleAddress(name.to_owned()));
            }
            command = command.config(key, url);
        }
        command.args(["submodule", "--quiet", "update", "--checkout"]).run()?;
        pause(TICK);
        let top = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        let mut links = Vec::new();
        node.visit(&mut Vec::new(), &mut |path, item| {
            if item.mode == FileMode::Gitlink {
                links.push(path.to_vec());
            }
        });
        for link in links {
            let folder = top.descend(&link).map_err(disk(worktree.path()))?;
            note_below(&mut worktree.seen, &folder, &link).map_err(disk(worktree.path()))?;
        }
        Ok(())
    }

    /// Removes what was made of a worktree that could not be completed.
    fn discard(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        self.remove_both(worktree)?;
        fs::remove_file(&self.absent_file(&worktree.name))?;
        fs::remove_file(&self.mark_file(&worktree.name))?;
        Ok(())
    }

    fn remove_both(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        let _lock = self.lock()?;
        fs::remove_dir_all(worktree.path())?;
        Ok(fs::remove_dir_all(&worktree.admin.dir)?)
    }
}

/// Notes the files that were just written. Where the file system did not keep their date exactly, nothing is known about them.
pub(super) fn note_placed(seen: &mut StatCache, placed: &[Placed], time: FileTime) {
    for file in placed.iter().filter(|file| file.wanted.entry.mode != FileMode::Gitlink) {
        if file.stat.mtime == time {
            seen.note(&file.wanted.path, file.wanted.entry.id, file.stat, None);
        }
    }
}

/// Notes every file in a checked-out submodule, so that a change in it is seen; which content it has matters to nobody.
fn note_below(seen: &mut StatCache, folder: &Folder, path: &[u8]) -> io::Result<()> {
    for name in folder.names()? {
        let (stat, path) = (folder.stat(&name)?, join(path, &name));
        if stat.kind == FileKind::Folder {
            note_below(seen, &folder.enter(&name)?, &path)?;
        } else {
            seen.note(&path, ObjectId::ZERO, stat, None);
        }
    }
    Ok(())
}

/// Reads what `lstat` says about a path below a directory, through real directories only.
fn stat_below(top: &Folder, path: &[u8]) -> io::Result<FileStat> {
    let (parent, name) = split(path);
    top.descend(parent)?.stat(name)
}
