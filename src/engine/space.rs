//! Room on the disks: a step that begins on a full disk leaves half-written files, and git's own commands of the user fail as well.

use std::path::{Path, PathBuf};

use crate::io::fs::{FsError, free_bytes};

/// The error of a disk that is nearly full.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// There is too little room.
    #[error("only {} MiB are free where `{}` lies, less than the {} MiB that a step must find", free >> 20, path.display(), wanted >> 20)]
    Full {
        /// Where.
        path: PathBuf,
        /// How many bytes are free.
        free: u64,
        /// How many must be.
        wanted: u64,
    },
    /// The disk can not be asked.
    #[error(transparent)]
    Unknown(#[from] FsError),
}

/// Checks that each of these places has this many bytes left; 0 asks for nothing.
///
/// # Errors
/// Returns a [`SpaceError`] for the first one that has not.
pub fn require<'a>(places: impl IntoIterator<Item = &'a Path>, wanted: u64) -> Result<(), SpaceError> {
    if wanted == 0 {
        return Ok(());
    }
    for path in places {
        let free = free_bytes(path)?;
        if free < wanted {
            return Err(SpaceError::Full { path: path.to_owned(), free, wanted });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_refused_and_nothing_is_always_there() {
        let here = std::env::temp_dir();
        let missing = here.join("not/made/yet");
        assert!(require([here.as_path()], 1).is_ok());
        assert!(require([missing.as_path()], 1).is_ok(), "the folder above it counts");
        assert!(require([Path::new("relative")], 0).is_ok());
        let error = require([here.as_path()], u64::MAX).unwrap_err().to_string();
        assert!(error.starts_with("only ") && error.contains("17592186044415 MiB"), "{error}");
    }
}
