//! The coding of entries: one canonical line of JSON, and the commit message around it.
//!
//! A message is a subject for people, trailers for filters, and the JSON as the trailer `Orc-Entry`:
//! `git log --reverse --format='%(trailers:key=Orc-Entry,valueonly)' refs/orc/ledger` is the append-only JSON lines file.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::entry::{Body, Entry, VERSION};
use super::subject::subject;
use crate::domain::id::{EntryId, RunId};
use crate::domain::run::event::Event;
use crate::domain::text::json;

/// The trailer that carries the entry.
pub const TRAILER: &str = "Orc-Entry";

/// The error for text that is no entry.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The commit message has no `Orc-Entry` trailer.
    #[error("the commit message has no {TRAILER} trailer")]
    NoTrailer,
    /// The trailer is not one JSON object.
    #[error("the {TRAILER} trailer is no JSON object: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that every entry has is missing or of another type.
    #[error("the entry has no usable `{0}`")]
    Header(&'static str),
}

/// The error for an event that can not be written.
#[derive(Debug, thiserror::Error)]
#[error("an event could not be written as JSON: {0}")]
pub struct EncodeError(#[from] serde_json::Error);

/// Returns the fields of an event.
fn fields(event: &Event) -> Result<Map<String, Value>, EncodeError> {
    let value = serde_json::to_value(event)?;
    if let Value::Object(mut map) = value
        && let Some(Value::Object(fields)) = map.remove(event.kind())
    {
        return Ok(fields);
    }
    Err(EncodeError(serde::ser::Error::custom("an event is an object with its kind as the one key")))
}

/// Returns an entry for an event, its key derived from it.
#[must_use]
pub fn entry(id: EntryId, ts: Timestamp, run: RunId, event: Event) -> Entry {
    Entry { id, ts, run, key: event.key(), body: Body::Known(Box::new(event)) }
}

/// Returns the whole entry as a JSON object, the header first.
///
/// # Errors
/// Returns an error when the event has no JSON form.
pub fn to_object(entry: &Entry) -> Result<Map<String, Value>, EncodeError> {
    let event = match &entry.body {
        Body::Unknown { raw, .. } => return Ok(raw.clone()),
        Body::Known(event) => event,
    };
    let fields = fields(event)?;
    let about = event.about();
    let mut map = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    put("v", Some(VERSION.into()));
    put("ulid", Some(entry.id.to_string().into()));
    put("ts", Some(entry.ts.to_string().into()));
    put("kind", Some(event.kind().into()));
    put("run", (entry.run != RunId::NONE).then(|| entry.run.to_string().into()));
    put("key", Some(entry.key.clone().into()));
    put("workstream", about.workstream.map(|w| w.as_str().into()));
    put("step", about.step.map(|s| s.as_str().into()));
    put("attempt", about.attempt.map(Into::into));
    put("patch", about.patch.map(|p| p.to_string().into()));
    put("commit", about.commit.map(|c| c.to_string().into()));
    put("tool", about.tool.map(|t| t.as_str().into()));
    for (name, value) in fields {
        map.insert(name, value);
    }
    Ok(map)
}

/// Returns the canonical single line of JSON; characters that could disturb a terminal are escaped.
///
/// # Errors
/// Returns an error when the event has no JSON form.
pub fn to_json(entry: &Entry) -> Result<String, EncodeError> {
    let text = serde_json::to_string(&Value::Object(to_object(entry)?))?;
    Ok(json(&text))
}

/// Reads an entry from its line of JSON. An unknown version or kind is kept as it is.
///
/// # Errors
/// Returns an error when the text is no JSON object or lacks `ulid`, `ts` or `kind`.
pub fn from_json(line: &str) -> Result<Entry, DecodeError> {
    let raw: Map<String, Value> = serde_json::from_str(line)?;
    let text = |name: &'static str| raw.get(name).and_then(Value::as_str).ok_or(DecodeError::Header(name));
    let id = EntryId::parse(text("ulid")?).map_err(|_| DecodeError::Header("ulid"))?;
    let run = match raw.get("run") {
        None => RunId::NONE,
        Some(run) => run.as_str().and_then(|run| RunId::parse(run).ok()).ok_or(DecodeError::Header("run"))?,
    };
    let ts = text("ts")?.parse::<Timestamp>().map_err(|_| DecodeError::Header("ts"))?;
    let kind = text("kind")?.to_owned();
    let key = text("key").unwrap_or_default().to_owned();
    let version = raw.get("v").and_then(Value::as_u64).ok_or(DecodeError::Header("v"))?;
    let event = if version == VERSION { known(&kind, &raw) } else { None };
    let body = match event {
        Some(event) => Body::Known(Box::new(event)),
        None => Body::Unknown { kind, raw },
    };
    Ok(Entry { id, ts, run, key, body })
}

fn known(kind: &str, raw: &Map<String, Value>) -> Option<Event> {
    let mut outer = Map::new();
    outer.insert(kind.to_owned(), Value::Object(raw.clone()));
    serde_json::from_value(Value::Object(outer)).ok()
}

/// Returns the commit message of an entry.
///
/// # Errors
/// Returns an error when the event has no JSON form.
pub fn to_message(entry: &Entry) -> Result<String, EncodeError> {
    let mut out = subject(entry);
    out.push_str("\n\n");
    if entry.run != RunId::NONE {
        out.push_str(&format!("Orc-Run: {}\n", entry.run));
    }
    if let Some(event) = entry.event() {
        let about = event.about();
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!("{name}: {value}\n"));
            }
        };
        line("Orc-Workstream", about.workstream.map(ToString::to_string));
        line("Orc-Patch", about.patch.map(|p| p.to_string()));
        line("Orc-Commit", about.commit.map(|c| c.to_string()));
    }
    out.push_str(&format!("{TRAILER}: {}\n", to_json(entry)?));
    Ok(out)
}

/// Reads an entry from a commit message.
///
/// # Errors
/// Returns an error when there is no `Orc-Entry` trailer or it holds no entry.
pub fn from_message(message: &[u8]) -> Result<Entry, DecodeError> {
    let prefix = b"Orc-Entry: ";
    let line = message.split(|b| *b == b'\n').rev().find_map(|line| line.strip_prefix(prefix)).ok_or(DecodeError::NoTrailer)?;
    from_json(&String::from_utf8_lossy(line))
}
