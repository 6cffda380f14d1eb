//! What a gate found on the commit that a change begins with: a file below the git directory, which can be found again when it is gone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::finding::model::Finding;
use crate::io::fs::{self, Durability, FsError};

/// The most of such a file that is read, in bytes.
const MOST: u64 = 64 << 20;

/// What a gate found on the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnBase {
    /// The version of this format.
    pub v: u32,
    /// Its findings; nothing when they can not be compared with: there were too many, or the command could not be run.
    pub findings: Option<Vec<Finding>>,
    /// The share of lines that tests ran, in percent.
    pub coverage: Option<f64>,
}

fn path(orc_dir: &Path, key: &str) -> PathBuf {
    orc_dir.join("gates").join("base").join(format!("{key}.json"))
}

/// Reads what is known; a file that is not understood counts as missing.
///
/// # Errors
/// Returns [`FsError`] when a file is there and can not be read.
pub fn read(orc_dir: &Path, key: &str) -> Result<Option<OnBase>, FsError> {
    let bytes = match fs::read_at_most(&path(orc_dir, key), MOST) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(serde_json::from_slice::<OnBase>(&bytes).ok().filter(|known| known.v == 1))
}

/// Keeps what was found.
///
/// # Errors
/// Returns [`FsError`] when it can not be written.
pub fn keep(orc_dir: &Path, key: &str, found: &OnBase) -> Result<(), FsError> {
    let path = path(orc_dir, key);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write_atomic(&path, &serde_json::to_vec(found).unwrap_or_default(), Durability::Relaxed)
}
