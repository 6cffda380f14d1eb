//! Worktrees: where tools work, outside the user's own checkout.
//!
//! They are git's own linked worktrees, detached, below one root of ours. Where nothing is converted on the way to disk, the files are
//! written by us, many times faster than by `git worktree add` and with the same result; everything else is left to git. Making and removing
//! them stands in the sibling modules `create`, `reset` and `remove`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::domain::id::{ObjectId, RepoPath};
use crate::io::fs::FsError;
use crate::io::git::admin::{self, Admin};
use crate::io::git::attributes::AttributeSummary;
use crate::io::git::blobs::BlobCache;
use crate::io::git::checkout::CheckoutError;
use crate::io::git::command::GitCommandError;
use crate::io::git::content::ContentError;
use crate::io::git::folder::{FileTime, Folder};
use crate::io::git::host::{Host, HostError, Maker};
use crate::io::git::ignored::IgnoreCache;
use crate::io::git::listing::{Names, Node, TreeCache};
use crate::io::git::lock::{LockError, RepoLock};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::{Repo, RepoError};
use crate::io::git::seen::StatCache;

/// The error of making, capturing or removing a worktree.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// The name can not be that of a worktree.
    #[error("`{0}` can not be the name of a worktree")]
    BadName(String),
    /// The path does not lie below the root of our worktrees.
    #[error("`{}` does not lie below `{}`", path.display(), root.display())]
    OutsideRoot {
        /// The path.
        path: PathBuf,
        /// The root.
        root: PathBuf,
    },
    /// Something is already there.
    #[error("`{}` already exists", .0.display())]
    Exists(PathBuf),
    /// The worktree holds what no patch recorded.
    #[error("worktree `{}` holds what was not captured: {}", path.display(), list(paths))]
    NotCaptured {
        /// The worktree.
        path: PathBuf,
        /// What is in it.
        paths: Vec<RepoPath>,
    },
    /// A submodule has no address that can be used without writing to the user's configuration.
    #[error("submodule `{0}` is not initialised in the user's checkout, and its address is relative")]
    SubmoduleAddress(String),
    /// A file of the worktree or of its administration can not be read or written.
    #[error("use `{}`", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index of the worktree can not be written.
    #[error("write the index of worktree `{name}`")]
    Index {
        /// The worktree.
        name: String,
        /// Why.
        source: git2::Error,
    },
    /// A tree can not be read.
    #[error("read tree {id}")]
    Tree {
        /// The tree.
        id: ObjectId,
        /// Why.
        source: git2::Error,
    },
    /// The files can not be written.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The files can not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The configuration can not be read.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// An object can not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file can not be moved or removed.
    #[error(transparent)]
    File(#[from] FsError),
    /// Another process keeps changing the list of worktrees.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// How long the lock is waited for: git may be writing a large worktree meanwhile.
const PATIENCE: Duration = Duration::from_secs(600);

fn list(paths: &[RepoPath]) -> String {
    const MAX: usize = 20;
    let mut text = paths.iter().take(MAX).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if paths.len() > MAX {
        text.push_str(&format!(" and {} more", paths.len() - MAX));
    }
    text
}

/// Turns an error about a path into ours.
pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> WorktreeError {
    move |source| WorktreeError::Disk { path: path.to_owned(), source }
}

/// Whether submodules are checked out in a worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Submodules {
    /// They are empty directories.
    #[default]
    Uninitialised,
    /// Those of the top level are checked out, not those inside them.
    Initialised,
}

/// A worktree to be made.
#[derive(Debug, Clone)]
pub struct CreateWorktree {
    /// The name of its administrative directory: `^[a-z0-9][a-z0-9._-]*$`, at most 128 characters.
    pub name: String,
    /// Where its top shall be, below the root.
    pub path: PathBuf,
    /// What is checked out, detached.
    pub commit: ObjectId,
    /// Whether submodules are checked out.
    pub submodules: Submodules,
}

/// A worktree of ours.
#[derive(Debug)]
pub struct Worktree {
    pub(super) name: String,
    pub(super) admin: Admin,
    pub(super) commit: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) maker: Maker,
    pub(super) seen: StatCache,
    /// Paths of the tree that were left out of the checkout (sparse checkouts).
    pub(super) absent: BTreeSet<Vec<u8>>,
    pub(super) included: Vec<RepoPath>,
}

