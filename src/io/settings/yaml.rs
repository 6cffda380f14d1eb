//! YAML files of settings: unknown and duplicate keys are errors with a place and a "did you mean"; `x-*` and `metadata` are free.

use std::fmt;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::{Error, Spanned};

use super::error::SettingsError;
use crate::domain::tool::suggest::{closest, did_you_mean};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Returns the text of a file, or `None` when there is none.
///
/// # Errors
/// Returns [`SettingsError::Read`] when the file is there and cannot be read, or is larger than 1 MiB.
pub(super) fn load(path: &Path) -> Result<Option<String>, SettingsError> {
    let failed = |source| SettingsError::Read { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LARGEST => Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"))),
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(failed),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Reads a file whose top level has these keys. An empty file says nothing.
///
/// # Errors
/// Returns [`SettingsError::File`] for the first mistake.
pub(super) fn parse<T: DeserializeOwned + Default>(file: &str, text: &str, keys: &[&str]) -> Result<T, SettingsError> {
    let failed = |error: &Error| place_error(file, error);
    let Some(Keys(written)) = serde_saphyr::from_str::<Option<Keys>>(text).map_err(|error| failed(&error))? else {
        return Ok(T::default());
    };
    let is_free = |key: &str| key.starts_with("x-") || key == "metadata";
    if let Some(key) = written.iter().find(|key| !keys.contains(&key.value.as_str()) && !is_free(&key.value)) {
        let message = unknown_key(&key.value, keys.iter().copied());
        return Err(SettingsError::File { file: file.to_owned(), line: key.referenced.line(), column: key.referenced.column(), message });
    }
    serde_saphyr::from_str(text).map_err(|error| failed(&error))
}

fn unknown_key<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    format!("unknown key `{key}`{}", did_you_mean(closest(key, known)))
}

fn place_error(file: &str, error: &Error) -> SettingsError {
    let error = error.without_snippet();
    let location = error.location();
    let message = if let Error::SerdeUnknownField { field, expected, .. } = error {
        unknown_key(field, expected.iter().copied())
    } else if let Error::SerdeUnknownVariant { variant, expected, .. } = error {
        let known = expected.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        format!("unknown value `{variant}`, expected one of {known}")
    } else {
        without_place(&error.to_string())
    };
    let (line, column) = location.map_or((1, 1), |location| (location.line().max(1), location.column().max(1)));
    SettingsError::File { file: file.to_owned(), line, column, message }
}

/// The message carries its place already, in other words.
fn without_place(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.split(" at line ").next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The keys of the top level with their places.
struct Keys(Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            map.next_value::<IgnoredAny>()?;
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}
