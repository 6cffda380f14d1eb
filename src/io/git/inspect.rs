//! Questions about a repository that git itself answers best: who the user is, and which worktrees there are.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::admin::worktree_of;
use super::command::{GitCommand, GitCommandError};
use super::env::VarGroup;
use super::oid::from_git;
use super::repo::{Repo, RepoError};
use super::signature::Identity;
use crate::domain::id::ObjectId;
use crate::io::fs::{self as files, FsError};

/// The error of asking git.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Git does not know who the user is.
    #[error("git does not know your name and e-mail address")]
    NoIdentity,
    /// An answer of git makes no sense.
    #[error("`git {question}` answered `{answer}`")]
    Unreadable {
        /// What was asked.
        question: &'static str,
        /// What git said.
        answer: String,
    },
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A file of a worktree's administration can not be read.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A worktree of the repository as git lists it; the main one comes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorktreeInfo {
    /// Its top folder; in a bare repository the git directory.
    pub path: PathBuf,
    /// The commit it stands on; absent when its branch is unborn.
    pub head: Option<ObjectId>,
    /// The full name of the branch it stands on, such as `refs/heads/main`; absent when detached or bare.
    pub branch: Option<String>,
    /// Why it is locked against removal; empty when no reason was given.
    pub locked: Option<String>,
    /// Why git would prune it.
    pub prunable: Option<String>,
}

impl Repo {
    /// Finds the commit that a name such as `HEAD`, `main~2` or an id leads to; tags are followed. `HEAD` and the other names that each
    /// worktree has for itself are those of the work tree that the user stands in.
    ///
    /// # Errors
    /// Returns [`RepoError::UnknownCommit`] when the name leads to nothing or not to a commit.
    pub fn resolve(&self, spec: &str) -> Result<ObjectId, RepoError> {
        let found = if self.git_dir() == self.common_dir() {
            let repository = self.open()?;
            let object = repository.revparse_single(spec).and_then(|object| object.peel(git2::ObjectType::Commit));
            object.map(|commit| from_git(commit.id()))
        } else {
            // The main git directory, which alone is opened, does not know the refs of a linked worktree.
            let commit = format!("{spec}^{{commit}}");
            let command = GitCommand::new(self).linked(self, self.git_dir());
            let answer = command.args(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).run();
            let text = answer.map(|answer| answer.text()).map_err(|error| git2::Error::from_str(&error.to_string()));
            text.and_then(|text| ObjectId::parse(&text).map_err(|error| git2::Error::from_str(&error.to_string())))
        };
        found.map_err(|source| RepoError::UnknownCommit { spec: spec.to_owned(), source })
    }

    /// Finds the tree that a name such as `HEAD:src`, `main^{tree}` or an id leads to.
    ///
    /// # Errors
    /// Returns [`RepoError::UnknownCommit`] when the name leads to nothing or not to a tree.
    pub fn resolve_tree(&self, spec: &str) -> Result<ObjectId, RepoError> {
        let repository = self.open()?;
        let found = repository.revparse_single(spec).and_then(|object| object.peel(git2::ObjectType::Tree));
        found.map(|tree| from_git(tree.id())).map_err(|source| RepoError::UnknownCommit { spec: spec.to_owned(), source })
    }

    /// Returns whether a file of the work tree that the user stands in, given below its top, is just as the checked-out commit has it. What
    /// git can not tell of counts as such.
    ///
    /// # Errors
    /// Returns [`InspectError::Git`] when git can not be run.
    pub fn comes_from_commit(&self, path: &Path) -> Result<bool, InspectError> {
        let Some(top) = self.work_dir() else { return Ok(false) };
        let mut spec = std::ffi::OsString::from(":(top,literal)");
        spec.push(path);
        let command = GitCommand::new(self).linked(self, self.git_dir()).work_tree(top);
        let answer = command.args(["status", "--porcelain", "-z", "--ignored", "--untracked-files=all", "--"]).arg(spec).output()?;
        Ok(!answer.status.success() || answer.stdout.is_empty())
    }

    /// Returns who the user is: `GIT_AUTHOR_NAME` and its companions, else `user.name` and `user.email`, just as git finds them, but never
    /// a guess from the names of the account and the machine.
    ///
    /// # Errors
    /// Returns [`InspectError::NoIdentity`] when nothing is configured.
    pub fn identity(&self) -> Result<Identity, InspectError> {
        let answer = GitCommand::new(self)
            .plain_config()
            .pass(VarGroup::Identity)
            .config("user.useConfigOnly", "true")
            .env("GIT_DIR", self.git_dir())
            .args(["var", "GIT_AUTHOR_IDENT"])
            .output()?;
        if !answer.status.success() {
            return Err(InspectError::NoIdentity);
        }
        let text = answer.text();
        let parsed = text.rsplit_once("> ").and_then(|(person, _)| person.split_once(" <"));
        match parsed {
            Some((name, email)) => Ok(Identity { name: name.to_owned(), email: email.to_owned() }),
            None => Err(InspectError::Unreadable { question: "var GIT_AUTHOR_IDENT", answer: text }),
        }
    }

