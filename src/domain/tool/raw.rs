//! The written shape of profile files. Everything that one string or number alone can get wrong is found here, where serde knows the place.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::profile::{IntegrityMode, OutputMode, ResolveMode, StdinMode};
use super::resources::ResourceLimits;
use super::suggest::{closest, did_you_mean};
use super::toolbox::is_embedded;
use super::{template, variable};
use crate::domain::id::ToolId;
use crate::domain::policy::sandbox::{OwnRules, is_grantable};

const KEYS: [&str; 17] = [
    "binary",
    "args",
    "env",
    "env_allow",
    "stdin",
    "output",
    "timeout_sec",
    "idle_timeout_sec",
    "success_exit_codes",
    "capabilities",
    "resolve",
    "integrity",
    "resources",
    "assisted_by",
    "install",
    "sandbox",
    "extends",
];

/// One file: profiles in the order in which they are written.
#[derive(Debug)]
pub(super) struct RawFile {
    /// The profiles.
    pub(super) profiles: Vec<(ToolId, RawProfile)>,
}

/// What a file says about one tool.
#[derive(Debug, Clone, Default)]
pub(super) struct RawProfile {
    /// See [`super::profile::ToolKind::External`].
    pub(super) binary: Option<String>,
    /// See [`super::profile::ToolKind::External`].
    pub(super) args: Option<Vec<String>>,
    /// See [`super::profile::ToolProfile::env`].
    pub(super) env: Option<BTreeMap<String, String>>,
    /// See [`super::profile::ToolProfile::env_allow`].
    pub(super) env_allow: Option<Vec<String>>,
    /// See [`super::profile::ToolProfile::stdin`].
    pub(super) stdin: Option<StdinMode>,
    /// See [`super::profile::ToolProfile::output`].
    pub(super) output: Option<OutputMode>,
    /// See [`super::profile::ToolProfile::timeout_sec`].
    pub(super) timeout_sec: Option<u64>,
    /// See [`super::profile::ToolProfile::idle_timeout_sec`].
    pub(super) idle_timeout_sec: Option<u64>,
    /// See [`super::profile::ToolProfile::success_exit_codes`].
    pub(super) success_exit_codes: Option<Vec<i32>>,
    /// See [`super::profile::ToolProfile::capabilities`].
    pub(super) capabilities: Option<Vec<String>>,
    /// See [`super::profile::ToolProfile::resolve`].
    pub(super) resolve: Option<ResolveMode>,
    /// See [`super::profile::ToolProfile::integrity`].
    pub(super) integrity: Option<IntegrityMode>,
    /// See [`super::profile::ToolProfile::resources`].
    pub(super) resources: Option<ResourceLimits>,
    /// See [`super::profile::ToolProfile::assisted_by`].
    pub(super) assisted_by: Option<String>,
    /// See [`super::profile::ToolProfile::install`].
    pub(super) install: Option<String>,
    /// See [`super::profile::ToolProfile::sandbox`].
    pub(super) sandbox: Option<OwnRules>,
    /// The tool whose fields fill those that are not set here.
    pub(super) extends: Option<ToolId>,
}

impl RawProfile {
    /// Returns this profile with the gaps filled from a weaker one. Variables are joined by name; every other field is taken whole.
    #[must_use]
    pub(super) fn over(self, weaker: &Self) -> Self {
        let env = match (self.env, &weaker.env) {
            (Some(strong), Some(weak)) => Some(weak.clone().into_iter().chain(strong).collect()),
            (strong, weak) => strong.or_else(|| weak.clone()),
        };
        Self {
            binary: self.binary.or_else(|| weaker.binary.clone()),
            args: self.args.or_else(|| weaker.args.clone()),
            env,
            env_allow: self.env_allow.or_else(|| weaker.env_allow.clone()),
            stdin: self.stdin.or(weaker.stdin),
            output: self.output.or(weaker.output),
            timeout_sec: self.timeout_sec.or(weaker.timeout_sec),
            idle_timeout_sec: self.idle_timeout_sec.or(weaker.idle_timeout_sec),
            success_exit_codes: self.success_exit_codes.or_else(|| weaker.success_exit_codes.clone()),
            capabilities: self.capabilities.or_else(|| weaker.capabilities.clone()),
            resolve: self.resolve.or(weaker.resolve),
            integrity: self.integrity.or(weaker.integrity),
            resources: self.resources.or(weaker.resources),
            assisted_by: self.assisted_by.or_else(|| weaker.assisted_by.clone()),
            install: self.install.or_else(|| weaker.install.clone()),
            sandbox: match (self.sandbox, &weaker.sandbox) {
                (Some(strong), Some(weak)) => Some(strong.over(weak)),
                (strong, weak) => strong.or_else(|| weak.clone()),
            },
            extends: self.extends.or_else(|| weaker.extends.clone()),
        }
    }
}

