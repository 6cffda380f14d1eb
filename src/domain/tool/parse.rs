//! Reads tool profiles: JSON objects from id to profile, in layers. A higher layer overrides single fields of a lower one; `extends` takes
//! the fields of another profile. Keys that start with `x-`, and `metadata`, are free.

use std::collections::BTreeMap;

use super::bridge;
use super::profile::{OutputMode, ResolveMode, ToolKind, ToolProfile};
use super::raw::{KindWord, RawFile, RawProfile};
use super::suggest::{closest, did_you_mean};
use super::toolbox::{Tool, Toolbox};
use crate::domain::id::ToolId;

/// The profiles that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/tool_profiles.json");

/// A text with profiles.
#[derive(Debug, Clone, Copy)]
pub struct ProfileSource<'a> {
    /// The name of the file, for errors and for the origin of a tool.
    pub name: &'a str,
    /// Its content.
    pub text: &'a str,
}

/// A mistake in a profile file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ProfileError {
    /// The name of the source.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads profiles from the lowest to the highest layer.
///
/// # Errors
/// Returns every mistake: the first of each file that is malformed; when all can be read, every profile without a program and every
/// `extends` that leads nowhere or back to itself.
pub fn parse_profiles(layers: &[ProfileSource<'_>]) -> Result<Toolbox, Vec<ProfileError>> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for source in layers {
        match serde_json::from_str::<RawFile>(source.text) {
            Ok(file) => files.push((source, file)),
            Err(error) => errors.push(place_error(source, &error)),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let merged = Merged::new(&files);
    let mut tools = Vec::new();
    for id in &merged.order {
        match merged.finish(id) {
            Ok(tool) => tools.push(tool),
            Err(message) => errors.push(merged.error(id, message)),
        }
    }
    if errors.is_empty() { Ok(Toolbox::new(tools)) } else { Err(errors) }
}

/// The layers on top of each other, `extends` not yet followed.
struct Merged<'a> {
    order: Vec<&'a ToolId>,
    profiles: BTreeMap<&'a ToolId, RawProfile>,
    sources: BTreeMap<&'a ToolId, Vec<&'a ProfileSource<'a>>>,
}

impl<'a> Merged<'a> {
    fn new(files: &'a [(&'a ProfileSource<'a>, RawFile)]) -> Self {
        let mut merged = Self { order: Vec::new(), profiles: BTreeMap::new(), sources: BTreeMap::new() };
        for (source, file) in files.iter().rev() {
            for (id, profile) in &file.profiles {
                let stronger = merged.profiles.remove(id).unwrap_or_default();
                if !merged.order.contains(&id) {
                    merged.order.push(id);
                }
                merged.profiles.insert(id, stronger.over(profile));
                merged.sources.entry(id).or_default().push(source);
            }
        }
        merged
    }

    fn finish(&self, id: &ToolId) -> Result<Tool, String> {
        let raw = self.extended(id, &mut Vec::new())?;
        let origins = self.sources.get(id).into_iter().flatten().map(|source| source.name.to_owned()).collect();
        Ok(Tool { profile: profile(id, raw)?, origins })
    }

    fn extended(&self, id: &ToolId, seen: &mut Vec<ToolId>) -> Result<RawProfile, String> {
        if let Some(start) = seen.iter().position(|earlier| earlier == id) {
            let cycle: Vec<_> = seen[start..].iter().chain([id]).map(ToolId::as_str).collect();
            return Err(format!("`extends` goes in a circle: {}", cycle.join(" -> ")));
        }
        seen.push(id.clone());
        let Some(profile) = self.profiles.get(id) else {
            let suggestion = closest(id.as_str(), self.order.iter().map(|known| known.as_str()));
            return Err(format!("`extends` names the unknown tool `{id}`{}", did_you_mean(suggestion)));
        };
        match &profile.extends {
            Some(base) => Ok(profile.clone().over(&self.extended(base, seen)?)),
            None => Ok(profile.clone()),
        }
    }

    fn error(&self, id: &ToolId, message: String) -> ProfileError {
        let source = self.sources.get(id).and_then(|sources| sources.first());
        let (line, column) = source.map_or((1, 1), |source| key_place(source.text, id.as_str()));
        ProfileError { file: source.map(|source| source.name.to_owned()).unwrap_or_default(), line, column, message }
    }
}

fn kind(id: &ToolId, raw: &mut RawProfile) -> Result<ToolKind, String> {
    let mut started = || {
        let binary = raw.binary.take().ok_or_else(|| format!("tool `{id}` has no `binary`"))?;
        Ok::<_, String>((binary, raw.args.take().unwrap_or_default()))
    };
    Ok(match raw.kind.unwrap_or(KindWord::Program) {
        KindWord::Program => started().map(|(binary, args)| ToolKind::External { binary, args })?,
        KindWord::Acp => started().map(|(binary, args)| ToolKind::Acp { binary, args })?,
        KindWord::Api => {
            ToolKind::Api { base_url: raw.base_url.take().ok_or_else(|| format!("tool `{id}` is an `api` and has no `base_url`"))? }
        }
        KindWord::Manual => ToolKind::Manual,
    })
}

/// Returns the profile that a file describes.
fn profile(id: &ToolId, mut raw: RawProfile) -> Result<ToolProfile, String> {
    let kind = kind(id, &mut raw)?;
    // A model that is asked itself can do nothing but print.
    let output = if matches!(kind, ToolKind::Api { .. }) { Some(OutputMode::Patch) } else { raw.output };
    let plain = ToolProfile::new(id.clone(), kind);
    bridged(&mut raw, &plain);
    Ok(ToolProfile {
        held_args: raw.held_args,
        model: raw.model,
        model_args: raw.model_args.unwrap_or_default(),
        budget_args: raw.budget_args.unwrap_or_default(),
        key_env: raw.key_env,
        run_files: raw.run_files.unwrap_or_default(),
        env: raw.env.unwrap_or_default(),
        env_allow: raw.env_allow.unwrap_or_default(),
        stdin: raw.stdin.unwrap_or(plain.stdin),
        output: output.unwrap_or(plain.output),
        usage: raw.usage,
        errors: raw.errors.unwrap_or_default(),
        failures: raw.failures.unwrap_or_default(),
        leftovers: raw.leftovers.unwrap_or_default(),
        timeout_sec: raw.timeout_sec,
        idle_timeout_sec: raw.idle_timeout_sec,
        success_exit_codes: raw.success_exit_codes.unwrap_or(plain.success_exit_codes),
        capabilities: raw.capabilities.unwrap_or_default(),
        max_parallel: raw.max_parallel,
        starts_per_minute: raw.starts_per_minute,
        context_window: raw.context_window,
        reads_agents_md: raw.reads_agents_md.unwrap_or(plain.reads_agents_md),
        version_args: raw.version_args.unwrap_or(plain.version_args),
        min_version: raw.min_version,
        resolve: raw.resolve.unwrap_or(plain.resolve),
        integrity: raw.integrity.unwrap_or(plain.integrity),
        resources: raw.resources.unwrap_or_default(),
        assisted_by: raw.assisted_by,
        install: raw.install,
        sandbox: raw.sandbox.unwrap_or_default(),
        id: plain.id,
        kind: plain.kind,
    })
}

/// What a connection of git-orc's own heeds: proxies, and whom to trust.
const CONNECTION: [&str; 9] =
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE"];

/// Fills what is known of a tool that a bridge does. What the profile says of its own comes first.
fn bridged(raw: &mut RawProfile, plain: &ToolProfile) {
    let is_manual = match plain.kind {
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::External { .. } => return,
        ToolKind::Acp { .. } => false,
        ToolKind::Api { .. } => {
            let allowed = raw.env_allow.get_or_insert_default();
            allowed.extend(CONNECTION.map(str::to_owned));
            allowed.extend(raw.key_env.clone());
            false
        }
        ToolKind::Manual => true,
    };
    if is_manual {
        // A person may think, and goes home in the evening.
        raw.idle_timeout_sec.get_or_insert(0);
        raw.resolve.get_or_insert(ResolveMode::Markers);
    }
    raw.usage.get_or_insert_with(bridge::usage);
    raw.errors.get_or_insert_default().extend(bridge::errors());
    raw.failures.get_or_insert_default().extend(bridge::failures());
}

/// Returns line and column of the key of a profile. An id needs no escape in JSON, so it stands in the text as it is.
fn key_place(text: &str, id: &str) -> (usize, usize) {
    let quoted = format!("\"{id}\"");
    let is_key = |at: &usize| text[at + quoted.len()..].trim_start().starts_with(':');
    let at = text.match_indices(&quoted).map(|(at, _)| at).find(is_key).unwrap_or(0);
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (text[..at].matches('\n').count() + 1, at - line_start + 1)
}

/// Takes over serde's message and place. Serde points at the end of a wrong string; people look for its beginning.
fn place_error(source: &ProfileSource<'_>, error: &serde_json::Error) -> ProfileError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
    let written = source.text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default().as_bytes();
    let column = string_start(written, column).max(1);
    ProfileError { file: source.name.to_owned(), line: line.max(1), column, message }
}

/// Returns the column of the opening quote of the string that ends in `column` (or before blanks there), or `column` when there is none.
fn string_start(line: &[u8], column: usize) -> usize {
    let read = line.get(..column).unwrap_or(line).trim_ascii_end();
    let Some(last) = read.len().checked_sub(1).filter(|last| read[*last] == b'"') else { return column };
    let is_escaped = |at: usize| read[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    (0..last).rev().find(|at| read[*at] == b'"' && !is_escaped(*at)).map_or(column, |at| at + 1)
}

#[cfg(test)]
mod tests;
