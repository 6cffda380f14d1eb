//! `config`: the settings that hold here.

use crate::io::git::discover::DiscoverError;
use crate::io::settings::resolve::Settings;
use crate::ops::context::{Context, ContextError, Desk};

/// Returns the settings that hold where the user stands, inside or outside of a repository.
///
/// # Errors
/// Returns [`ContextError`] when they hold mistakes, or there is a repository that can not be used.
pub fn settings(desk: &Desk) -> Result<Settings, ContextError> {
    match Context::open(desk) {
        Ok(cx) => Ok(cx.settings),
        Err(ContextError::Repository(DiscoverError::NotARepository { .. }) | ContextError::NoGit(_)) => desk.settings(),
        Err(error) => Err(error),
    }
}
