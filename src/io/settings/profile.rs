//! The profile of a repository, as it lies in the work tree.

use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::file;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::SourceFile;
use crate::domain::id::ToolId;
use crate::domain::settings::model::Profile;
use crate::domain::settings::parse::parse_profile;

/// Where the profile can be, below the top of the work tree.
pub const PLACES: [&str; 2] = ["PROJECT_PROFILE.yaml", ".git-orc/PROJECT_PROFILE.yaml"];

/// Returns where the profile is.
///
/// # Errors
/// Returns [`SettingsError::TwoProfiles`] when there are two.
pub fn find(top: &Path) -> Result<Option<(PathBuf, &'static str)>, SettingsError> {
    let there: Vec<&'static str> = PLACES.into_iter().filter(|name| top.join(name).symlink_metadata().is_ok()).collect();
    match there.as_slice() {
        [first, second, ..] => Err(SettingsError::TwoProfiles { first: (*first).to_owned(), second: (*second).to_owned() }),
        [name] => Ok(Some((top.join(name), name))),
        [] => Ok(None),
    }
}

/// Returns the file of the profile.
///
/// # Errors
/// Returns [`SettingsError`] when there are two, or it cannot be read.
pub fn source(top: &Path) -> Result<Option<SourceFile>, SettingsError> {
    match find(top)? {
        Some((path, shown)) => file::load(&path, shown),
        None => Ok(None),
    }
}

/// Reads the profile of the work tree at `top`, if there is one. Beside it come warnings.
///
/// # Errors
/// Returns [`SettingsError`] when it cannot be read, and [`SettingsError::Documents`] with every mistake in it.
pub fn load(top: &Path, tools: &[ToolId]) -> Result<Option<(Profile, Vec<Diagnostic>)>, SettingsError> {
    match source(top)? {
        Some(file) => parse_profile(&file, tools).map(Some).map_err(SettingsError::Documents),
        None => Ok(None),
    }
}
