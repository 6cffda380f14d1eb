//! How a tool failed: by who ended it, by its documents, by the rules of its profile, by its exit code.

use jiff::Timestamp;
use regex::Regex;

use super::documents::{at, each, every, text};
use super::reset;
use super::said::{Changed, Said, bytes, documents, reads};
use super::words::{last_words, of_text, own_words};
use crate::domain::tool::failure::{Failure, FailureClass, Remedy};
use crate::domain::tool::outcome::{Ending, TimeLimit};
use crate::domain::tool::pattern;
use crate::domain::tool::profile::{OutputMode, ToolProfile};
use crate::domain::tool::reader::{ErrorReader, FailureRule, Stream, Take};

/// How much of the end of a stream the rules are held against, in bytes.
const TAIL: usize = 16 << 10;

/// How much behind the words of a rule is looked at for a time, in bytes.
const NEARBY: usize = 1 << 10;

/// At most this many errors are looked at, the last ones.
const MOST_ERRORS: usize = 50;

type Told = (Option<Failure>, Option<String>);

/// Returns how the tool failed, and its own words about it.
pub(super) fn classify(profile: &ToolProfile, said: &Said<'_>) -> Told {
    let limit = |class| (Some(Failure::of(class)), Some(last_words(&tail(said.stderr), &tail(said.stdout))));
    let code = match said.ending {
        Ending::TimedOut { limit: TimeLimit::Wall } => return limit(FailureClass::TimedOut),
        Ending::TimedOut { limit: TimeLimit::Idle } => return limit(FailureClass::Idle),
        Ending::Cancelled => return (None, None),
        Ending::Exited { code } => Some(code),
        Ending::Signaled { .. } => None,
    };
    let errors: Vec<ToldError> = profile.errors.iter().flat_map(|reader| told(reader, said)).collect();
    if let Some(found) = errors.iter().find_map(|error| of_error(profile, (error, code), said.now)) {
        return found;
    }
    let is_success = code.is_some_and(|code| profile.success_exit_codes.contains(&code));
    let by_rule = of_rules(profile, code, said);
    if let Some(error) = errors.first() {
        let failure = by_rule.map_or(Failure::of(FailureClass::Failed), |(failure, _)| failure);
        return (Some(failure), Some(error.words.clone()));
    }
    match (by_rule, code) {
        (Some((_, words)), _) if is_success && said.changed == Changed::Something => (None, words),
        (Some((failure, words)), _) => (Some(failure), words),
        (None, None) => limit(FailureClass::Crashed),
        (None, Some(_)) if !is_success => limit(FailureClass::Failed),
        (None, Some(_)) if said.changed == Changed::Nothing => (Some(Failure::of(FailureClass::NoChange)), None),
        (None, Some(_)) => (None, None),
    }
}

/// An error of which a tool told in a document.
struct ToldError {
    /// All that it says.
    message: String,
    /// The same for people.
    words: String,
    /// The status of HTTP.
    status: Option<u16>,
}

fn told(reader: &ErrorReader, said: &Said<'_>) -> Vec<ToldError> {
    let mut errors = Vec::new();
    each(&reader.documents, bytes(&reader.documents, said), |document| {
        let found = |path: &Option<String>| path.as_deref().and_then(|path| at(document, path));
        let message = found(&reader.message).filter(|found| !found.is_null());
        let status = found(&reader.status).and_then(text).and_then(|status| status.parse::<u16>().ok()).filter(|s| (100..600).contains(s));
        // A document that is not chosen by what stands in it is an error only when it says one.
        if message.is_none() && status.is_none() && reader.documents.select.is_empty() {
            return;
        }
        if errors.len() == MOST_ERRORS || reader.documents.take == Take::Last {
            errors.truncate(MOST_ERRORS - 1);
        }
        if reader.documents.take == Take::Last {
            errors.clear();
        }
        let message = message.map(|found| text(found).unwrap_or_else(|| found.to_string())).unwrap_or_default();
        errors.push(ToldError { words: own_words(&message), message, status });
    });
    errors
}

/// Returns what an error means: by a rule that names its status, by the status, by a rule for its message.
fn of_error(profile: &ToolProfile, (error, code): (&ToldError, Option<i32>), now: Timestamp) -> Option<Told> {
    let fits = |rule: &&FailureRule| {
        let of_status = rule.statuses.is_empty() || error.status.is_some_and(|status| rule.statuses.contains(&status));
        let of_pattern = rule.pattern.as_deref().is_none_or(|pattern| is_match(pattern, &error.message));
        of_status && of_pattern && fits_code(rule, code)
    };
    let by_status = || profile.failures.iter().filter(|rule| !rule.statuses.is_empty()).find(fits);
    let by_pattern = || profile.failures.iter().filter(|rule| rule.statuses.is_empty() && rule.pattern.is_some()).find(fits);
    let told = |rule: &FailureRule| {
        let reset = rule.pattern.as_deref().and_then(|pattern| captured_reset(&pattern::compile(pattern).ok()?, &error.message, now));
        failure(rule, reset.or_else(|| reset::find(&error.message, now)))
    };
    let failure = match (by_status(), error.status.and_then(|status| of_status(status, &error.message))) {
        (Some(rule), _) => told(rule),
        (None, Some(failure)) => timed(failure, reset::find(&error.message, now)),
        (None, None) => told(by_pattern()?),
    };
    Some((Some(failure), Some(error.words.clone())))
}

