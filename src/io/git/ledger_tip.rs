//! The tip of the ledger as this repository saw it last, in a file of its own beside the ref.
//!
//! A chain of hashes shows every change inside it, but whoever moves the ref can put another chain in its place. This file is what such a
//! chain is held against: the remembered tip must lie behind the tip, or be it. It is written under the ledger's lock, after the ref has
//! moved, and not waited for: it may be behind the ref and never before it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::repo::Repo;
use crate::domain::id::ObjectId;
use crate::io::fs::{self, FsError};

/// What is remembered of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// Nothing: nothing was appended here yet, or the file is gone.
    Nothing,
    /// The file holds no id: a loss of power, or somebody wrote into it.
    Garbled,
    /// This tip.
    Tip(ObjectId),
}

/// Returns the file that holds the remembered tip.
#[must_use]
pub fn path(repo: &Repo) -> PathBuf {
    repo.orc_dir().join("ledger-tip")
}

/// Returns the remembered tip.
///
/// # Errors
/// Returns [`FsError`] when the file exists and can not be read.
pub fn remembered(repo: &Repo) -> Result<Remembered, FsError> {
    let Some(bytes) = fs::read_if_exists(&path(repo))? else { return Ok(Remembered::Nothing) };
    let id = std::str::from_utf8(&bytes).ok().and_then(|text| ObjectId::parse(text.strip_suffix('\n')?).ok());
    Ok(id.map_or(Remembered::Garbled, Remembered::Tip))
}

/// Remembers a tip. The ledger's lock must be held, so that no older tip takes the place of a newer one.
///
/// The file always has the same length and is written in place with one call, which costs a hundredth of what the entry costs.
///
/// # Errors
/// Returns [`FsError`] when the file can not be written.
pub fn remember(repo: &Repo, tip: ObjectId) -> Result<(), FsError> {
    let path = path(repo);
    let line = format!("{tip}\n");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        file.write_all(line.as_bytes())?;
        if file.metadata()?.len() == line.len() as u64 { Ok(()) } else { file.set_len(line.len() as u64) }
    };
    write().map_err(|source| FsError { action: "write", path: path.clone(), source })
}
