//! Asking `git merge-tree` for a merge, on a git directory of its own.
//!
//! The directory is made for one merge: it shares the objects, and has nothing else of the repository but what is handed over here. So
//! neither hooks nor merge drivers that a tool may have configured meanwhile can run.

use std::path::{Path, PathBuf};

use super::command::{GitCommand, GitCommandError, Trust};
use super::env::{GitVersion, VarGroup};
use super::merge_answer::{self, Answer};
use super::repo::Repo;
use crate::domain::id::ObjectId;
use crate::io::fs::{self, FsError};

/// The settings that decide how git merges, and nothing that runs anything else.
const SETTINGS: &str = "^(merge\\..*|diff\\.(renames|renamelimit)|core\\.(attributesfile|autocrlf|eol|bigfilethreshold|ignorecase))$";
/// From this version on attributes are read from a tree that is named.
const ATTRIBUTES_FROM_TREE: GitVersion = GitVersion { major: 2, minor: 41 };
const CONFIG: &[u8] = b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
const MAX_ANSWER: usize = 256 << 20;

/// The error of running `git merge-tree`.
#[derive(Debug, thiserror::Error)]
pub enum MergeCommandError {
    /// Its answer makes no sense.
    #[error("`git merge-tree` gave an answer that can not be read")]
    Unreadable,
    /// It failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// Its git directory can not be made.
    #[error(transparent)]
    File(#[from] FsError),
}

/// One side of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its commit.
    pub commit: ObjectId,
    /// What it is called in conflict markers, such as the name of a branch.
    pub label: &'a str,
}

/// How the user's git merges: drivers, renames, style of conflicts, attributes. To be read before any tool runs, and kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeSettings {
    /// The settings that count, in the order in which git reads them.
    pub config: Vec<(String, String)>,
    /// The content of `info/attributes`.
    pub attributes: Option<Vec<u8>>,
}

impl MergeSettings {
    /// Reads the settings as they are now.
    ///
    /// # Errors
    /// Returns [`MergeCommandError`] when git can not tell them.
    pub fn read(repo: &Repo) -> Result<Self, MergeCommandError> {
        let answer = GitCommand::new(repo)
            .plain_config()
            .env("GIT_DIR", repo.git_dir())
            .args(["config", "-z", "--get-regexp", SETTINGS])
            .output()?;
        let mut config: Vec<_> = answer.stdout.split(|b| *b == 0).filter(|entry| !entry.is_empty()).map(setting).collect();
        if !config.iter().any(|(key, _)| key == "core.attributesfile") {
            config.extend(default_attributes(repo).map(|path| ("core.attributesfile".to_owned(), path)));
        }
        Ok(Self { config, attributes: fs::read_if_exists(&repo.common_dir().join("info/attributes"))? })
    }
}

/// Reads `key`, newline, value; a key alone means true.
fn setting(entry: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(entry);
    let (key, value) = text.split_once('\n').unwrap_or((&text, "true"));
    (key.to_owned(), value.to_owned())
}

/// Returns the file of the user's own attributes, where git looks when no other is configured.
fn default_attributes(repo: &Repo) -> Option<String> {
    let var = |wanted: &str| repo.env().vars(VarGroup::Always).find(|(name, _)| *name == wanted).map(|(_, value)| PathBuf::from(value));
    let folder = var("XDG_CONFIG_HOME").filter(|path| path.is_absolute()).or_else(|| Some(var("HOME")?.join(".config")))?;
    Some(folder.join("git/attributes")).filter(|path| path.exists())?.to_str().map(str::to_owned)
}

/// Merges two commits, over their own merge base or one that is named.
pub(in crate::io::git) fn merge_tree(
    repo: &Repo,
    settings: &MergeSettings,
    base: Option<ObjectId>,
    [ours, theirs]: [Side<'_>; 2],
) -> Result<Answer, MergeCommandError> {
    let folder = private_git_dir(repo, settings)?;
    let git_dir = folder.path();
    let mut command = GitCommand::new(repo)
        .trust(Trust::Touched)
        .env("GIT_DIR", git_dir)
        .env("GIT_OBJECT_DIRECTORY", repo.common_dir().join("objects"))
        .cwd(git_dir)
        .max_stdout(MAX_ANSWER);
    let shallow = repo.common_dir().join("shallow");
    if shallow.exists() {
        command = command.env("GIT_SHALLOW_FILE", shallow);
    }
    if repo.version() >= ATTRIBUTES_FROM_TREE {
        command = command.env("GIT_ATTR_SOURCE", ours.commit.to_string());
    }
    for (key, value) in &settings.config {
        command = command.config(key, value);
    }
    command = command.args(["merge-tree", "--write-tree", "-z", "--messages"]);
    if let Some(base) = base {
        command = command.arg(format!("--merge-base={base}"));
    }
    let output = command.arg(name_of(git_dir, ours)).arg(name_of(git_dir, theirs)).output()?;
    match output.status.code() {
        Some(0) => merge_answer::read(&output.stdout, merge_answer::Verdict::Clean),
        Some(1) => merge_answer::read(&output.stdout, merge_answer::Verdict::Conflict),
        code => {
            let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(GitCommandError::Failed { command: "git merge-tree".to_owned(), code, stderr }.into());
        }
    }
    .ok_or(MergeCommandError::Unreadable)
}

fn private_git_dir(repo: &Repo, settings: &MergeSettings) -> Result<tempfile::TempDir, MergeCommandError> {
    let parent = repo.orc_dir().join("merge");
    fs::create_dir_all(&parent)?;
    let folder = tempfile::Builder::new().prefix("m-").tempdir_in(&parent);
    let folder = folder.map_err(|source| FsError { action: "create folder", path: parent, source })?;
    for name in ["refs/heads", "info"] {
        fs::create_dir_all(&folder.path().join(name))?;
    }
    fs::write_scratch(&folder.path().join("HEAD"), b"ref: refs/heads/none\n")?;
    fs::write_scratch(&folder.path().join("config"), CONFIG)?;
    if let Some(attributes) = &settings.attributes {
        fs::write_scratch(&folder.path().join("info/attributes"), attributes)?;
    }
    Ok(folder)
}

/// Gives a commit its label as a branch of the private git directory, because git writes into conflict markers what it was asked for.
/// Falls back to the id, for a label that can not be the name of a branch.
fn name_of(git_dir: &Path, side: Side<'_>) -> String {
    let id = side.commit.to_string();
    let name = format!("refs/heads/{}", side.label);
    let usable = git2::Reference::is_valid_name(&name) && !side.label.starts_with('-') && ObjectId::parse(side.label).is_err();
    let path = git_dir.join(&name);
    let written = usable
        && !path.exists()
        && path.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok())
        && fs::write_scratch(&path, format!("{id}\n").as_bytes()).is_ok();
    if written { side.label.to_owned() } else { id }
}
