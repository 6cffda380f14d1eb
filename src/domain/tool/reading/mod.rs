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
mod said;
mod words;

use said::{bytes, documents, reads};

use super::failure::Failure;
use super::profile::{OutputMode, ToolProfile};
use super::reader::Stream;
use super::usage::Usage;

pub use said::{Changed, Said};
pub use words::{last_words, sentence};

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

#[cfg(test)]
mod tests;
