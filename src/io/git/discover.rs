//! Finds the repository that the user stands in, and refuses in one clear sentence what can not be served safely.

use std::path::{Path, PathBuf};
use std::thread;

use super::command::{GitCommand, GitCommandError, GitOutput};
use super::env::{GitEnv, GitVersion, VarGroup};
use super::repo::{Places, Repo, RepoError};
use super::witness::Witness;

/// Why no repository was opened.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is none here.
    #[error("`{}` is not inside a git repository", start.display())]
    NotARepository {
        /// Where the search began.
        start: PathBuf,
    },
    /// Its refs are kept in the reftable format.
    #[error("`{}` keeps its refs in the reftable format, which is not supported yet", path.display())]
    Reftable {
        /// The git directory.
        path: PathBuf,
    },
    /// Its objects are named by SHA-256.
    #[error("`{}` names its objects by SHA-256, which is not supported yet", path.display())]
    Sha256 {
        /// The git directory.
        path: PathBuf,
    },
    /// It needs an extension that git or libgit2 does not know.
    #[error("`{}` needs the repository extension `{name}`, which is not supported", path.display())]
    UnknownExtension {
        /// The git directory.
        path: PathBuf,
        /// The key below `extensions.`.
        name: String,
    },
    /// Objects are missing from it by design.
    #[error("`{}` is a partial clone, in which objects can be missing", path.display())]
    PartialClone {
        /// The git directory.
        path: PathBuf,
    },
    /// It belongs to another user.
    #[error("`{}` belongs to another user, and safe.directory does not name it", path.display())]
    NotOwned {
        /// The git directory.
        path: PathBuf,
    },
    /// The git program is too old.
    #[error("git {found} is too old: {} or newer is needed", GitVersion::OLDEST)]
    GitTooOld {
        /// The version that was found.
        found: GitVersion,
    },
    /// The answer of `git version` makes no sense.
    #[error("`git version` answered `{answer}`")]
    UnknownVersion {
        /// What it said.
        answer: String,
    },
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// libgit2 can not open it.
    #[error(transparent)]
    Open(#[from] RepoError),
}

/// The extensions that both git and libgit2 serve.
const SERVED_EXTENSIONS: &[&str] =
    &["noop", "objectformat", "worktreeconfig", "preciousobjects", "relativeworktrees", "refstorage", "partialclone"];

impl Repo {
    /// Finds the repository around `start` as git does, `GIT_DIR` and its companions included.
    ///
    /// # Errors
    /// Returns [`DiscoverError`] when there is none, or when it can not be served.
    pub fn discover(start: &Path, env: &GitEnv) -> Result<Self, DiscoverError> {
        // Two questions to git at once: a run of one small workstream spends a good part of its time in starting processes.
        let (version, answer) = thread::scope(|scope| {
            let version = scope.spawn(|| git_version(start, env));
            let answer = places(start, env);
            (version.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), answer)
        });
        let (version, answer) = (version?, answer?);
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let mut lines = text.lines();
        let (Some(common), Some(git_dir), Some(objects), Some(refs)) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            return Err(refusal(start, env));
        };
        let common_dir = PathBuf::from(common);
        if refs == "reftable" {
            return Err(DiscoverError::Reftable { path: common_dir });
        }
        if objects != "sha1" {
            return Err(DiscoverError::Sha256 { path: common_dir });
        }
        let work_dir = lines.next().map(PathBuf::from);
        let repo =
            Self::new(Places { common_dir, git_dir: git_dir.into(), work_dir, env: env.clone(), version, witness: Witness::default() });
        check_opened(&repo)?;
        Ok(repo)
    }
}

fn places(start: &Path, env: &GitEnv) -> Result<GitOutput, GitCommandError> {
    GitCommand::outside(env, start)
        .pass(VarGroup::Discovery)
        .plain_config()
        .args(["rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir", "--show-object-format"])
        // Not known before 2.45, which then repeats the option.
        .arg("--show-ref-format")
        // Fails without a work tree, after the other answers were given: so it is the last.
        .arg("--show-toplevel")
        .output()
}

fn git_version(start: &Path, env: &GitEnv) -> Result<GitVersion, DiscoverError> {
    let answer = GitCommand::outside(env, start).arg("version").run()?.text();
    let version = GitVersion::parse(&answer).ok_or(DiscoverError::UnknownVersion { answer })?;
    if version < GitVersion::OLDEST { Err(DiscoverError::GitTooOld { found: version }) } else { Ok(version) }
}

/// Opens the repository with libgit2 and looks at what its own configuration demands.
fn check_opened(repo: &Repo) -> Result<(), DiscoverError> {
    let path = repo.common_dir().to_owned();
    let from_config = demand(&path);
    let opened = match repo.open() {
        Ok(opened) => opened,
        Err(RepoError::Open { source, .. }) if source.code() == git2::ErrorCode::Owner => return Err(DiscoverError::NotOwned { path }),
        Err(error) => return Err(from_config.unwrap_or(DiscoverError::Open(error))),
    };
    drop(opened);
    match from_config {
        // What libgit2 opens although it is not in our list is an extension of format version 0, which git ignores too.
        Some(DiscoverError::UnknownExtension { .. }) | None => Ok(()),
        Some(other) => Err(other),
    }
}

/// Says why git did not answer: without reading its messages, by looking at the folders as git would.
fn refusal(start: &Path, env: &GitEnv) -> DiscoverError {
    let named = env.vars(VarGroup::Discovery).find(|(name, _)| *name == "GIT_DIR").map(|(_, value)| start.join(value));
    let found = named.or_else(|| start.ancestors().find_map(git_dir_in));
    let Some(path) = found.filter(|path| path.join("HEAD").exists()) else {
        return DiscoverError::NotARepository { start: start.to_owned() };
    };
    demand(&path).unwrap_or(DiscoverError::NotOwned { path })
}

fn git_dir_in(folder: &Path) -> Option<PathBuf> {
    let inner = folder.join(".git");
    if inner.join("HEAD").exists() {
        return Some(inner);
    }
    let is_bare = folder.join("HEAD").exists() && folder.join("objects").is_dir() && folder.join("refs").is_dir();
    is_bare.then(|| folder.to_owned())
}

/// Reads from the configuration of a git directory what it demands and what is not served.
fn demand(git_dir: &Path) -> Option<DiscoverError> {
    let config = git2::Config::open(&git_dir.join("config")).ok()?;
    let path = || git_dir.to_owned();
    let value = |key: &str| config.get_string(key).unwrap_or_default().to_ascii_lowercase();
    if value("extensions.refstorage") == "reftable" {
        return Some(DiscoverError::Reftable { path: path() });
    }
    if value("extensions.objectformat") == "sha256" {
        return Some(DiscoverError::Sha256 { path: path() });
    }
    let (mut promisor, mut unknown) = (config.get_string("extensions.partialclone").is_ok(), None);
    let mut entries = config.entries(Some("^(extensions\\.|remote\\..*\\.promisor$)")).ok()?;
    while let Some(Ok(entry)) = entries.next() {
        let Ok(name) = entry.name() else { continue };
        if name.ends_with(".promisor") {
            promisor |= config.get_bool(name).unwrap_or(false);
        } else if let Some(extension) = name.strip_prefix("extensions.").filter(|name| !SERVED_EXTENSIONS.contains(name)) {
            unknown = Some(extension.to_owned());
        }
    }
    if promisor {
        return Some(DiscoverError::PartialClone { path: path() });
    }
    unknown.map(|name| DiscoverError::UnknownExtension { path: path(), name })
}
