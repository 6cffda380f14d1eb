//! Where in the output of a tool its usage, its result and its failures stand. Data of a profile; reading by it is done elsewhere.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::{FailureClass, Remedy};
use super::raw_text::{some_keys, some_keys_and_stars, some_pattern, some_run_file};

/// A stream of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

/// How documents stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The text is one JSON document, or ends with one.
    Json,
    /// Every line that begins with `{` is a JSON document.
    Jsonl,
    /// The text is one JSON array of documents.
    JsonArray,
}

/// What is done with several documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// The last one counts.
    #[default]
    Last,
    /// Numbers are added up.
    Sum,
}

/// Where documents stand, and which of them count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// The stream.
    #[serde(default)]
    pub stream: Stream,
    /// A file in its place, below the folder of the step: `{run_dir}/usage.jsonl`.
    #[serde(default, deserialize_with = "some_run_file")]
    pub file: Option<String>,
    /// How they stand in it.
    pub format: Format,
    /// Only those count in which what stands at these paths is this text.
    #[serde(default)]
    pub select: BTreeMap<String, String>,
    /// What is done with several of them.
    #[serde(default)]
    pub take: Take,
    /// A path to go on from, with `*` for every key or place: `stats.models.*.tokens`. What is found at all of them is added up.
    #[serde(default, deserialize_with = "some_keys_and_stars")]
    pub over: Option<String>,
}

/// Where the usage stands in a document: paths of keys, joined by dots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UsageFields {
    /// Tokens that were read.
    #[serde(deserialize_with = "some_keys")]
    pub input: Option<String>,
    /// Tokens that were read from a cache.
    #[serde(deserialize_with = "some_keys")]
    pub cached: Option<String>,
    /// Tokens that were written to a cache.
    #[serde(deserialize_with = "some_keys")]
    pub cache_write: Option<String>,
    /// Tokens that were written.
    #[serde(deserialize_with = "some_keys")]
    pub output: Option<String>,
    /// Tokens of reasoning.
    #[serde(deserialize_with = "some_keys")]
    pub reasoning: Option<String>,
    /// US dollars.
    #[serde(deserialize_with = "some_keys")]
    pub cost_usd: Option<String>,
    /// The model: a text, or an object with one key, which is its name. It is looked for in every document.
    #[serde(deserialize_with = "some_keys")]
    pub model: Option<String>,
    /// The session. It is looked for in every document.
    #[serde(deserialize_with = "some_keys")]
    pub session: Option<String>,
}

/// Where a tool tells its usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageReader {
    /// The documents.
    #[serde(rename = "in")]
    pub documents: Documents,
    /// The places in a document.
    pub fields: UsageFields,
    /// Whether the tokens that were read include those from a cache.
    #[serde(default)]
    pub input_includes_cached: bool,
    /// Whether the tokens that were written leave out those of reasoning.
    #[serde(default)]
    pub output_excludes_reasoning: bool,
}

/// Where a tool tells in a document that it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorReader {
    /// The documents.
    #[serde(rename = "in")]
    pub documents: Documents,
    /// Where the message stands.
    #[serde(default, deserialize_with = "some_keys")]
    pub message: Option<String>,
    /// Where the status of HTTP stands.
    #[serde(default, deserialize_with = "some_keys")]
    pub status: Option<String>,
}

/// How a failure of a tool reads. Every condition that is given must hold, and one must be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureRule {
    /// What it is then.
    pub class: FailureClass,
    /// A regular expression for the message of an error, or for lines at the end of the output: `^` and `$` are the ends of a line, and
    /// `\s` goes beyond one. Where standard output holds documents, only standard error is looked at. A group `reset` holds the time of the reset: seconds,
    /// a duration such as `1m30s`, or a time stamp.
    #[serde(default, deserialize_with = "some_pattern")]
    pub pattern: Option<String>,
    /// Exit codes.
    #[serde(default)]
    pub exit_codes: Vec<i32>,
    /// Statuses of HTTP, from the message of an error.
    #[serde(default)]
    pub statuses: Vec<u16>,
    /// What helps, where that is not what helps in general.
    #[serde(default)]
    pub then: Option<Remedy>,
}
