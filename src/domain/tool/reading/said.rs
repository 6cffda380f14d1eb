//! What is known about the end of a tool, and where in it documents stand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::tool::outcome::Ending;
use crate::domain::tool::profile::ToolProfile;
use crate::domain::tool::reader::{Documents, Stream};

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

/// Returns where a profile reads documents.
pub(super) fn documents(profile: &ToolProfile) -> impl Iterator<Item = &Documents> {
    profile.usage.iter().map(|reader| &reader.documents).chain(profile.errors.iter().map(|reader| &reader.documents))
}

/// Returns whether documents stand in this stream.
pub(super) fn reads(documents: &Documents, stream: Stream) -> bool {
    documents.file.is_none() && documents.stream == stream
}

/// Returns the text in which documents stand.
pub(super) fn bytes<'a>(documents: &Documents, said: &Said<'a>) -> &'a [u8] {
    match (&documents.file, documents.stream) {
        (Some(name), _) => said.files.get(name).map_or(&[], Vec::as_slice),
        (None, Stream::Stdout) => said.stdout,
        (None, Stream::Stderr) => said.stderr,
    }
}
