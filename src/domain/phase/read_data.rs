//! From what was written to expectations about the data of files, and about what their texts say.

use regex::Regex;

use super::data::{Claim, DataClaim};
use super::expectation::Predicate;
use super::raw::{ClaimWord, RawExpectation};
use super::traced::Trace;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{At, Place};
use crate::domain::policy::pattern::Pattern;

/// The keys that say what such an expectation is about.
pub const KEYS: [&str; 3] = ["data", "matches", "traced"];
/// The largest regular expression once it is compiled, in bytes.
const LARGEST: usize = 1 << 20;

/// Returns the keys that say what it is about, each with its place when it is given.
#[must_use]
pub fn keys(own: &RawExpectation) -> [(&'static str, Option<Place>); 3] {
    let place = |at: &Option<At<String>>| at.as_ref().map(|at| at.place);
    [("data", place(&own.data)), ("matches", place(&own.matches)), ("traced", place(&own.traced))]
}

/// Refuses the keys that have no use beside the one that says what it is about.
pub fn refuse_beside(own: &RawExpectation, key: &str, sink: &mut Sink<'_>) {
    let of_data = [
        ("is", own.is.as_ref().map(|at| at.place)),
        ("equals", own.equals.as_ref().map(|at| at.place)),
        ("at_least", own.at_least.as_ref().map(|at| at.place)),
        ("at_most", own.at_most.as_ref().map(|at| at.place)),
    ];
    let of_trace = [("from", own.from.as_ref().map(|at| at.place)), ("with", own.with.as_ref().map(|at| at.place))];
    let of_match = [("times", own.times.as_ref().map(|at| at.place))];
    let of_words = [("how", own.how.as_ref().map(|at| at.place))];
    let owned = of_data.map(|one| ("data", one)).into_iter();
    let owned = owned.chain(of_trace.map(|one| ("traced", one))).chain(of_match.map(|one| ("matches", one)));
    for (_, one) in owned.filter(|(owner, _)| *owner != key) {
        refuse(one, key, sink);
    }
    if KEYS.contains(&key) {
        of_words.iter().for_each(|one| refuse(*one, key, sink));
    }
}

/// Says that a key has no use beside another one.
pub fn refuse((key, place): (&str, Option<Place>), beside: &str, sink: &mut Sink<'_>) {
    if let Some(place) = place {
        sink.add(Draft::new(Code::MisplacedKey, place, format!("`{key}` has no use beside `{beside}`")).hint("Remove it."));
    }
}

/// Reads a glob; a bad one goes to the sink.
pub fn pattern(glob: &At<String>, key: &str, sink: &mut Sink<'_>) -> Option<Pattern> {
    Pattern::parse(&glob.value).map_err(|error| sink.add(Draft::new(Code::BadGlob, glob.place, format!("in `{key}`: {error}")))).ok()
}

/// Reads an expectation about data or texts.
pub fn read(own: &RawExpectation, key: &'static str, sink: &mut Sink<'_>) -> Option<Predicate> {
    let place = keys(own).into_iter().find(|(name, _)| *name == key).and_then(|(_, place)| place).unwrap_or_default();
    let files = files(own.within.as_ref(), ("in", key, place), sink);
    match key {
        "data" => claim(own, sink).zip(files).map(|(claim, files)| Predicate::Data { files, claim }),
        "matches" => {
            let pattern = regex(own.matches.as_ref()?, sink);
            let times = own.times.as_ref().map(|times| times.value.narrow());
            pattern.zip(files).map(|(pattern, files)| Predicate::Says { files, pattern, times })
        }
        _ => {
            let each = regex(own.traced.as_ref()?, sink);
            let from = self::files(own.from.as_ref(), ("from", key, place), sink);
            let with = own.with.as_ref().map(|with| regex(with, sink));
            if with.as_ref().is_some_and(Option::is_none) {
                return None;
            }
            Some(Predicate::Traced(Box::new(Trace { each: each?, from: from?, files: files?, with: with.flatten() })))
        }
    }
}

fn files(glob: Option<&At<String>>, (name, key, place): (&str, &str, Place), sink: &mut Sink<'_>) -> Option<Pattern> {
    let Some(glob) = glob else {
        let draft = Draft::new(Code::IncompleteRule, place, format!("`{key}` does not say of which files"));
        sink.add(draft.hint(format!("Add `{name}` with a glob, such as `{name}: docs/plan.md`.")));
        return None;
    };
    pattern(glob, name, sink)
}

fn regex(text: &At<String>, sink: &mut Sink<'_>) -> Option<Regex> {
    match regex::RegexBuilder::new(&text.value).size_limit(LARGEST).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let line = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            sink.add(Draft::new(Code::BadRegex, text.place, format!("can not be used as a regular expression: {line}")));
            None
        }
    }
}

fn claim(own: &RawExpectation, sink: &mut Sink<'_>) -> Option<DataClaim> {
    let data = own.data.as_ref()?;
    let path: Vec<String> = data.value.split('.').map(|key| key.trim().to_owned()).collect();
    if path.iter().any(String::is_empty) {
        let draft = Draft::new(Code::IncompleteRule, data.place, "a path with an empty key");
        sink.add(draft.hint("Write keys between dots, such as `stories.*.id`."));
        return None;
    }
    let mut claims = Vec::new();
    claims.extend(own.is.as_ref().map(|is| {
        let claim = match is.value {
            ClaimWord::Present => Claim::Present,
            ClaimWord::Filled => Claim::Filled,
        };
        (claim, is.place)
    }));
    claims.extend(own.equals.as_ref().map(|value| (Claim::Equals(value.value.0.clone()), value.place)));
    claims.extend(own.at_least.as_ref().map(|least| (Claim::AtLeast(least.value.number()), least.place)));
    claims.extend(own.at_most.as_ref().map(|most| (Claim::AtMost(most.value.number()), most.place)));
    if let Some((_, place)) = claims.get(1) {
        let draft = Draft::new(Code::ConflictingKeys, *place, "two claims in one");
        sink.add(draft.hint("Make two entries of the list of them."));
        return None;
    }
    let claim = claims.pop().map_or(Claim::Present, |(claim, _)| claim);
    Some(DataClaim { path, claim })
}
