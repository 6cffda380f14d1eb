//! Looking for what is broken among the refs and locks of a repository, without stopping at the first thing that is.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::objects::Objects;
use super::oid::from_git;
use super::ref_store::{self, Loose};
use super::repo::Repo;
use crate::domain::id::ObjectId;
use crate::io::fs::{self as files, FsError};

/// What is wrong with a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefDamage {
    /// Its file is empty.
    Empty,
    /// Its file holds no id and no name.
    Garbled,
    /// What it leads to is not there.
    Dangling(ObjectId),
}

/// A ref that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRef {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub damage: RefDamage,
}

/// A lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLock {
    /// The file.
    pub path: PathBuf,
    /// How long it has been there, as far as the clocks can be believed.
    pub age: Duration,
}

/// Returns the refs below `refs/` that are broken, sorted by name.
///
/// # Errors
/// Returns [`FsError`] when a folder can not be listed.
pub fn broken_refs(repo: &Repo, objects: &Objects) -> Result<Vec<BrokenRef>, FsError> {
    let common = repo.common_dir();
    let mut broken = Vec::new();
    visit(&common.join("refs"), &mut |path| {
        let Some(name) = name_of(common, path) else { return };
        let damage = match std::fs::metadata(path) {
            Ok(meta) if meta.len() == 0 => Some(RefDamage::Empty),
            Ok(_) | Err(_) => match ref_store::read_loose(common, &name) {
                Ok(Some(Loose::Id(id))) => (!objects.exists(id)).then_some(RefDamage::Dangling(id)),
                Ok(Some(Loose::Symbolic(_)) | None) => None,
                Err(_) => Some(RefDamage::Garbled),
            },
        };
        broken.extend(damage.map(|damage| BrokenRef { name, damage }));
    })?;
    for (name, id) in ref_store::list_packed(common, "refs/")? {
        if !common.join(&name).is_file() && !objects.exists(id) {
            broken.push(BrokenRef { name, damage: RefDamage::Dangling(id) });
        }
    }
    broken.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(broken)
}

/// Returns the locks below `refs/` and those of git's own files, in the main git directory and in those of its worktrees.
///
/// # Errors
/// Returns [`FsError`] when a folder can not be listed.
pub fn locks(repo: &Repo) -> Result<Vec<FoundLock>, FsError> {
    let common = repo.common_dir();
    let mut found = Vec::new();
    let mut take = |path: &Path| {
        if path.extension().is_some_and(|ending| ending == "lock") {
            let age = std::fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok().map(age).unwrap_or_default();
            found.push(FoundLock { path: path.to_owned(), age });
        }
    };
    visit_all(&common.join("refs"), &mut take)?;
    for name in ["index.lock", "HEAD.lock", "packed-refs.lock", "config.lock", "shallow.lock"] {
        let path = common.join(name);
        if path.exists() {
            take(&path);
        }
    }
    if common.join("worktrees").is_dir() {
        for folder in files::list(&common.join("worktrees"))? {
            let path = folder.join("index.lock");
            if path.exists() {
                take(&path);
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn age(modified: SystemTime) -> Duration {
    modified.elapsed().unwrap_or_default()
}

/// Returns the name of the ref that a file holds.
fn name_of(common: &Path, path: &Path) -> Option<String> {
    let name = path.strip_prefix(common).ok()?.to_str()?;
    (!name.ends_with(".lock")).then(|| name.to_owned())
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path)) -> Result<(), FsError> {
    visit_all(folder, &mut |path: &Path| {
        if path.extension().is_none_or(|ending| ending != "lock") {
            file(path);
        }
    })
}

fn visit_all(folder: &Path, file: &mut dyn FnMut(&Path)) -> Result<(), FsError> {
    for path in files::list(folder)? {
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            visit_all(&path, file)?;
        } else {
            file(&path);
        }
    }
    Ok(())
}

/// Takes the file of a broken ref away. What is in it, if anything, is kept in `<common-dir>/orc/damaged`.
///
/// # Errors
/// Returns [`FsError`] when it can not be moved.
pub fn take_away(repo: &Repo, name: &str) -> Result<(), FsError> {
    let path = repo.common_dir().join(name);
    if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > 0) {
        let folder = repo.orc_dir().join("damaged");
        files::create_dir_all(&folder)?;
        return files::rename(&path, &folder.join(name.replace('/', "-")));
    }
    files::remove_file(&path).map(|_| ())
}

/// Returns every object of the repository, in no order.
///
/// # Errors
/// Returns libgit2's error when the objects can not be listed.
pub fn every_object(objects: &Objects) -> Result<Vec<ObjectId>, git2::Error> {
    let mut all = Vec::new();
    objects.git().odb()?.foreach(|oid| {
        all.push(from_git(*oid));
        true
    })?;
    Ok(all)
}
