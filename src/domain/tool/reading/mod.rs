//! Reads what a tool left beside its changes: how it ended, what it printed, what it wrote about its usage. By the data of its profile, and
//! without touching anything.
//!
//! Who ended the tool comes first, then what it says in documents, then the rules of its profile, then its exit code, then whether anything
//! changed. A tool that ended well and changed something did its work, whatever else stands in the text: many tools print each error that
//! they then got over. Only a document in which the tool itself says that it failed is stronger.

mod amounts;
mod classify;
mod documents;
mod reset;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::failure::Failure;
use super::outcome::Ending;
use super::profile::{OutputMode, ToolProfile};
use super::reader::{Documents, Stream};
use super::usage::Usage;

pub use words::{last_words, sentence};

/// What is known about the end of a tool.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output.
    pub stdout: &'a [u8],
    /// Its standard error.
    pub stderr: &'a [u8],
    /// What stands in the files that its profile names, by the templates of their names.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// The present.
    pub now: Timestamp,
    /// Whether it changed anything.
    pub changed: Changed,
}

/// Whether a tool changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Something,
    /// It did not.
    Nothing,
}

/// What a tool told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// What it used; nothing when it did not tell.
    pub usage: Option<Usage>,
    /// How it failed; nothing when it did not.
    pub failure: Option<Failure>,
    /// Its own words about what went wrong, on one line. They may be there without a failure: it got over an error.
    pub message: Option<String>,
}

/// Reads what a tool told.
#[must_use]
pub fn read(profile: &ToolProfile, said: &Said<'_>) -> Read {
    let usage = profile.usage.as_ref().and_then(|reader| amounts::usage(reader, bytes(&reader.documents, said)));
    let (failure, message) = classify::classify(profile, said);
    Read { usage, failure, message }
}

/// Returns the templates of the names of the files that a profile reads.
pub fn files(profile: &ToolProfile) -> impl Iterator<Item = &str> {
    documents(profile).filter_map(|documents| documents.file.as_deref())
}

/// Returns whether standard output must be kept apart, since it is read.
#[must_use]
pub fn wants_stdout(profile: &ToolProfile) -> bool {
    profile.output == OutputMode::Patch || documents(profile).any(|documents| reads(documents, Stream::Stdout))
}

fn documents(profile: &ToolProfile) -> impl Iterator<Item = &Documents> {
    profile.usage.iter().map(|reader| &reader.documents).chain(profile.errors.iter().map(|reader| &reader.documents))
}

fn reads(documents: &Documents, stream: Stream) -> bool {
    documents.file.is_none() && documents.stream == stream
}

/// Returns the text in which documents stand.
fn bytes<'a>(documents: &Documents, said: &Said<'a>) -> &'a [u8] {
    match (&documents.file, documents.stream) {
        (Some(name), _) => said.files.get(name).map_or(&[], Vec::as_slice),
        (None, Stream::Stdout) => said.stdout,
        (None, Stream::Stderr) => said.stderr,
    }
}

#[cfg(test)]
mod tests;
