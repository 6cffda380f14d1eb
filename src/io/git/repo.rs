//! A repository: where its folders are, and how it is opened.
//!
//! Always the **main** git directory is opened, by its absolute path as it was found at the start: the `.git` file of a worktree may have
//! been rewritten by a tool to lead elsewhere, and libgit2 would follow it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use super::env::{GitEnv, GitVersion};
use super::witness::Witness;
use crate::io::fs::{self, FsError};

/// The error of opening a repository or of looking something up in it.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// libgit2 can not open it.
    #[error("open repository `{}`: {}", path.display(), source.message())]
    Open {
        /// The git directory.
        path: PathBuf,
        /// What libgit2 says.
        #[source]
        source: git2::Error,
    },
    /// The name does not lead to a commit.
    #[error("`{spec}` is not a commit in this repository")]
    UnknownCommit {
        /// The name as it was given.
        spec: String,
        /// What libgit2 says.
        #[source]
        source: git2::Error,
    },
    /// A file of the repository can not be read.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A repository. Cheap to clone; open a libgit2 handle per thread with [`Repo::open`].
#[derive(Debug, Clone)]
pub struct Repo(Arc<Places>);

/// Where a repository is.
#[derive(Debug)]
pub(in crate::io::git) struct Places {
    /// The main git directory, absolute.
    pub(in crate::io::git) common_dir: PathBuf,
    /// The git directory of the work tree that the user stands in; the same as `common_dir` but in a linked worktree.
    pub(in crate::io::git) git_dir: PathBuf,
    /// The top of the work tree that the user stands in; absent in a bare repository.
    pub(in crate::io::git) work_dir: Option<PathBuf>,
    /// The git program and its environment.
    pub(in crate::io::git) env: GitEnv,
    /// The version of the git program.
    pub(in crate::io::git) version: GitVersion,
    /// The refs that this process wrote.
    pub(in crate::io::git) witness: Witness,
}

static TUNED: Once = Once::new();

impl Repo {
    pub(in crate::io::git) fn new(places: Places) -> Self {
        Self(Arc::new(places))
    }

    /// Returns the main git directory, absolute.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.0.common_dir
    }

    /// Returns the git directory of the work tree that the user stands in.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.0.git_dir
    }

    /// Returns the top of the work tree that the user stands in, or `None` in a bare repository.
    #[must_use]
    pub fn work_dir(&self) -> Option<&Path> {
        self.0.work_dir.as_deref()
    }

    /// Returns the folder for local files of git-orc, `<common-dir>/orc`. It may not exist yet.
    #[must_use]
    pub fn orc_dir(&self) -> PathBuf {
        self.0.common_dir.join("orc")
    }

    /// Returns the git program and its environment.
    #[must_use]
    pub fn env(&self) -> &GitEnv {
        &self.0.env
    }

    /// Returns the version of the git program.
    #[must_use]
    pub fn version(&self) -> GitVersion {
        self.0.version
    }

    /// Returns what this process knows about refs because it wrote them.
    #[must_use]
    pub fn witness(&self) -> &Witness {
        &self.0.witness
    }

    /// Opens a libgit2 handle on the main git directory. It can be sent to another thread but not shared; opening costs 0.1 ms.
    ///
    /// # Errors
    /// Returns [`RepoError::Open`] when libgit2 refuses.
    #[expect(clippy::disallowed_methods, reason = "the door to libgit2's repository")]
    pub fn open(&self) -> Result<git2::Repository, RepoError> {
        // Reading is twice as fast without hashing every object again; what must be proven is proven by `git fsck`.
        TUNED.call_once(|| git2::opts::strict_hash_verification(false));
        let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::NO_DOTGIT;
        let ceilings: [&Path; 0] = [];
        let open = || {
            let repository = git2::Repository::open_ext(self.common_dir(), flags, ceilings)?;
            if let Some(path) = self.env().quarantine().and_then(OsStr::to_str) {
                repository.odb()?.add_disk_alternate(path)?;
            }
            Ok(repository)
        };
        open().map_err(|source| RepoError::Open { path: self.common_dir().to_owned(), source })
    }

    /// Returns the branch that the user stands on, for example `refs/heads/main` (it may be unborn), or `None` when HEAD is detached.
    ///
    /// # Errors
    /// Returns [`RepoError::File`] when HEAD can not be read.
    pub fn head_branch(&self) -> Result<Option<String>, RepoError> {
        Ok(self.head()?.strip_prefix("ref: ").map(|name| name.trim().to_owned()))
    }

    fn head(&self) -> Result<String, RepoError> {
        Ok(String::from_utf8_lossy(&fs::read(&self.git_dir().join("HEAD"))?).trim_end().to_owned())
    }
}
