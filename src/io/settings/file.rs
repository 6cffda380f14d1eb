//! Files of settings, as they lie on the disk.

use std::io;
use std::path::Path;

use super::error::SettingsError;
use crate::domain::document::source::SourceFile;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Returns a file, or `None` when there is none. Bytes that are no text are told by whoever reads it.
///
/// # Errors
/// Returns [`SettingsError::Read`] when the file is there and cannot be read, or is larger than 1 MiB.
pub(super) fn load(path: &Path, shown: &str) -> Result<Option<SourceFile>, SettingsError> {
    let failed = |source| SettingsError::Read { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LARGEST => Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"))),
        Ok(_) => std::fs::read(path).map(|bytes| Some(SourceFile::from_bytes(shown, &bytes))).map_err(failed),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
