//! What the watched files were when somebody began to work, for whoever drives the run after a driver that was killed meanwhile. Only digests
//! are kept: they can name a change and not undo it, and by then it may well be the user's own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::files::Files;
use crate::domain::integrity::fact::How;
use crate::io::fs::{self, FsError};

/// Path and digest of each file.
pub(super) type Prints = BTreeMap<String, String>;

/// Keeps what the files are below the run's folder, unless that is what was kept last.
pub(super) fn keep(folder: &Path, files: &Files, last: &mut Prints) -> Result<(), FsError> {
    let now = prints(files);
    if now == *last {
        return Ok(());
    }
    let mut text = String::new();
    for (path, print) in &now {
        text.push_str(&format!("{print} {path}\n"));
    }
    let path = file(folder);
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    fs::write_scratch(&path, text.as_bytes())?;
    *last = now;
    Ok(())
}

/// Returns how the files differ from what was kept; nothing when nothing was.
pub(super) fn differences(folder: &Path, files: &Files) -> Vec<(String, How)> {
    let Ok(Some(bytes)) = fs::read_if_exists(&file(folder)) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let before: Prints = text.lines().filter_map(|line| line.split_once(' ')).map(|(print, path)| (path.into(), print.into())).collect();
    let now = prints(files);
    let mut all: Vec<&String> = before.keys().chain(now.keys()).collect();
    all.sort_unstable();
    all.dedup();
    let how = |path: &String| match (before.get(path), now.get(path)) {
        (None, Some(_)) => Some(How::Added),
        (Some(_), None) => Some(How::Removed),
        (Some(was), Some(is)) if was != is => Some(How::Changed),
        (Some(_), Some(_)) | (None, None) => None,
    };
    all.into_iter().filter_map(|path| how(path).map(|how| (path.clone(), how))).collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("integrity").join("before")
}

fn prints(files: &Files) -> Prints {
    let digest = |bytes: Vec<u8>| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let shown = |path: &[u8]| crate::domain::text::one_line(&OsString::from_vec(path.to_vec()).to_string_lossy());
    files.signed().map(|(path, sign)| (shown(path), digest(sign))).collect()
}
