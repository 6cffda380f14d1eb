//! Holding objects while the user collects garbage.
//!
//! `git gc --prune=now` decides what is garbage, then takes it away some time later. A ref that moves in between leads to objects that are
//! about to go: the ref would be broken, and with it the user's next `git fetch`. Git itself leaves that to its users. Here a ref that moves
//! while `gc.pid` says that a collection is under way gets a pack of what it leads to first, with a `.keep` beside it, which no collection
//! touches. It is looked again after the move, because a collection can begin in between; a ref that leads to nothing then is taken back.
//! When none is under way any more, the `.keep` goes, and the next collection treats the pack like any other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::durable;
use super::oid::to_git;
use super::repo::{Repo, RepoError};
use crate::domain::id::ObjectId;
use crate::io::clock::{self, Stopwatch};
use crate::io::fs::{self, Durability, FsError};

/// What stands in a `.keep` of ours.
const MARK: &[u8] = b"git-orc: held beside a garbage collection\n";
/// From this age on git takes its own mark for a leftover.
const STALE: Duration = Duration::from_secs(12 * 60 * 60);
/// How long new objects wait for the end of a collection; one that takes longer is worked beside.
const PATIENCE: Duration = Duration::from_secs(20);

/// The error of holding objects.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// An object was taken already, or can not be packed.
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The pack can not be written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// Returns whether a garbage collection is under way.
fn is_collecting(common: &Path) -> bool {
    let modified = std::fs::metadata(common.join("gc.pid")).and_then(|meta| meta.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < STALE))
}

/// Waits until no garbage collection is under way, for a while: what is written now is younger than what the next one decides on.
pub fn wait_for_collection(repo: &Repo) {
    let watch = Stopwatch::start();
    while is_collecting(repo.common_dir()) && watch.elapsed() < PATIENCE {
        clock::pause(Duration::from_millis(5));
    }
}

/// Looks after a ref was moved whether its commit is still there, and holds it if a garbage collection has begun meanwhile.
pub(in crate::io::git) fn hold_after(repo: &Repo, name: &str, commit: ObjectId) -> Result<(), HoldError> {
    hold(repo, name, commit)?;
    let is_loose = durable::loose_path(&repo.common_dir().join("objects"), commit).exists();
    if is_loose {
        return Ok(());
    }
    Ok(repo.open()?.odb()?.read_header(to_git(commit)?).map(|_| ())?)
}

/// Puts what a commit leads to, and no ref but this one, into a pack that stays, if a garbage collection is under way.
pub(in crate::io::git) fn hold(repo: &Repo, name: &str, commit: ObjectId) -> Result<(), HoldError> {
    if is_collecting(repo.common_dir()) { hold_now(repo, name, commit) } else { Ok(()) }
}

/// Puts what an object leads to, and no ref but this one, into a pack that stays. A `git repack` that runs just now knows nothing of this
/// pack and leaves it alone, though it may take the one that held the object before.
pub(in crate::io::git) fn hold_now(repo: &Repo, name: &str, id: ObjectId) -> Result<(), HoldError> {
    let git = repo.open()?;
    let mut walk = git.revwalk()?;
    walk.push(to_git(id)?)?;
    for other in git.references()?.filter_map(Result::ok).filter(|other| other.name().ok() != Some(name)) {
        // A ref that leads to no commit hides nothing.
        let _hidden = other.target().map(|target| walk.hide(target));
    }
    let mut builder = git.packbuilder()?;
    builder.insert_walk(&mut walk)?;
    if git.find_tag(to_git(id)?).is_ok() {
        // The walk began behind the tag.
        builder.insert_object(to_git(id)?, None)?;
    }
    if builder.object_count() == 0 {
        return Ok(());
    }
    let packs = repo.common_dir().join("objects/pack");
    fs::create_dir_all(&packs)?;
    fs::create_dir_all(&repo.orc_dir())?;
    let aside = fs::create_fresh_dir(&repo.orc_dir(), "hold-")?;
    let held = (|| {
        builder.write(&aside, 0o444)?;
        let name = format!("pack-{}", builder.name()?.unwrap_or_default());
        fs::write_atomic(&packs.join(format!("{name}.keep")), MARK, Durability::Relaxed)?;
        for ending in ["pack", "idx"] {
            let file = format!("{name}.{ending}");
            fs::sync_file(&aside.join(&file))?;
            fs::rename(&aside.join(&file), &packs.join(&file))?;
        }
        Ok(fs::sync_dir(&packs)?)
    })();
    fs::remove_dir_all(&aside)?;
    held
}

/// Gives what was held back to the collections to come, unless one is under way.
pub(in crate::io::git) fn let_go(repo: &Repo) -> Result<(), FsError> {
    if is_collecting(repo.common_dir()) {
        return Ok(());
    }
    let is_keep = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "keep");
    for path in fs::list(&repo.common_dir().join("objects/pack")).unwrap_or_default().into_iter().filter(is_keep) {
        if fs::read_if_exists(&path)?.as_deref() == Some(MARK) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
