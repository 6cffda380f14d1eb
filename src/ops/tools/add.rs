//! `git orc tools add`: writes a profile into a file of profiles, and keeps what is there.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::ground::Ground;
use crate::domain::id::ToolId;
use crate::domain::tool::parse::{ProfileError, ProfileSource, SHIPPED, parse_profiles};
use crate::io::fs::{self, Durability, FsError};
use crate::ops::context::PROFILES;

/// Whose file gets the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user.
    User,
    /// The repository that the user stands in.
    Repository,
}

/// What becomes of a profile that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Kept,
    /// The new one takes its place.
    Replaced,
}

/// A profile to add.
#[derive(Debug, Clone, PartialEq)]
pub struct AddRequest {
    /// Its id.
    pub id: ToolId,
    /// Its fields, in the order in which they are written.
    pub fields: Map<String, Value>,
    /// Whose file gets it.
    pub owner: Owner,
    /// What becomes of one that is there already.
    pub existing: Existing,
}

/// A profile that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The file.
    pub file: PathBuf,
    /// The profile as it stands there.
    pub profile: String,
}

/// The error of adding a profile.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// There is no home folder to put the user's own into.
    #[error("neither XDG_CONFIG_HOME nor HOME says where your own files are")]
    NoFolder,
    /// There is no work tree.
    #[error("there is no work tree here whose repository could get it")]
    NoWorkTree,
    /// A tool with this id is there already.
    #[error("the tool `{id}` is there already, described in {place}")]
    Exists {
        /// The id.
        id: ToolId,
        /// Where.
        place: String,
    },
    /// What stands in the file is no object.
    #[error("`{}` holds no JSON object", .0.display())]
    NotAnObject(PathBuf),
    /// With the new profile, the profiles hold mistakes.
    #[error("it would not be sound: {}", .0.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("; "))]
    Unsound(Vec<ProfileError>),
    /// The file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// Adds a profile. Everything is checked before anything is written.
///
/// # Errors
/// Returns [`AddError`] when there is one already, the new one is not sound, or the file can not be written.
pub fn add(ground: &Ground, request: AddRequest) -> Result<Added, AddError> {
    if let Some(tool) = ground.tools.tool(&request.id).filter(|_| request.existing == Existing::Kept) {
        let place = if tool.origins.is_empty() { "the program itself".to_owned() } else { tool.origins.join(", ") };
        return Err(AddError::Exists { id: request.id, place });
    }
    let file = match request.owner {
        Owner::User => ground.users_file().ok_or(AddError::NoFolder)?,
        Owner::Repository => ground.repositorys_file().ok_or(AddError::NoWorkTree)?,
    };
    let text = match fs::read_if_exists(&file)? {
        Some(bytes) if !bytes.trim_ascii().is_empty() => String::from_utf8_lossy(&bytes).into_owned(),
        Some(_) | None => "{}".to_owned(),
    };
    let Ok(Value::Object(mut document)) = serde_json::from_str::<Value>(&text) else { return Err(AddError::NotAnObject(file)) };
    document.insert(request.id.to_string(), Value::Object(request.fields.clone()));
    let text = format!("{:#}\n", Value::Object(document));
    sound(ground, (&file, &text))?;
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write_atomic(&file, text.as_bytes(), Durability::Full)?;
    let profile = Map::from_iter([(request.id.to_string(), Value::Object(request.fields))]);
    Ok(Added { file, profile: format!("{:#}\n", Value::Object(profile)) })
}

/// Checks all profiles together, with the new text in the place of its file.
fn sound(ground: &Ground, (changed, text): (&PathBuf, &str)) -> Result<(), AddError> {
    let mut layers = vec![(PROFILES.to_owned(), SHIPPED.to_owned())];
    for file in [ground.users_file(), ground.repositorys_file()].into_iter().flatten() {
        let name = file.display().to_string();
        if file == *changed {
            layers.push((name, text.to_owned()));
        } else if let Some(bytes) = fs::read_if_exists(&file)? {
            layers.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    let sources: Vec<ProfileSource<'_>> = layers.iter().map(|(name, text)| ProfileSource { name, text }).collect();
    parse_profiles(&sources).map(drop).map_err(AddError::Unsound)
}
