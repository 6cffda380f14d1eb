//! Making objects survive a loss of power.
//!
//! Git and libgit2 sync nothing by default. The files are synced side by side on a few threads, because the file system then puts them
//! into a few commits of its journal instead of one each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::domain::id::ObjectId;
use crate::io::fs::{self, FsError};

/// More threads than cores are right here: they all wait for the disk.
const THREADS: usize = 16;

/// Makes those of the named objects durable that are loose files below `folder`; returns the others.
pub(in crate::io::git) fn sync_loose(folder: &Path, ids: &[ObjectId]) -> Result<Vec<ObjectId>, FsError> {
    let ids: BTreeSet<_> = ids.iter().copied().collect();
    let files: BTreeMap<PathBuf, ObjectId> = ids.iter().map(|id| (loose_path(folder, *id), *id)).collect();
    // Nothing leads to the objects yet, so contents and names can go to the disk in any order: all at once.
    let mut paths: BTreeSet<PathBuf> = files.keys().filter_map(|file| file.parent().map(Path::to_owned)).collect();
    if !paths.is_empty() {
        paths.insert(folder.to_owned());
    }
    paths.extend(files.keys().cloned());
    let absent = Mutex::new(Vec::new());
    each(&paths.into_iter().collect::<Vec<_>>(), |path| match fs::sync_file(path) {
        Err(error) if error.is_not_found() => {
            absent.lock().unwrap_or_else(PoisonError::into_inner).extend(files.get(path));
            Ok(())
        }
        other => other,
    })?;
    Ok(absent.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Returns where an object stands when it is loose.
pub(in crate::io::git) fn loose_path(folder: &Path, id: ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (fan, rest) = hex.split_at(2);
    folder.join(fan).join(rest)
}

/// Does something that waits for the disk with each of some things, on a few threads; returns the first error.
pub(in crate::io::git) fn each<T: Sync>(things: &[T], work: impl Fn(&T) -> Result<(), FsError> + Sync) -> Result<(), FsError> {
    if let [only] = things {
        return work(only);
    }
    let next = AtomicUsize::new(0);
    let run = || -> Result<(), FsError> {
        while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(thing)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (1..THREADS.min(things.len())).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(own, Result::and)
    })
}