    /// Lists the worktrees, the main one first.
    ///
    /// # Errors
    /// Returns [`InspectError`] when git can not list them.
    pub fn worktree_list(&self) -> Result<Vec<WorktreeInfo>, InspectError> {
        let answer = GitCommand::new(self).args(["worktree", "list", "--porcelain", "-z"]).run()?;
        Ok(parse_worktrees(&answer.stdout))
    }

    /// Returns where a branch, named in full, is checked out, if it is. Reads the `HEAD` of every worktree itself: this is asked again and
    /// again while a run goes on, and a process of git for each question would cost more than the rest of a merge.
    ///
    /// # Errors
    /// Returns [`InspectError`] when the worktrees can not be looked at.
    pub fn holder(&self, branch: &str) -> Result<Option<PathBuf>, InspectError> {
        let common = self.common_dir();
        if stands_on(common, branch)? && !self.open()?.is_bare() {
            let main = if common.file_name().is_some_and(|name| name == ".git") { common.parent().unwrap_or(common) } else { common };
            return Ok(Some(main.to_owned()));
        }
        let folder = common.join("worktrees");
        let dirs = match files::list(&folder) {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        for dir in dirs {
            if stands_on(&dir, branch)? {
                return Ok(Some(worktree_of(&dir).unwrap_or(dir)));
            }
        }
        Ok(None)
    }

    /// Returns the top folders of all worktrees, the main one first.
    ///
    /// # Errors
    /// Returns [`InspectError`] when git can not list them.
    pub fn worktree_paths(&self) -> Result<Vec<PathBuf>, InspectError> {
        Ok(self.worktree_list()?.into_iter().map(|worktree| worktree.path).collect())
    }

    /// Returns the full names of the branches that are checked out in any worktree, and so must not be moved.
    ///
    /// # Errors
    /// Returns [`InspectError`] when git can not list them.
    pub fn checked_out_branches(&self) -> Result<Vec<String>, InspectError> {
        Ok(self.worktree_list()?.into_iter().filter_map(|worktree| worktree.branch).collect())
    }
}

/// Returns whether the `HEAD` in a git directory is this branch: a line that names it, or, as very old versions of git wrote it, a link.
fn stands_on(dir: &Path, branch: &str) -> Result<bool, FsError> {
    let head = dir.join("HEAD");
    if let Ok(target) = std::fs::read_link(&head) {
        return Ok(target == Path::new(branch));
    }
    let Some(content) = files::read_if_exists(&head)? else { return Ok(false) };
    Ok(content.strip_prefix(b"ref:").is_some_and(|name| name.trim_ascii() == branch.as_bytes()))
}

/// Reads what `git worktree list --porcelain -z` prints: attributes ended by NUL, worktrees by an empty one.
fn parse_worktrees(bytes: &[u8]) -> Vec<WorktreeInfo> {
    let mut worktrees: Vec<WorktreeInfo> = Vec::new();
    for attribute in bytes.split(|b| *b == 0) {
        let mut parts = attribute.splitn(2, |b| *b == b' ');
        let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let text = || String::from_utf8_lossy(value).into_owned();
        if key == b"worktree" {
            let path = PathBuf::from(std::ffi::OsStr::from_bytes(value));
            worktrees.push(WorktreeInfo { path, ..WorktreeInfo::default() });
            continue;
        }
        let Some(worktree) = worktrees.last_mut() else { continue };
        match key {
            b"HEAD" => worktree.head = ObjectId::parse(&text()).ok().filter(|id| *id != ObjectId::ZERO),
            b"branch" => worktree.branch = Some(text()),
            b"locked" => worktree.locked = Some(text()),
            b"prunable" => worktree.prunable = Some(text()),
            // `bare`, `detached`, and what newer versions may add.
            _ => {}
        }
    }
    worktrees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_worktrees_are_read() {
        let head = "0123456789abcdef0123456789abcdef01234567";
        let text = format!(
            "worktree /a b\0HEAD {head}\0branch refs/heads/main\0\0worktree /x\ny\0HEAD {head}\0detached\0locked why not\0\0\
             worktree /z\0HEAD {}\0branch refs/heads/new\0prunable gone\0\0",
            ObjectId::ZERO
        );
        let list = parse_worktrees(text.as_bytes());
        let id = ObjectId::parse(head).unwrap();
        assert_eq!(
            list,
            [
                WorktreeInfo { path: "/a b".into(), head: Some(id), branch: Some("refs/heads/main".into()), ..WorktreeInfo::default() },
                WorktreeInfo { path: "/x\ny".into(), head: Some(id), locked: Some("why not".into()), ..WorktreeInfo::default() },
                WorktreeInfo {
                    path: "/z".into(),
                    branch: Some("refs/heads/new".into()),
                    prunable: Some("gone".into()),
                    ..WorktreeInfo::default()
                },
            ]
        );
        assert!(parse_worktrees(b"").is_empty());
    }
}