impl Worktree {
    /// Returns the name it was made under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its top.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.admin.path
    }

    /// Returns its administrative directory.
    #[must_use]
    pub fn admin_dir(&self) -> &Path {
        &self.admin.dir
    }

    /// Returns the commit that was checked out.
    #[must_use]
    pub const fn commit(&self) -> ObjectId {
        self.commit
    }

    /// Returns the tree of that commit.
    #[must_use]
    pub const fn tree(&self) -> ObjectId {
        self.tree
    }

    /// Returns who made it.
    #[must_use]
    pub const fn maker(&self) -> Maker {
        self.maker
    }

    /// Returns what is known about its files.
    #[must_use]
    pub const fn stats(&self) -> &StatCache {
        &self.seen
    }

    /// Returns the ignored files of the user's checkout that were copied into it.
    #[must_use]
    pub fn included(&self) -> &[RepoPath] {
        &self.included
    }
}

/// A worktree of ours as it is found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWorktree {
    /// The name of its administrative directory.
    pub name: String,
    /// Where its top is, or was.
    pub path: PathBuf,
}

/// Makes, captures and removes worktrees. Shared between threads.
#[derive(Debug)]
pub struct Worktrees {
    pub(super) repo: Repo,
    pub(super) root: PathBuf,
    pub(super) host: Host,
    pub(super) trees: TreeCache,
    pub(super) blobs: BlobCache,
    pub(super) ignores: IgnoreCache,
    /// The files of the user's checkout that new worktrees get a copy of, once they were looked for.
    pub(super) included: OnceLock<Arc<Vec<Vec<u8>>>>,
}

impl Worktrees {
    /// Prepares for worktrees below `root`. Reads the user's configuration, so it must be called before any tool runs.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the configuration can not be read or the root is no usable path.
    pub fn new(repo: &Repo, root: &Path) -> Result<Self, WorktreeError> {
        let root = std::path::absolute(root).map_err(disk(root))?;
        Ok(Self {
            repo: repo.clone(),
            root,
            host: Host::load(repo)?,
            trees: TreeCache::default(),
            blobs: BlobCache::default(),
            ignores: IgnoreCache::default(),
            included: OnceLock::new(),
        })
    }

    /// Returns where worktrees are made if nothing else is said: `<repository>.orc` beside the repository's main work tree.
    #[must_use]
    pub fn default_root(repo: &Repo) -> PathBuf {
        let common = repo.common_dir();
        let main = if common.file_name().is_some_and(|name| name == ".git") { common.parent().unwrap_or(common) } else { common };
        let mut name = main.file_name().unwrap_or_default().to_owned();
        name.push(".orc");
        main.with_file_name(name)
    }

    /// Returns the directory below which worktrees are made.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the ignore rules that hold in every folder of every work tree, the weakest first.
    pub(super) fn ignores_everywhere(&self) -> Vec<Arc<ignore::gitignore::Gitignore>> {
        self.host.ignores.clone()
    }

    /// Lists the worktrees whose administration points below our root, half-made ones included.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the administrative directories can not be listed.
    pub fn list_ours(&self) -> Result<Vec<FoundWorktree>, WorktreeError> {
        let dir = self.repo.common_dir().join("worktrees");
        let names = match Folder::open(&dir).and_then(|folder| folder.names()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(disk(&dir))?,
        };
        let ours = names.into_iter().filter_map(|name| {
            let name = String::from_utf8(name).ok()?;
            let path = admin::worktree_of(&dir.join(&name))?;
            path.starts_with(&self.root).then_some(FoundWorktree { name, path })
        });
        Ok(ours.collect())
    }

    /// Takes over a worktree that another process made: nothing is known about its files, so the next capture reads all of them.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the name or the path are not of ours, or the commit can not be read.
    pub fn adopt(&self, request: &CreateWorktree) -> Result<Worktree, WorktreeError> {
        self.check(request)?;
        let (tree, node) = self.tree_of(request.commit)?;
        let found = self.list_ours()?.into_iter().find(|found| found.path == request.path);
        let name = found.map_or_else(|| request.name.clone(), |found| found.name);
        let maker = self.maker(&node)?;
        let (dir, path) = (self.admin_dir(&name), request.path.clone());
        Ok(Worktree {
            admin: match maker {
                Maker::Own => Admin::new(dir, path),
                Maker::Git => Admin::adopt(dir, path),
            },
            commit: request.commit,
            tree,
            maker,
            seen: StatCache::default(),
            absent: self.read_absent(&name)?,
            included: Vec::new(),
            name,
        })
    }

