//! A document against a JSON Schema: every violation at the value that it is about.

use std::ops::Range;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{PatternOptions, Retrieve, ValidationError, Validator};
use serde_json::{Value as Json, json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::source::Place;
use crate::domain::spec::report::Report;

/// How many violations of one document are told.
const MOST: usize = 500;
/// How deeply alternatives are looked into.
const DEEPEST: usize = 16;
/// How many steps a pattern of a schema may go back.
const BACKTRACKS: usize = 100_000;
/// Longer messages name the value no more.
const LONGEST: usize = 200;

/// Compiles a schema. `base` is the URI that references in it start from; `retrieve` brings what they lead to.
///
/// # Errors
/// Returns what is wrong with the schema, and where in it: a JSON pointer.
pub fn compile(schema: &Json, base: &str, retrieve: impl Retrieve + 'static) -> Result<Validator, (String, String)> {
    let options = jsonschema::options().with_base_uri(base).with_retriever(retrieve);
    let options = options.with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS)).should_validate_formats(true);
    options.build(schema).map_err(|error| (chain(&error), error.instance_path().as_str().to_owned()))
}

/// Returns an error with its causes: why a reference leads nowhere is told by a cause.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

/// Returns the schema of schemas of a version of JSON Schema.
#[must_use]
pub fn meta(uri: &str) -> Json {
    json!({"$ref": uri})
}

/// Adds every violation of a schema to the report.
pub fn check(root: &Node, validator: &Validator, report: &mut Report<'_>) {
    let instance = root.to_json();
    for (told, error) in validator.iter_errors(&instance).enumerate() {
        if told >= MOST {
            report.whole("schema", "there are more violations than are told\nMend the first ones and look again.");
            return;
        }
        tell(root, &error, DEEPEST, report);
    }
}

fn tell(root: &Node, error: &ValidationError<'_>, depth: usize, report: &mut Report<'_>) {
    if depth > 0
        && let Some(branch) = nearest(error)
    {
        for inner in branch {
            tell(root, inner, depth - 1, report);
        }
        return;
    }
    let (node, key) = find(root, error.instance_path().as_str());
    let rule = format!("schema/{}", error.kind().keyword());
    match unexpected(error.kind()) {
        Some(names) => {
            for name in names {
                let place = entry(node, name).map_or(node.place, |entry| entry.key_place);
                report.error(&rule, range(place), format!("unknown key `{name}`"));
            }
        }
        None => {
            let place = if matches!(node.value, Value::Null) { key.unwrap_or(node.place) } else { node.place };
            report.error(&rule, range(place), message(error, node));
        }
    }
}

/// Returns the keys that a violation is about, where it is about keys.
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and most of its kinds are about one value")]
fn unexpected(kind: &Kind) -> Option<&[String]> {
    match kind {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => Some(unexpected),
        _ => None,
    }
}

/// Returns the alternative that the document was meant to be: the one that goes wrong deeper inside than all others. Where there is none,
/// the alternatives are told as a whole.
fn nearest<'e>(error: &'e ValidationError<'_>) -> Option<&'e [ValidationError<'static>]> {
    let (Kind::AnyOf { context: branches } | Kind::OneOfNotValid { context: branches }) = error.kind() else { return None };
    let depth = |branch: &[ValidationError<'_>]| branch.iter().map(|inner| inner.instance_path().segments().count()).min().unwrap_or(0);
    let own = error.instance_path().segments().count();
    let deepest = branches.iter().max_by_key(|branch| (depth(branch), usize::MAX - branch.len()))?;
    let is_same_kind = |branch: &[ValidationError<'_>]| {
        depth(branch) > own
            || !branch.iter().any(|inner| inner.instance_path().segments().count() == own && inner.kind().keyword() == "type")
    };
    let fitting: Vec<_> = branches.iter().filter(|branch| is_same_kind(branch)).collect();
    match fitting.as_slice() {
        [only] => Some(only),
        _ => (depth(deepest) > own).then_some(deepest.as_slice()),
    }
}

fn message(error: &ValidationError<'_>, node: &Node) -> String {
    if let Kind::Required { property } = error.kind() {
        return format!("missing key `{}`", property.as_str().unwrap_or_default());
    }
    if matches!(error.kind(), Kind::AnyOf { .. } | Kind::OneOfNotValid { .. }) {
        return format!("{} fits none of the forms that are allowed here", node.kind());
    }
    let told = error.to_string();
    if told.len() <= LONGEST { told } else { error.masked_with("this value").to_string() }
}

/// Follows a JSON pointer as far as it leads. Returns the value, and where its key stands.
fn find<'n>(root: &'n Node, pointer: &str) -> (&'n Node, Option<Place>) {
    let (mut node, mut key) = (root, None);
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        match &node.value {
            Value::Map(_) => match entry(node, &name) {
                Some(entry) => (node, key) = (&entry.node, Some(entry.key_place)),
                None => break,
            },
            Value::List(items) => match name.parse().ok().and_then(|at: usize| items.get(at)) {
                Some(item) => (node, key) = (item, None),
                None => break,
            },
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) => break,
        }
    }
    (node, key)
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == key)
}

const fn range(place: Place) -> Range<usize> {
    place.start as usize..place.end as usize
}

/// Returns the range of bytes that a JSON pointer leads to.
#[must_use]
pub fn place_of(root: &Node, pointer: &str) -> Range<usize> {
    range(find(root, pointer).0.place)
}