/// Returns what a status of HTTP means.
fn of_status(status: u16, message: &str) -> Option<Failure> {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let class = match status {
        401 | 403 => FailureClass::Auth,
        // The account is used up: waiting for a minute helps nobody.
        402 => return Some(Failure { remedy: Remedy::NextTool, ..Failure::of(FailureClass::Budget) }),
        429 if says(&["insufficient_quota"]) => return Some(Failure { remedy: Remedy::NextTool, ..Failure::of(FailureClass::Budget) }),
        429 => FailureClass::RateLimit,
        413 => FailureClass::ContextTooLong,
        400 if says(&[
            "context_length",
            "context length",
            "maximum context",
            "context window",
            "prompt is too long",
            "input token count",
        ]) =>
        {
            FailureClass::ContextTooLong
        }
        400 if says(&["api key not valid", "api_key_invalid"]) => FailureClass::Auth,
        404 if says(&["model"]) => FailureClass::Config,
        408 | 500..=599 => FailureClass::Server,
        _ => return None,
    };
    Some(Failure::of(class))
}

/// Returns what the rules say about the exit code and the end of the output.
fn of_rules(profile: &ToolProfile, code: Option<i32>, said: &Said<'_>) -> Option<(Failure, Option<String>)> {
    let texts = [tail(said.stderr), if is_plain(profile, said) { tail(said.stdout) } else { String::new() }];
    profile.failures.iter().filter(|rule| rule.statuses.is_empty() && fits_code(rule, code)).find_map(|rule| {
        let Some(pattern) = rule.pattern.as_deref() else {
            let words = last_words(&tail(said.stderr), &tail(said.stdout));
            return Some((failure(rule, None), Some(words)));
        };
        let pattern = pattern::compile(pattern).ok()?;
        texts.iter().find_map(|text| {
            let found = pattern.find(text)?;
            let line = text[..found.start()].rfind('\n').map_or(0, |at| at + 1);
            let nearby = &text[line..text.floor_char_boundary(line + NEARBY)];
            let at = captured_reset(&pattern, &text[line..], said.now).or_else(|| reset::find(nearby, said.now));
            Some((failure(rule, at), Some(of_text(&text[line..], found.end() - line))))
        })
    })
}

/// Returns whether standard output is text for people, and neither documents nor a diff: those hold what the model says, and it may well
/// talk about errors.
fn is_plain(profile: &ToolProfile, said: &Said<'_>) -> bool {
    if profile.output == OutputMode::Patch {
        return said.changed == Changed::Nothing;
    }
    let mut of_stdout = documents(profile).filter(|documents| reads(documents, Stream::Stdout)).peekable();
    let mut has_documents = false;
    if of_stdout.peek().is_some() {
        of_stdout.for_each(|documents| every(documents.format, said.stdout, |_| has_documents = true));
    }
    !has_documents
}

fn fits_code(rule: &FailureRule, code: Option<i32>) -> bool {
    rule.exit_codes.is_empty() || code.is_some_and(|code| rule.exit_codes.contains(&code))
}

fn is_match(pattern: &str, text: &str) -> bool {
    pattern::compile(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn captured_reset(pattern: &Regex, text: &str, now: Timestamp) -> Option<Timestamp> {
    reset::time(pattern.captures(text)?.name("reset")?.as_str(), now)
}

fn failure(rule: &FailureRule, reset: Option<Timestamp>) -> Failure {
    let of_class = Failure::of(rule.class);
    timed(Failure { remedy: rule.then.unwrap_or(of_class.remedy), ..of_class }, reset)
}

/// A time counts only where waiting helps.
fn timed(mut failure: Failure, reset: Option<Timestamp>) -> Failure {
    let waits = matches!(failure.class, FailureClass::RateLimit | FailureClass::Server | FailureClass::Network);
    failure.retry_at = reset.filter(|_| waits);
    failure
}

/// Returns the end of a stream as text, beginning with a whole line where there is more than one.
fn tail(bytes: &[u8]) -> String {
    let start = bytes.len().saturating_sub(TAIL);
    let cut = bytes[start..].iter().position(|byte| *byte == b'\n').filter(|_| start > 0).map_or(0, |at| at + 1);
    crate::domain::finding::clean::strip_ansi(&String::from_utf8_lossy(&bytes[start + cut..]))
}