fn is_free(key: &str) -> bool {
    key.starts_with("x-") || key == "metadata"
}

impl<'de> Deserialize<'de> for RawFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = RawFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from tool ids to profiles")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawFile, A::Error> {
        let mut profiles: Vec<(ToolId, RawProfile)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if is_free(&key) || key == "$schema" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if is_embedded(&key) {
                return Err(A::Error::custom(format_args!("the tool `{key}` is embedded and cannot be changed; choose another id")));
            }
            let id = ToolId::parse(&key).map_err(A::Error::custom)?;
            if profiles.iter().any(|(known, _)| *known == id) {
                return Err(A::Error::custom(format_args!("the tool `{key}` is defined twice")));
            }
            profiles.push((id, map.next_value()?));
        }
        Ok(RawFile { profiles })
    }
}

impl<'de> Deserialize<'de> for RawProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ProfileVisitor)
    }
}

struct ProfileVisitor;

impl<'de> Visitor<'de> for ProfileVisitor {
    type Value = RawProfile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tool profile")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawProfile, A::Error> {
        let mut raw = RawProfile::default();
        let mut seen: Vec<String> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if is_free(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("key `{key}` is set twice")));
            }
            read_field(&mut raw, &key, &mut map)?;
            seen.push(key);
        }
        Ok(raw)
    }
}

fn read_field<'de, A: MapAccess<'de>>(raw: &mut RawProfile, key: &str, map: &mut A) -> Result<(), A::Error> {
    match key {
        "binary" => raw.binary = Some(map.next_value::<Program>()?.0),
        "args" => raw.args = Some(map.next_value::<Vec<Template>>()?.into_iter().map(|argument| argument.0).collect()),
        "env" => raw.env = Some(map.next_value::<Variables>()?.0),
        "env_allow" => raw.env_allow = Some(map.next_value::<Vec<NamePattern>>()?.into_iter().map(|name| name.0).collect()),
        "stdin" => raw.stdin = Some(map.next_value()?),
        "output" => raw.output = Some(map.next_value()?),
        "timeout_sec" => raw.timeout_sec = Some(map.next_value::<NonZeroU64>()?.get()),
        "idle_timeout_sec" => raw.idle_timeout_sec = Some(map.next_value()?),
        "success_exit_codes" => raw.success_exit_codes = Some(map.next_value::<ExitCodes>()?.0),
        "capabilities" => raw.capabilities = Some(map.next_value()?),
        "resources" => raw.resources = Some(map.next_value()?),
        "resolve" => raw.resolve = Some(map.next_value()?),
        "integrity" => raw.integrity = Some(map.next_value()?),
        "assisted_by" => raw.assisted_by = Some(map.next_value::<OneLine>()?.0),
        "install" => raw.install = Some(map.next_value::<OneLine>()?.0),
        "sandbox" => raw.sandbox = Some(own_rules(map.next_value()?)?),
        "extends" => raw.extends = Some(map.next_value()?),
        _ => return Err(A::Error::custom(unknown_key(key))),
    }
    Ok(())
}

/// Refuses grants that are no plain paths.
fn own_rules<E: Error>(rules: OwnRules) -> Result<OwnRules, E> {
    match rules.write.iter().chain(&rules.read).find(|path| !is_grantable(path)) {
        Some(bad) => Err(E::custom(format_args!("`{}` must be an absolute path or begin with `~/`, without `..`", bad.escape_debug()))),
        None => Ok(rules),
    }
}

fn unknown_key(key: &str) -> String {
    let suggestion = closest(key, KEYS);
    let hyphens = suggestion.filter(|known| key.contains('-') && *known == key.replace('-', "_"));
    match hyphens {
        Some(known) => format!("unknown key `{key}`: keys are spelt with underscores, write `{known}`"),
        None => format!("unknown key `{key}`{}", did_you_mean(suggestion)),
    }
}

macro_rules! checked_string {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        struct $name(String);

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

struct Variables(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VariablesVisitor).map(Self)
    }
}

struct VariablesVisitor;

impl<'de> Visitor<'de> for VariablesVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from variables to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut variables = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            variable::check_name(&name).map_err(A::Error::custom)?;
            if variables.contains_key(&name) {
                return Err(A::Error::custom(format_args!("variable `{name}` is set twice")));
            }
            let value = map.next_value::<Template>()?.0;
            variables.insert(name, value);
        }
        Ok(variables)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Vec<u8>")]
struct ExitCodes(Vec<i32>);

impl TryFrom<Vec<u8>> for ExitCodes {
    type Error = &'static str;

    fn try_from(codes: Vec<u8>) -> Result<Self, &'static str> {
        if codes.is_empty() {
            Err("at least one exit code must count as success")
        } else {
            Ok(Self(codes.into_iter().map(i32::from).collect()))
        }
    }
}
