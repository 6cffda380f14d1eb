//! The written shape of profile files. Everything that one string or number alone can get wrong is found here, where serde knows the place.

use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::profile::{IntegrityMode, OutputMode, ResolveMode, StdinMode};
use super::raw_text::{EnvName, LeftoverName, NamePattern, OneLine, Program, RunFiles, Template, Url, Variables, VersionText};
use super::reader::{ErrorReader, FailureRule, UsageReader};
use super::resources::ResourceLimits;
use super::suggest::{closest, did_you_mean};
use super::toolbox::is_embedded;
use crate::domain::id::ToolId;
use crate::domain::policy::sandbox::{OwnRules, is_grantable};

/// One file: profiles in the order in which they are written.
#[derive(Debug)]
pub(super) struct RawFile {
    /// The profiles.
    pub(super) profiles: Vec<(ToolId, RawProfile)>,
}

/// How a tool is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    /// A program is started for every task and ends with it.
    Program,
    /// A program that speaks the Agent Client Protocol on its standard streams.
    Acp,
    /// A model behind an interface like that of OpenAI.
    Api,
    /// A person.
    Manual,
}

/// Declares the fields of a profile: each with the type that it is kept as, the type that it is read as, and the way from this to that.
macro_rules! profile_fields {
    ($($(#[$doc:meta])* $name:ident: $kept:ty = $read:ty, $keep:expr;)*) => {
        /// The keys of a profile, beside the free ones.
        pub(super) const KEYS: &[&str] = &[$(stringify!($name)),*];

        /// What a file says about one tool.
        #[derive(Debug, Clone, Default)]
        pub(super) struct RawProfile {
            $($(#[$doc])* pub(super) $name: Option<$kept>,)*
        }

        impl RawProfile {
            /// Returns this profile with every gap filled by the whole field of a weaker one.
            fn filled(self, weaker: &Self) -> Self {
                Self { $($name: self.$name.or_else(|| weaker.$name.clone()),)* }
            }
        }

        fn read_field<'de, A: MapAccess<'de>>(raw: &mut RawProfile, key: &str, map: &mut A) -> Result<(), A::Error> {
            match key {
                $(stringify!($name) => {
                    let keep: fn($read) -> Result<$kept, String> = $keep;
                    raw.$name = Some(keep(map.next_value::<$read>()?).map_err(A::Error::custom)?);
                })*
                _ => return Err(A::Error::custom(unknown_key(key))),
            }
            Ok(())
        }
    };
}

profile_fields! {
    /// How it is talked to; a program where nothing is said.
    kind: KindWord = KindWord, Ok;
    /// See [`super::profile::ToolKind::External`].
    binary: String = Program, |read| Ok(read.0);
    /// See [`super::profile::ToolKind::External`].
    args: Vec<String> = Vec<Template>, templates;
    /// See [`super::profile::ToolProfile::held_args`].
    held_args: Vec<String> = Vec<Template>, templates;
    /// See [`super::profile::ToolKind::Api`].
    base_url: String = Url, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::key_env`].
    key_env: String = EnvName, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::model`].
    model: String = OneLine, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::model_args`].
    model_args: Vec<String> = Vec<Template>, templates;
    /// See [`super::profile::ToolProfile::budget_args`].
    budget_args: Vec<String> = Vec<Template>, templates;
    /// See [`super::profile::ToolProfile::run_files`].
    run_files: BTreeMap<String, String> = RunFiles, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::env`].
    env: BTreeMap<String, String> = Variables, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::env_allow`].
    env_allow: Vec<String> = Vec<NamePattern>, |read| Ok(read.into_iter().map(|name| name.0).collect());
    /// See [`super::profile::ToolProfile::stdin`].
    stdin: StdinMode = StdinMode, Ok;
    /// See [`super::profile::ToolProfile::output`].
    output: OutputMode = OutputMode, Ok;
    /// See [`super::profile::ToolProfile::usage`].
    usage: UsageReader = UsageReader, Ok;
    /// See [`super::profile::ToolProfile::errors`].
    errors: Vec<ErrorReader> = Vec<ErrorReader>, Ok;
    /// See [`super::profile::ToolProfile::failures`].
    failures: Vec<FailureRule> = Vec<FailureRule>, conditions;
    /// See [`super::profile::ToolProfile::leftovers`].
    leftovers: Vec<String> = Vec<LeftoverName>, |read| Ok(read.into_iter().map(|name| name.0).collect());
    /// See [`super::profile::ToolProfile::timeout_sec`].
    timeout_sec: u64 = NonZeroU64, |read| Ok(read.get());
    /// See [`super::profile::ToolProfile::idle_timeout_sec`].
    idle_timeout_sec: u64 = u64, Ok;
    /// See [`super::profile::ToolProfile::success_exit_codes`].
    success_exit_codes: Vec<i32> = ExitCodes, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::capabilities`].
    capabilities: Vec<String> = Vec<String>, Ok;
    /// See [`super::profile::ToolProfile::max_parallel`].
    max_parallel: u32 = NonZeroU32, |read| Ok(read.get());
    /// See [`super::profile::ToolProfile::starts_per_minute`].
    starts_per_minute: u32 = NonZeroU32, |read| Ok(read.get());
    /// See [`super::profile::ToolProfile::context_window`].
    context_window: u64 = NonZeroU64, |read| Ok(read.get());
    /// See [`super::profile::ToolProfile::reads_agents_md`].
    reads_agents_md: bool = bool, Ok;
    /// See [`super::profile::ToolProfile::version_args`].
    version_args: Vec<String> = Vec<String>, Ok;
    /// See [`super::profile::ToolProfile::min_version`].
    min_version: String = VersionText, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::resolve`].
    resolve: ResolveMode = ResolveMode, Ok;
    /// See [`super::profile::ToolProfile::integrity`].
    integrity: IntegrityMode = IntegrityMode, Ok;
    /// See [`super::profile::ToolProfile::resources`].
    resources: ResourceLimits = ResourceLimits, Ok;
    /// See [`super::profile::ToolProfile::assisted_by`].
    assisted_by: String = OneLine, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::install`].
    install: String = OneLine, |read| Ok(read.0);
    /// See [`super::profile::ToolProfile::sandbox`].
    sandbox: OwnRules = OwnRules, own_rules;
    /// The tool whose fields fill those that are not set here.
    extends: ToolId = ToolId, Ok;
}

