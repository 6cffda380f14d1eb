//! Texts in profile files that are checked while they are read, since serde_json knows the place of a mistake only then.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{pattern, template, variable};

macro_rules! checked_string {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name(pub(super) String);

        // The check is a part of reading the string, because serde_json knows the place of a mistake only while it reads the value.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let check: fn(&str) -> Result<(), String> = $check;
                deserializer.deserialize_str(StringVisitor(check)).map(Self)
            }
        }
    };
}

struct StringVisitor(fn(&str) -> Result<(), String>);

impl Visitor<'_> for StringVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        (self.0)(text).map_err(E::custom)?;
        Ok(text.to_owned())
    }
}

checked_string! {
    /// A program: never empty, and never taken for an option.
    Program, |text| match text {
        "" => Err("the program is empty".to_owned()),
        text if text.starts_with('-') || text.contains('\0') => Err(format!("`{}` is no program", text.escape_debug())),
        _ => Ok(()),
    }
}
checked_string! {
    /// An argument with placeholders.
    Template, |text| template::parse(text).map(|_| ()).map_err(|error| error.to_string())
}
checked_string! {
    /// The name of a variable to pass on.
    NamePattern, |text| variable::check_pattern(text).map_err(|error| error.to_string())
}
checked_string! {
    /// Text that can stand in a trailer.
    OneLine, |text| {
        let fine = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if fine { Ok(()) } else { Err("this must be one line of text".to_owned()) }
    }
}
checked_string! {
    /// The name of a variable that holds a key.
    EnvName, |text| variable::check_name(text).map_err(|error| error.to_string())
}
checked_string! {
    /// An address of a server, without a user or a password in it.
    Url, |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let fine = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('@') && !rest.chars().any(|c| c.is_whitespace() || c.is_control()));
        if fine { Ok(()) } else { Err(format!("`{}` must begin with `https://` or `http://` and hold no user or password", text.escape_debug())) }
    }
}
checked_string! {
    /// The name of a file or folder at the top of a worktree; `*` stands for any end.
    LeftoverName, |text| {
        let plain = text.strip_suffix('*').unwrap_or(text);
        let fine = plain.len() > 1 && !plain.contains(['/', '*', '\0']) && !matches!(plain, ".git" | "..");
        if fine { Ok(()) } else { Err(format!("`{}` must be a name at the top of the worktree, with `*` at its end at most", text.escape_debug())) }
    }
}
checked_string! {
    /// A version: numbers with dots.
    VersionText, |text| {
        let fine = !text.is_empty() && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        if fine { Ok(()) } else { Err(format!("`{}` is no version such as `1.20.3`", text.escape_debug())) }
    }
}

checked_string! {
    /// A regular expression that is not too large.
    Pattern, |text| pattern::compile(text).map(|_| ())
}
checked_string! {
    /// A path of keys and places in a document, joined by dots.
    Keys, |text| check_keys(text, '*')
}
checked_string! {
    /// The same, with `*` for every key or place.
    KeysAndStars, |text| check_keys(text, '\0')
}
checked_string! {
    /// A file below the folder of a step, with the placeholder of that folder in front.
    RunFile, |text| {
        let below = text.strip_prefix("{run_dir}/").filter(|path| !path.contains(['{', '}']) && check_path(path).is_ok());
        if below.is_some() { Ok(()) } else { Err(format!("`{}` must be a file below `{{run_dir}}/`", text.escape_debug())) }
    }
}

fn check_keys(text: &str, refused: char) -> Result<(), String> {
    let fine = text.split('.').all(|key| !key.is_empty() && !key.contains(refused));
    if fine { Ok(()) } else { Err(format!("`{}` is no path of keys joined by dots", text.escape_debug())) }
}

/// Reads a regular expression of a field that may be missing.
pub(super) fn some_pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Pattern::deserialize(deserializer).map(|read| Some(read.0))
}

/// Reads a path of a field that may be missing.
pub(super) fn some_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Keys::deserialize(deserializer).map(|read| Some(read.0))
}

/// Reads a path with stars of a field that may be missing.
pub(super) fn some_keys_and_stars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    KeysAndStars::deserialize(deserializer).map(|read| Some(read.0))
}

/// Reads the name of a file of a field that may be missing.
pub(super) fn some_run_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    RunFile::deserialize(deserializer).map(|read| Some(read.0))
}

/// Variables with templates as their values.
#[derive(Debug)]
pub(super) struct Variables(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let check = |name: &str| variable::check_name(name).map_err(|error| error.to_string());
        deserializer.deserialize_map(TemplatesVisitor { what: "variable", check }).map(Self)
    }
}

/// Files below the folder of a step, with templates as their content.
#[derive(Debug)]
pub(super) struct RunFiles(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for RunFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TemplatesVisitor { what: "file", check: check_path }).map(Self)
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let fine = !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if fine { Ok(()) } else { Err(format!("`{}` is no path below a folder", path.escape_debug())) }
}

struct TemplatesVisitor {
    what: &'static str,
    check: fn(&str) -> Result<(), String>,
}

impl<'de> Visitor<'de> for TemplatesVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object from each {} to its value", self.what)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut named = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            (self.check)(&name).map_err(A::Error::custom)?;
            if named.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{} `{name}` is set twice", self.what)));
            }
            let value = map.next_value::<Template>()?.0;
            named.insert(name, value);
        }
        Ok(named)
    }
}
