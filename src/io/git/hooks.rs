//! Where git looks for hooks, and our files among those of others.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::command::{GitCommand, GitCommandError};
use super::env::GitVersion;
use super::repo::Repo;
use crate::io::fs::{self, Durability, FsError};

/// The first version of git that reads hooks from its configuration.
pub const CONFIGURED: GitVersion = GitVersion { major: 2, minor: 54 };
/// By this our files are known, whatever version wrote them.
const MARK: &str = "# git-orc hook ";
/// What the former hook is called that ours runs.
const PREVIOUS: &str = "orc-prev";
/// The name of our hook in the configuration. Git refuses one that is also the name of an event.
pub const CONFIG_NAME: &str = "orc-gate";
/// The most of a hook that is read to find out whose it is, in bytes.
const MOST: u64 = 1 << 20;

/// The error of looking after hooks.
#[derive(Debug, thiserror::Error)]
pub enum HooksError {
    /// A file can not be read, written or moved.
    #[error(transparent)]
    File(#[from] FsError),
    /// A file's mode can not be set.
    #[error("make `{}` executable", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The former hook is kept already, and there is another one.
    #[error("`{}` is there already, and `{}` is not the hook of git-orc", kept.display(), hook.display())]
    TwoFormer {
        /// The hook.
        hook: PathBuf,
        /// The kept one.
        kept: PathBuf,
    },
    /// Git can not write its configuration.
    #[error(transparent)]
    Git(#[from] GitCommandError),
}

/// Whose a hook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// There is none.
    Nobody,
    /// Ours, as this version writes it or not.
    Ours(Written),
    /// Somebody else's.
    Other(String),
}

/// Which version of git-orc wrote our hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// This one.
    ByThis,
    /// Another one.
    ByAnother,
}

/// A hook as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFile {
    /// The file that git runs.
    pub path: PathBuf,
    /// Whose it is.
    pub owner: Owner,
    /// Whether git runs it at all.
    pub is_executable: bool,
    /// The former hook that ours runs, if there is one, and whose it is.
    pub previous: Option<(PathBuf, String)>,
    /// Other files beside it that are ours: somebody who came later has moved ours there and runs it.
    pub moved: Vec<PathBuf>,
}

/// Returns where git looks for hooks: `core.hooksPath` as configured, seen from the top of the work tree, or `hooks` in the git directory.
#[must_use]
pub fn folder(repo: &Repo, hooks_path: Option<&str>, home: Option<&Path>) -> PathBuf {
    let Some(path) = hooks_path.filter(|path| !path.is_empty()) else { return repo.common_dir().join("hooks") };
    let expanded = path.strip_prefix("~/").and_then(|rest| Some(home?.join(rest)));
    let top = repo.work_dir().unwrap_or_else(|| repo.common_dir());
    expanded.unwrap_or_else(|| top.join(path))
}

/// Looks at a hook. `text` is our file as this version writes it.
///
/// # Errors
/// Returns [`HooksError`] when the folder can not be looked at.
pub fn look(folder: &Path, name: &str, text: &str) -> Result<HookFile, HooksError> {
    let path = folder.join(name);
    let kept = former(&path);
    let owner = owner(&path, text)?;
    let previous = match self::owner(&kept, text)? {
        Owner::Nobody => None,
        Owner::Ours(_) => Some((kept, "git-orc".to_owned())),
        Owner::Other(who) => Some((kept, who)),
    };
    let mut moved = Vec::new();
    for other in files(folder)? {
        let is_beside = other.file_name().and_then(|other| other.to_str()).is_some_and(|other| {
            other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')) && other != format!("{name}.{PREVIOUS}")
        });
        if is_beside && matches!(self::owner(&other, text)?, Owner::Ours(_)) {
            moved.push(other);
        }
    }
    Ok(HookFile { is_executable: is_executable(&path), path, owner, previous, moved })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, HooksError> {
    match fs::list(folder) {
        Ok(files) => Ok(files),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn former(hook: &Path) -> PathBuf {
    let mut name = hook.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{PREVIOUS}"));
    hook.with_file_name(name)
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn owner(path: &Path, text: &str) -> Result<Owner, HooksError> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(Owner::Nobody);
    }
    // A link that leads nowhere is somebody's all the same.
    let Ok(bytes) = fs::read_at_most(path, MOST) else { return Ok(Owner::Other("somebody".to_owned())) };
    let found = String::from_utf8_lossy(&bytes);
    if found == text {
        return Ok(Owner::Ours(Written::ByThis));
    }
    if found.lines().take(3).any(|line| line.starts_with(MARK)) {
        return Ok(Owner::Ours(Written::ByAnother));
    }
    Ok(Owner::Other(maker(&found).to_owned()))
}

/// Returns who is known to write hooks like this one.
fn maker(text: &str) -> &'static str {
    const KNOWN: [(&str, &str); 8] = [
        ("lefthook", "lefthook"),
        ("prek", "prek"),
        ("pre-commit", "pre-commit"),
        ("husky", "husky"),
        ("git lfs", "git-lfs"),
        ("git-lfs", "git-lfs"),
        ("branchless", "git-branchless"),
        ("overcommit", "overcommit"),
    ];
    let lower = text.to_ascii_lowercase();
    KNOWN.iter().find(|(word, _)| lower.contains(word)).map_or("somebody", |(_, maker)| maker)
}

/// Puts our hook in place; a former one is kept beside it and run by ours.
///
/// # Errors
/// Returns [`HooksError`] when that can not be done; everything is then as it was.
pub fn put(file: &HookFile, text: &str) -> Result<(), HooksError> {
    let kept = former(&file.path);
    if let Some(folder) = file.path.parent() {
        fs::create_dir_all(folder)?;
    }
    let is_moved = match &file.owner {
        Owner::Other(_) if std::fs::symlink_metadata(&kept).is_ok() => return Err(HooksError::TwoFormer { hook: file.path.clone(), kept }),
        Owner::Other(_) => {
            fs::rename(&file.path, &kept)?;
            true
        }
        Owner::Nobody | Owner::Ours(_) => false,
    };
    let written = write(&file.path, text);
    if written.is_err() && is_moved {
        // The former hook must not be lost; that this fails as well is told by the first error.
        let _back = fs::rename(&kept, &file.path);
    }
    written
}

fn write(path: &Path, text: &str) -> Result<(), HooksError> {
    // Made executable before it has its name, so that git never finds half of it.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".orc-new");
    let fresh = path.with_file_name(name);
    fs::write_atomic(&fresh, text.as_bytes(), Durability::Full)?;
    let mode = |source| HooksError::Mode { path: fresh.clone(), source };
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).map_err(mode)?;
    Ok(fs::rename(&fresh, path)?)
}