    /// Refuses names that could lead elsewhere and paths that are not below the root.
    pub(super) fn check(&self, request: &CreateWorktree) -> Result<(), WorktreeError> {
        let name = request.name.as_bytes();
        let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let starts_well = name.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !starts_well || name.len() > 128 || !name.iter().all(inner) || request.name.ends_with(".lock") {
            return Err(WorktreeError::BadName(request.name.clone()));
        }
        let path = &request.path;
        let is_plain = path.components().all(|c| !matches!(c, std::path::Component::ParentDir));
        if !is_plain || !path.starts_with(&self.root) || *path == self.root {
            return Err(WorktreeError::OutsideRoot { path: path.clone(), root: self.root.clone() });
        }
        Ok(())
    }

    pub(super) fn admin_dir(&self, name: &str) -> PathBuf {
        self.repo.common_dir().join("worktrees").join(name)
    }

    /// Returns the folder for what is known about worktrees besides git's own files.
    pub(super) fn notes_dir(&self) -> PathBuf {
        self.repo.orc_dir().join("worktrees")
    }

    /// Waits for the one lock around everything that changes the list of worktrees; parallel `git worktree add` fails without it.
    pub(super) fn lock(&self) -> Result<RepoLock, WorktreeError> {
        let dir = self.notes_dir();
        std::fs::create_dir_all(&dir).map_err(disk(&dir))?;
        Ok(RepoLock::take(&self.repo, PATIENCE)?)
    }

    /// Returns the tree of a commit with everything below it.
    pub(super) fn tree_of(&self, commit: ObjectId) -> Result<(ObjectId, Arc<Node>), WorktreeError> {
        let objects = Objects::open(&self.repo)?;
        let tree = objects.tree_of(commit)?;
        let node = self.trees.load(objects.git(), tree).map_err(|source| WorktreeError::Tree { id: tree, source })?;
        Ok((tree, node))
    }

    /// Returns the attributes that hold in a tree.
    pub(super) fn attributes(&self, node: &Node) -> Result<AttributeSummary, WorktreeError> {
        let mut summary = self.host.attributes.clone();
        if node.attributes.is_empty() {
            return Ok(summary);
        }
        let repository = self.repo.open()?;
        let odb = repository.odb().map_err(ContentError::Objects)?;
        for id in &node.attributes {
            summary.add_file(&self.blobs.read(&odb, *id).map_err(ContentError::Objects)?);
        }
        Ok(summary)
    }

    /// Returns who makes a worktree of this tree.
    pub(super) fn maker(&self, node: &Node) -> Result<Maker, WorktreeError> {
        let converts = self.attributes(node)?.changes_checkout(&self.host.conversion);
        Ok(if self.host.maker == Maker::Git || node.names == Names::Doubtful || converts { Maker::Git } else { Maker::Own })
    }

    /// Reads which paths a sparse checkout left out.
    pub(super) fn read_absent(&self, name: &str) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let content = crate::io::fs::read_if_exists(&self.absent_file(name))?.unwrap_or_default();
        Ok(content.split(|b| *b == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
    }

    pub(super) fn absent_file(&self, name: &str) -> PathBuf {
        self.notes_dir().join(format!("{name}.absent"))
    }

    /// Leaves a mark that a worktree is being made, where no tool looks.
    pub(super) fn mark(&self, name: &str, mark: Mark) -> Result<(), WorktreeError> {
        let dir = self.notes_dir();
        let file = format!("{name}.making");
        Folder::open(&dir).and_then(|folder| folder.replace(file.as_bytes(), mark.text())).map_err(disk(&dir))
    }

    /// Returns the mark of a worktree that is being made, if it has one.
    pub(super) fn read_mark(&self, name: &str) -> Result<Option<Mark>, WorktreeError> {
        let text = crate::io::fs::read_if_exists(&self.mark_file(name))?;
        Ok(text.map(|text| if text == Mark::Recycling.text() { Mark::Recycling } else { Mark::Making }))
    }

    pub(super) fn mark_file(&self, name: &str) -> PathBuf {
        self.notes_dir().join(format!("{name}.making"))
    }
}

/// Why a worktree is not ready yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is new; nobody has worked in it.
    Making,
    /// Another worktree is being turned into it; everything that was in that one has been captured.
    Recycling,
}

impl Mark {
    const fn text(self) -> &'static [u8] {
        match self {
            Self::Making => b"making\n",
            Self::Recycling => b"recycling\n",
        }
    }
}

/// Returns the time, in the form in which file systems stamp files.
pub(super) fn now() -> FileTime {
    let now = crate::io::clock::Clock::system().now();
    (now.as_second(), i64::from(now.subsec_nanosecond()))
}
