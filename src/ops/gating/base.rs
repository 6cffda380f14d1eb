//! What a gate found on the commit that a change begins with: a file below the git directory, which can be found again when it is gone.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::GatingError;
use crate::domain::finding::model::Finding;
use crate::io::fs::{self, Durability};
use crate::ops::context::Context;

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

fn path(cx: &Context, key: &str) -> PathBuf {
    cx.repo.orc_dir().join("gates").join("base").join(format!("{key}.json"))
}

/// Reads what is known; a file that is not understood counts as missing.
///
/// # Errors
/// Returns [`GatingError`] when a file is there and can not be read.
pub fn read(cx: &Context, key: &str) -> Result<Option<OnBase>, GatingError> {
    let bytes = match fs::read_at_most(&path(cx, key), MOST) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(serde_json::from_slice::<OnBase>(&bytes).ok().filter(|known| known.v == 1))
}

/// Keeps what was found.
///
/// # Errors
/// Returns [`GatingError`] when it can not be written.
pub fn keep(cx: &Context, key: &str, found: &OnBase) -> Result<(), GatingError> {
    let path = path(cx, key);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let bytes = serde_json::to_vec(found).unwrap_or_default();
    Ok(fs::write_atomic(&path, &bytes, Durability::Relaxed)?)
}