/// Takes our hook away, wherever it was moved to, and puts the former one back. Returns what was done, a sentence each.
///
/// # Errors
/// Returns [`HooksError`] when a file can not be removed or moved.
pub fn take_away(file: &HookFile) -> Result<Vec<String>, HooksError> {
    let mut done = Vec::new();
    for moved in &file.moved {
        fs::remove_file(moved)?;
        done.push(format!("removed `{}`", moved.display()));
    }
    if let Owner::Ours(_) = file.owner {
        match &file.previous {
            Some((kept, _)) => {
                fs::rename(kept, &file.path)?;
                done.push(format!("put the former hook back at `{}`", file.path.display()));
            }
            None => {
                fs::remove_file(&file.path)?;
                done.push(format!("removed `{}`", file.path.display()));
            }
        }
    } else if let Some((kept, _)) = &file.previous {
        done.push(format!("left `{}` alone: `{}` is not the hook of git-orc", kept.display(), file.path.display()));
    }
    Ok(done)
}

/// Writes our hook into the repository's configuration, where newer versions of git read hooks.
///
/// # Errors
/// Returns [`HooksError::Git`] when git can not write it.
pub fn configure(repo: &Repo, event: &str) -> Result<(), HooksError> {
    let command = format!("git-orc hook run {event} --");
    for (key, value) in [("command", command.as_str()), ("event", event)] {
        let key = format!("hook.{CONFIG_NAME}.{key}");
        GitCommand::new(repo).plain_config().args(["config", "--local", &key, value]).run()?;
    }
    Ok(())
}

/// Takes our hook out of the repository's configuration; returns whether it was there.
///
/// # Errors
/// Returns [`HooksError::Git`] when git can not write it.
pub fn deconfigure(repo: &Repo) -> Result<bool, HooksError> {
    let section = format!("hook.{CONFIG_NAME}");
    let answer = GitCommand::new(repo).plain_config().args(["config", "--local", "--remove-section", &section]).output()?;
    Ok(answer.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "#!/bin/sh\n# git-orc hook 1: pre-push\nexit 0\n";

    fn hook(dir: &Path, name: &str, text: &str) {
        fs::write_scratch(&dir.join(name), text.as_bytes()).unwrap();
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_former_hook_is_kept_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let look = || look(at, "pre-push", OURS).unwrap();
        assert_eq!(look().owner, Owner::Nobody);
        hook(at, "pre-push", "#!/bin/sh\n# lefthook\n");
        assert_eq!((look().owner, look().is_executable), (Owner::Other("lefthook".to_owned()), false));
        put(&look(), OURS).unwrap();
        let found = look();
        assert_eq!((found.owner.clone(), found.is_executable), (Owner::Ours(Written::ByThis), true));
        assert_eq!(found.previous, Some((at.join("pre-push.orc-prev"), "lefthook".to_owned())));
        // Once more changes nothing.
        put(&found, OURS).unwrap();
        assert_eq!(look(), found);
        // Somebody overwrites ours: nothing is thrown away.
        hook(at, "pre-push", "#!/bin/sh\n# husky\n");
        assert!(matches!(put(&look(), OURS), Err(HooksError::TwoFormer { .. })));
        assert_eq!(text(&at.join("pre-push")), "#!/bin/sh\n# husky\n");
        hook(at, "pre-push", "#!/bin/sh\n# git-orc hook 0: pre-push\n");
        assert_eq!(look().owner, Owner::Ours(Written::ByAnother));
        take_away(&look()).unwrap();
        assert_eq!(text(&at.join("pre-push")), "#!/bin/sh\n# lefthook\n");
        assert_eq!(fs::list(at).unwrap().len(), 1);
    }

    #[test]
    fn ours_is_found_where_others_have_moved_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        hook(at, "pre-push", "#!/bin/sh\n# File generated by pre-commit\n");
        hook(at, "pre-push.legacy", OURS);
        hook(at, "pre-pushed.legacy", OURS);
        let found = look(at, "pre-push", OURS).unwrap();
        assert_eq!((found.owner.clone(), found.moved.clone()), (Owner::Other("pre-commit".to_owned()), vec![at.join("pre-push.legacy")]));
        take_away(&found).unwrap();
        assert_eq!(fs::list(at).unwrap().len(), 2);
    }
}