fn templates(read: Vec<Template>) -> Result<Vec<String>, String> {
    Ok(read.into_iter().map(|argument| argument.0).collect())
}

impl RawProfile {
    /// Returns this profile with the gaps filled from a weaker one. Variables and files are joined by name, and so are the rules of a
    /// sandbox; every other field is taken whole. Who says `args` has the last word about `held_args` as well.
    #[must_use]
    pub(super) fn over(self, weaker: &Self) -> Self {
        let joined = |strong: &Option<BTreeMap<String, String>>, weak: &Option<BTreeMap<String, String>>| match (strong, weak) {
            (Some(strong), Some(weak)) => Some(weak.clone().into_iter().chain(strong.clone()).collect()),
            (strong, weak) => strong.clone().or_else(|| weak.clone()),
        };
        let env = joined(&self.env, &weaker.env);
        let run_files = joined(&self.run_files, &weaker.run_files);
        let sandbox = match (&self.sandbox, &weaker.sandbox) {
            (Some(strong), Some(weak)) => Some(strong.clone().over(weak)),
            (strong, weak) => strong.clone().or_else(|| weak.clone()),
        };
        let held_args = self.held_args.clone().or_else(|| weaker.held_args.clone().filter(|_| self.args.is_none()));
        Self { env, run_files, sandbox, held_args, ..self.filled(weaker) }
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

/// Refuses grants that are no plain paths.
fn own_rules(rules: OwnRules) -> Result<OwnRules, String> {
    match rules.write.iter().chain(&rules.read).find(|path| !is_grantable(path)) {
        Some(bad) => Err(format!("`{}` must be an absolute path or begin with `~/`, without `..`", bad.escape_debug())),
        None => Ok(rules),
    }
}

/// Refuses rules that would fit everything.
fn conditions(rules: Vec<FailureRule>) -> Result<Vec<FailureRule>, String> {
    let is_empty = |rule: &FailureRule| rule.pattern.is_none() && rule.exit_codes.is_empty() && rule.statuses.is_empty();
    match rules.iter().position(is_empty) {
        Some(at) => Err(format!("rule {} of `failures` needs a `pattern`, `exit_codes` or `statuses`", at + 1)),
        None => Ok(rules),
    }
}

fn unknown_key(key: &str) -> String {
    let suggestion = closest(key, KEYS.iter().copied());
    let hyphens = suggestion.filter(|known| key.contains('-') && *known == key.replace('-', "_"));
    match hyphens {
        Some(known) => format!("unknown key `{key}`: keys are spelt with underscores, write `{known}`"),
        None => format!("unknown key `{key}`{}", did_you_mean(suggestion)),
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
