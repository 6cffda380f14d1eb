//! Making objects survive a loss of power.
//!
//! Git and libgit2 sync nothing by default. The files are synced side by side on a few threads, because the file system then puts them
//! into a few commits of its journal instead of one each.

use std::collections::BTreeSet;
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
    let files: Vec<_> = ids.iter().map(|id| loose_path(folder, *id)).collect();
    let absent = Mutex::new(Vec::new());
    each(&files, |file| match fs::sync_file(file) {
        Err(error) if error.is_not_found() => {
            absent.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
            Ok(())
        }
        other => other,
    })?;
    let absent: BTreeSet<_> = absent.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
    let mut folders: BTreeSet<_> = files.iter().filter(|file| !absent.contains(*file)).filter_map(|file| file.parent()).collect();
    if !folders.is_empty() {
        folders.insert(folder);
    }
    let folders: Vec<_> = folders.into_iter().map(Path::to_owned).collect();
    each(&folders, fs::sync_dir)?;
    Ok(ids.into_iter().filter(|id| absent.contains(&loose_path(folder, *id))).collect())
}

/// Returns where an object stands when it is loose.
fn loose_path(folder: &Path, id: ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (fan, rest) = hex.split_at(2);
    folder.join(fan).join(rest)
}

/// Runs `work` on every path, on a few threads; returns the first error.
fn each(paths: &[PathBuf], work: impl Fn(&Path) -> Result<(), FsError> + Sync) -> Result<(), FsError> {
    if let [only] = paths {
        return work(only);
    }
    let next = AtomicUsize::new(0);
    let run = || -> Result<(), FsError> {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(path)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (1..THREADS.min(paths.len())).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(own, Result::and)
    })
}
